# Agents on real ZFS, as root, each contained by its sandbox: pulled from and pushed to, and what
# their keys cannot do.
source "$(dirname "$(readlink -f "$0")")/agent_common.sh"

zfs create source/data
zfs create source/data/home
zfs create -V 8M source/data/disk
zfs create source/secret
head -c 300K /dev/urandom >/source/data/home/file
echo one >/source/data/home/name

# --- pulled from, as root ---
authorize pulled root --allow source --volume 'zfs:source/data/**' --sandbox require
succeeds "$SNAPFERRY" init --store zfs:backup/store
pull=("$SNAPFERRY" backup 'pulled:zfs:source/data/**' --store zfs:backup/store --set main "${remote[@]}")
succeeds "${pull[@]}"
[ -n "$(snapshots_of backup/store/pulled/source/data/home)" ] || fail "nothing arrived: $said"
[ -n "$(snapshots_of backup/store/pulled/source/data/disk)" ] || fail "no zvol arrived: $said"
echo two >>/source/data/home/name
zfs snapshot source/data/home@by-hand
next_second
succeeds "${pull[@]}"
says incremental
newest=$(snapshots_of source/data/home | tail -n 1)
expect "$(zfs get -H -o value guid "$newest")" \
  "$(zfs get -H -o value guid "backup/store/pulled/$newest")" "guid of the newest"
next_second
succeeds "${pull[@]}"
says "unchanged"
succeeds "$SNAPFERRY" doctor pulled "${remote[@]}"
says "sandbox files"

refuses "$SNAPFERRY" backup pulled:zfs:source/secret --store zfs:backup/store --set main "${remote[@]}"
says policy
refuses "$SNAPFERRY" backup 'pulled:zfs:source/data/**' --store zfs:backup/store --set other "${remote[@]}"
for command in id 'zfs list' 'zfs destroy -r source/data' 'zpool destroy source'; do
  refuses ssh -F ssh_config pulled "$command"
  says "nothing else"
done
zfs list source/data/home >/dev/null || fail "a key destroyed a dataset"

# --- pushed to, as root ---
authorize pushed root --allow store --store zfs:backup/pushed --host laptop --sandbox require
succeeds "$SNAPFERRY" init --store zfs:backup/pushed
push=("$SNAPFERRY" backup zfs:source/data/home --store pushed:zfs:backup/pushed --set main
  --host laptop "${remote[@]}")
succeeds "${push[@]}"
echo three >>/source/data/home/name
next_second
succeeds "${push[@]}"
says incremental
kept=$(snapshots_of backup/pushed/laptop/source/data/home)
refuses "$SNAPFERRY" prune --keep-last 1 --store pushed:zfs:backup/pushed "${remote[@]}"
refuses "$SNAPFERRY" backup zfs:source/data/home --store pushed:zfs:backup/pushed --set main \
  --host other "${remote[@]}"
expect "$kept" "$(snapshots_of backup/pushed/laptop/source/data/home)" "what was kept"

# --- files out of the store of a machine that is pushed to ---
authorize back root --allow store --allow restore --store zfs:backup/pushed --host laptop \
  --sandbox require
files=(--store back:zfs:backup/pushed --host laptop "${remote[@]}")
mkdir -p /source/data/home/deep/er
for number in $(seq 200); do echo "$number" >"/source/data/home/deep/er/file$number"; done
ln -s /etc/passwd /source/data/home/deep/link
truncate -s 20M /source/data/home/deep/sparse
chown 1234:1234 /source/data/home/deep/er/file7
chmod 0600 /source/data/home/deep/er/file7
next_second
succeeds "${push[@]}"
succeeds "$SNAPFERRY" ls zfs:source/data/home deep "${files[@]}"
says "link -> /etc/passwd"
succeeds "$SNAPFERRY" cat zfs:source/data/home deep/er/file7 "${files[@]}"
expect 7 "$said" "a file of a remote snapshot"
succeeds "$SNAPFERRY" find 'file19*' "${files[@]}"
says "deep/er/file199"
mapfile -t snapshots < <("$SNAPFERRY" list "${files[@]}" --quiet 2>/dev/null | cut -d' ' -f1)
[ "${#snapshots[@]}" -ge 3 ] || fail "not all snapshots are listed: ${snapshots[*]}"
succeeds "$SNAPFERRY" diff "${snapshots[0]}" "${snapshots[-1]}" "${files[@]}"
says "deep"
succeeds "$SNAPFERRY" restore zfs:source/data/home --target "$PWD/restored" "${files[@]}"
diff -r --no-dereference /source/data/home restored || fail "what was restored differs"
expect 1234 "$(stat -c %u restored/deep/er/file7)" "owner of a restored file"
succeeds "$SNAPFERRY" restore zfs:source/data/home deep/er/file7 name --target "$PWD/some" "${files[@]}"
expect 7 "$(cat some/deep/er/file7)" "one restored file"
if [ -c /dev/fuse ]; then
  mkdir look
  "$SNAPFERRY" mount look "${files[@]}" >mount.out 2>&1 </dev/null &
  mount_pid=$!
  for _ in $(seq 300); do
    mountpoint -q look && break
    read -rt 0.1 <> <(:) || true
  done
  mountpoint -q look || fail "nothing was mounted: $(cat mount.out)"
  looked_at=$(find look -name latest -print -quit)/deep
  diff -r --no-dereference /source/data/home/deep "$looked_at" || fail "what is mounted differs"
  umount look
  wait "$mount_pid" || fail "mount did not end well: $(cat mount.out)"
fi
# Nothing stays mounted, also not where the agent was in the middle of it.
! grep -q 'backup/pushed' /proc/mounts || fail "a snapshot stayed mounted"
for command in "ls zfs:source/data/home" "cat zfs:source/data/home name" \
  "restore zfs:source/data/home --target stolen"; do
  # shellcheck disable=SC2086
  refuses "$SNAPFERRY" $command --store pushed:zfs:backup/pushed --host laptop "${remote[@]}"
  says "--allow restore"
done
[ ! -e stolen/name ] || fail "a key read back that only adds"
echo passed
