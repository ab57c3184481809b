# Damage that verify finds is marked, and nothing is laid on it; what a client left half received and
# never came back for is given up once it is old enough.
source "$(dirname "$(readlink -f "$0")")/agent_common.sh"

zfs create source/home
zfs create source/other
{ echo MARKER-OF-DAMAGE; head -c 200000 /dev/urandom; } >/source/home/file
echo other >/source/other/file
# A small pool, so that what is on its disk can be looked through.
truncate -s 192M "$PWD/small.img"
zpool create -f -m none small "$PWD/small.img"
store=zfs:small/near
export SNAPFERRY_STORE=$store
succeeds "$SNAPFERRY" init
run() { "$SNAPFERRY" backup 'zfs:source/**' --set main --host box "$@"; }
next_second
succeeds run
zpool export small
at=$(grep -abo MARKER-OF-DAMAGE small.img | head -n 1 | cut -d: -f1)
[ -n "$at" ] || fail "the marker is not on the disk"
printf X | dd of=small.img bs=1 seek="$at" conv=notrunc status=none
zpool import -d "$PWD" small

succeeds "$SNAPFERRY" verify
refuses "$SNAPFERRY" verify --read-data
says "box:zfs:source/home@"
says "the next backup sets that copy aside"
newest=$(snapshots_of small/near/box/source/home | tail -n 1)
[ "$(zfs get -H -o value snapferry:damaged "$newest")" != - ] || fail "the damage is not marked"
refuses "$SNAPFERRY" check --max-age 1d
says "was found damaged by verify"

# Neither by an incremental stream nor into a second tier; a push over ssh knows of it, too.
succeeds "$SNAPFERRY" init --store zfs:backup/tier2
refuses "$SNAPFERRY" backup --from "$store" --store zfs:backup/tier2
says "it is not sent on: @"
expect 0 "$(snapshots_of backup/tier2/box/source/home | wc -l)" "damaged snapshots in the second tier"
expect 1 "$(snapshots_of backup/tier2/box/source/other | wc -l)" "sound snapshots in the second tier"
authorize kept root --allow store --store "$store" --host box --sandbox require
next_second
succeeds "$SNAPFERRY" backup 'zfs:source/**' --store "kept:$store" --set main --host box "${remote[@]}"
says "was found damaged by verify"
expect 1 "$(zfs list -H -o name -r small/near | grep -c 'home.diverged')" "copies that were set aside"
mkdir files
succeeds "$SNAPFERRY" restore box:zfs:source/home --target files
same_files /source/home files
succeeds "$SNAPFERRY" check --max-age 1d
says "set aside, and not counted"
ids=$("$SNAPFERRY" list --quiet | awk '{print $1}')
expect "$(sort <<<"$ids")" "$(sort -u <<<"$ids")" "ids that are of one copy each"
aside=$(zfs list -H -o name -r small/near | grep 'home.diverged' | sed 's|.*/||')
succeeds "$SNAPFERRY" forget --yes --all "box:zfs:source/$aside"
succeeds "$SNAPFERRY" verify --read-data

# A client that never returns: with nothing before, and on a copy that there is.
head -c 8000000 /dev/urandom >/source/other/large
zfs snapshot source/other@cut
last=$(snapshots_of source/other | head -n 1)
zfs send source/other@cut | head -c 3000000 | zfs receive -s -u small/near/box/source/gone || true
zfs send -i "$last" source/other@cut | head -c 3000000 |
  zfs receive -s -u small/near/box/source/other || true
half_received small/near/box/source/gone || fail "nothing is half received"
half_received small/near/box/source/other || fail "nothing is half received on a copy"
succeeds "$SNAPFERRY" prune
half_received small/near/box/source/gone || fail "gone at once"
for dataset in gone other; do
  mark=$(zfs get -H -o value snapferry:partial "small/near/box/source/$dataset")
  [ "$mark" != - ] || fail "$dataset: not marked"
  zfs set "snapferry:partial=${mark%@*}@1000000000" "small/near/box/source/$dataset"
done
succeeds "$SNAPFERRY" prune --dry-run
half_received small/near/box/source/other || fail "a dry run took it"
succeeds "$SNAPFERRY" prune
says "box:zfs:source/gone: discarded"
says "box:zfs:source/other: discarded"
! zfs list small/near/box/source/gone >/dev/null 2>&1 || fail "the half of nothing is still there"
! half_received small/near/box/source/other || fail "still half received"
next_second
succeeds run
succeeds "$SNAPFERRY" verify --read-data
zpool destroy small
echo passed
