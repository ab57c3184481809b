# An encrypted dataset whose key is loaded: into one store decrypted on request, into another raw; and what
# comes back out of both.
source "$(dirname "$(readlink -f "$0")")/agent_common.sh"

echo 'correct horse battery' >key
zfs create -o encryption=on -o keyformat=passphrase -o "keylocation=file://$PWD/key" source/secret
head -c 3M /dev/urandom >/source/secret/file
echo one >/source/secret/name
authorize pulled root --allow source --volume 'zfs:source/**' --sandbox require
for store in plain raw; do succeeds "$SNAPFERRY" init --store "zfs:backup/$store"; done

plain() {
  "$SNAPFERRY" backup zfs:source/secret --store zfs:backup/plain --set plain --host box "$@"
}
raw() {
  "$SNAPFERRY" backup pulled:zfs:source/secret --store zfs:backup/raw --set main --verbose \
    "${remote[@]}" "$@"
}
value() { zfs get -H -o value "$1" "$2"; }
next_second
succeeds plain --decrypt
succeeds raw
expect off "$(value encryption backup/plain/box/source/secret)" "encryption of the decrypted"
expect unavailable "$(value keystatus backup/raw/pulled/source/secret)" "key of the raw one"

# Each goes on as it began, also without being told; what is kept decrypted is named then.
echo two >>/source/secret/name
next_second
succeeds plain
says incremental
says "pass --decrypt to agree"
succeeds raw
says incremental
refuses plain --raw
says "received decrypted"
succeeds "$SNAPFERRY" verify --read-data --store zfs:backup/plain
succeeds "$SNAPFERRY" verify --read-data --store zfs:backup/raw
succeeds "$SNAPFERRY" cat box:zfs:source/secret name --store zfs:backup/plain
expect $'one\ntwo' "$said" "a file of the decrypted"
refuses "$SNAPFERRY" cat pulled:zfs:source/secret name --store zfs:backup/raw

# Without the key only what is raw goes on.
echo three >>/source/secret/name
zpool sync source
# A pool that is imported anew has no keys. (zfs unload-key of 2.1 may find them busy for ever.)
zpool export source
zpool import -d /pools source
expect unavailable "$(value keystatus source/secret)" "key of the source"
next_second
refuses plain
says "key is not loaded"
succeeds raw
says incremental
expect "$(zfs get -H -o value guid "$(snapshots_of source/secret | tail -n 1)")" \
  "$(zfs get -H -o value guid "$(snapshots_of backup/raw/pulled/source/secret | tail -n 1)")" "newest"

# Back, with the key that it was made with.
succeeds "$SNAPFERRY" restore pulled:zfs:source/secret --store zfs:backup/raw --target zfs:source/back
expect "$(value encryption source/secret)" "$(value encryption source/back)" "encryption"
[ "$(value keystatus source/back)" = available ] || zfs load-key -L "file://$PWD/key" source/back
zfs mount source/back 2>/dev/null || true
zfs load-key source/secret
zfs mount source/secret
same_files /source/secret /source/back

# A key that was changed since: what is backed up after that comes back with the new one.
echo 'another battery staple' >newkey
zfs change-key -o "keylocation=file://$PWD/newkey" source/secret
echo four >>/source/secret/name
next_second
succeeds raw
says incremental
succeeds "$SNAPFERRY" verify --read-data --store zfs:backup/raw
succeeds "$SNAPFERRY" restore pulled:zfs:source/secret --store zfs:backup/raw --target zfs:source/again
if [ "$(value keystatus source/again)" != available ]; then
  ! zfs load-key -L "file://$PWD/key" source/again 2>/dev/null || fail "the old key opens it"
  zfs load-key -L "file://$PWD/newkey" source/again
fi
zfs mount source/again 2>/dev/null || true
same_files /source/secret /source/again
echo passed
