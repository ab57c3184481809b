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
echo passed
