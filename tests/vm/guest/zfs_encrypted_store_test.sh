# A store that is encrypted itself, or by host, takes volumes in that are not; and what is in it
# comes back below an encrypted parent.
source "$(dirname "$(readlink -f "$0")")/agent_common.sh"

zfs create -o compression=on source/home
zfs create source/home/child
# So many zeros that a block is embedded in its pointer.
for name in /source/home/small /source/home/child/small; do
  { echo one; head -c 60000 /dev/zero; } >"$name"
done
head -c 300000 /dev/urandom >/source/home/large
echo 'correct horse battery' >key
encryption=(-o encryption=on -o keyformat=passphrase -o "keylocation=file://$PWD/key")
zfs create "${encryption[@]}" -o mountpoint=none backup/locked
zfs create -o mountpoint=none backup/open
zfs create "${encryption[@]}" -o mountpoint=none backup/open/guest
authorize kept root --allow store --allow restore --store zfs:backup/far --host guest --sandbox require
zfs create "${encryption[@]}" -o mountpoint=none backup/far
value() { zfs get -Hp -o value "$1" "$2"; }

for store in zfs:backup/locked/store zfs:backup/open kept:zfs:backup/far; do
  [ "$store" = zfs:backup/open ] || [ "$store" = kept:zfs:backup/far ] ||
    succeeds "$SNAPFERRY" init --store "$store"
  for word in one two; do
    echo "$word" >"/source/home/$word"
    next_second
    succeeds "$SNAPFERRY" backup 'zfs:source/home/**' --store "$store" --set main --host guest \
      "${remote[@]}"
  done
  says incremental
  replica=$(zfs list -H -o name -r backup | grep "${store##*:}/.*/source/home/child\$")
  [ "$(value encryption "$replica")" != off ] || fail "$replica is not encrypted"
  succeeds "$SNAPFERRY" cat guest:zfs:source/home one --store "$store" "${remote[@]}"
  expect one "$said" "a file out of $store"
  succeeds "$SNAPFERRY" verify --read-data --store "$store" "${remote[@]}"
done

# Back below an encrypted parent, and below one that is not.
zfs create "${encryption[@]}" source/private
authorize given root --allow target --volume 'zfs:source/private/**' --sandbox require
succeeds "$SNAPFERRY" restore guest:zfs:source/home --store zfs:backup/open --target zfs:source/private/home
succeeds "$SNAPFERRY" restore guest:zfs:source/home --store zfs:backup/open \
  --target given:zfs:source/private/far "${remote[@]}"
succeeds "$SNAPFERRY" restore guest:zfs:source/home --store zfs:backup/open --target zfs:source/plain
zfs mount source/private/far
for name in home far; do
  [ "$(value encryption source/private/$name)" != off ] || fail "$name is not encrypted"
  expect "$(sha256sum </source/home/large)" "$(sha256sum <"/source/private/$name/large")" "large"
  expect "$(sha256sum </source/home/small)" "$(sha256sum <"/source/private/$name/small")" "small"
done
expect off "$(value encryption source/plain)" "encryption"

# What a pool lacks is not used.
zpool destroy backup
zpool create -f -o feature@large_blocks=disabled -o feature@zstd_compress=disabled \
  -o feature@embedded_data=disabled -O atime=off -m /backup backup /pools/backup.img
zfs create -o recordsize=1M -o compression=zstd source/big
head -c 3M /dev/urandom >/source/big/file
{ echo one; head -c 60000 /dev/zero; } >/source/big/small
succeeds "$SNAPFERRY" init --store zfs:backup/old
succeeds "$SNAPFERRY" backup zfs:source/big --store zfs:backup/old --host guest
succeeds "$SNAPFERRY" verify --read-data --store zfs:backup/old
echo passed
