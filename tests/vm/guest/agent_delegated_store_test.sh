# A store agent that is not root, on real ZFS: the doctor says which rights must be delegated, and
# with those it takes in, carries on, discards and gives back.
source "$(dirname "$(readlink -f "$0")")/agent_common.sh"

zfs create source/data
zfs create source/data/home
zfs create source/data/home/below
zfs create -V 8M source/data/disk
head -c 300K /dev/urandom >/source/data/home/file
echo one >/source/data/home/name
echo below >/source/data/home/below/name

userdel -r bob 2>/dev/null || true
useradd -m -s /bin/bash -p '*' bob
install -d -m 700 -o bob -g bob /home/bob/.ssh
succeeds "$SNAPFERRY" init --store zfs:backup/store
authorize kept bob --allow store --allow restore --store zfs:backup/store --host laptop \
  --sandbox require
chown bob: /home/bob/.ssh/authorized_keys
said=$("$SNAPFERRY" doctor kept "${remote[@]}" 2>&1) && fail "nothing is missing: $said"
line=$(grep -o 'zfs allow -u bob [a-z,]* backup/store' <<<"$said") || fail "no zfs allow in: $said"
$line
succeeds "$SNAPFERRY" doctor kept:zfs:backup/store "${remote[@]}"
says "used as store, restore"
says "a store, with the identity"

push() {
  succeeds "$SNAPFERRY" backup "$@" --store kept:zfs:backup/store --set main --host laptop "${remote[@]}"
}
kept=backup/store/laptop/source/data

# A volume whose parent is not backed up, then the parent, then all of it.
push zfs:source/data/home/below
push zfs:source/data/home
next_second
push 'zfs:source/data/**'
echo two >>/source/data/home/name
zfs snapshot source/data/home@by-hand
next_second
push 'zfs:source/data/**' --verbose
says incremental
next_second
push 'zfs:source/data/**'
says "0 volumes sent"
succeeds "$SNAPFERRY" check --max-age 1h --store kept:zfs:backup/store --host laptop "${remote[@]}"
succeeds "$SNAPFERRY" verify --read-data --store kept:zfs:backup/store --host laptop "${remote[@]}"
for volume in home home/below disk; do
  newest=$(snapshots_of "source/data/$volume" | tail -n 1)
  expect "$(zfs get -H -o value guid "$newest")" \
    "$(zfs get -H -o value guid "backup/store/laptop/$newest")" "guid of the newest of $volume"
done
for dataset in $(zfs list -H -r -t filesystem -o name backup/store); do
  expect no "$(zfs get -H -o value mounted "$dataset")" "$dataset is mounted"
done

# Cut in the middle, and what was half received is stale by the next run.
zfs create source/data/big
head -c 24M /dev/urandom >/source/data/big/file
next_second
"$SNAPFERRY" backup zfs:source/data/big --store kept:zfs:backup/store --set main --host laptop \
  --limit-rate 2M "${remote[@]}" >cut.txt 2>&1 &
cut_off $! "$kept/big" both
eventually half_received "$kept/big"
eventually zfs destroy "$(snapshots_of source/data/big)"
push zfs:source/data/big
expect - "$(zfs get -H -o value receive_resume_token "$kept/big")" "what was half received"
says full

# Set aside, and given back.
release_all source/data/home
zfs destroy -r source/data/home
zfs create source/data/home
echo anew >/source/data/home/name
next_second
refuses "$SNAPFERRY" backup zfs:source/data/home --store kept:zfs:backup/store --set main \
  --host laptop "${remote[@]}"
says "--start-anew"
push zfs:source/data/home --start-anew
succeeds "$SNAPFERRY" restore zfs:source/data/home --store kept:zfs:backup/store \
  --target zfs:source/restored --host laptop "${remote[@]}"
expect anew "$(cat /source/restored/name)" "what was restored"

# No more than that.
echo again >>/source/data/home/name
next_second
push zfs:source/data/home
expect 2 "$(snapshots_of "$kept/home" | wc -l)" "snapshots that prune might remove"
refuses "$SNAPFERRY" prune --keep-last 1 --store kept:zfs:backup/store --host laptop "${remote[@]}"
refuses "$SNAPFERRY" list --store kept:zfs:backup --host laptop "${remote[@]}"
expect 2 "$(snapshots_of "$kept/home" | wc -l)" "snapshots left by prune"
echo passed
