# Two stores of one set: nothing is settled twice, and what a volume keeps for one that is gone
# goes on request.
source "$(dirname "$(readlink -f "$0")")/agent_common.sh"

zfs create source/data
zfs create source/other
echo one >/source/data/name
authorize pulled root --allow source --volume 'zfs:source/**' --sandbox require
for store in red blue; do succeeds "$SNAPFERRY" init --store "zfs:backup/$store"; done
back_up() {
  next_second
  succeeds "$SNAPFERRY" backup zfs:source/data zfs:source/other --store "zfs:backup/$1" --set main
}
kept() { zfs list -H -o name,guid,userrefs -t snapshot,bookmark -r source; }

back_up red
back_up blue
echo two >>/source/data/name
back_up blue
# The red one is behind, and stays so: the blue one has nothing to do but to note that. It lists
# the store, the volumes, and whether anything below them is not in the copy.
before=$(kept)
mkdir counted
printf '#!/bin/sh\necho "$@" >>%s\nexec %s "$@"\n' "$PWD/zfs.log" "$(command -v zfs)" >counted/zfs
chmod +x counted/zfs
PATH=$PWD/counted:$PATH back_up blue
expect 4 "$(wc -l <zfs.log)" "processes of a run without changes: $(cat zfs.log)"
expect "$before" "$(kept)" "what is kept"

red=$("$SNAPFERRY" stats --json --store zfs:backup/red | grep -o '"store_id":"[0-9a-f]\{8\}')
red=${red##*\"}
zfs destroy -r backup/red
refuses "$SNAPFERRY" list --store zfs:backup/red
says "the store that was here (id $red) is not"
refuses "$SNAPFERRY" backup zfs:source/data --store zfs:backup/red --set main
says "the store that was here (id $red) is not"
zfs list backup/red >/dev/null 2>&1 && fail "a backup made its store"
succeeds "$SNAPFERRY" cursors 'pulled:zfs:source/**' "${remote[@]}"
says "$red"
refuses "$SNAPFERRY" cursors 'pulled:zfs:source/**' --release 00000000 "${remote[@]}"
succeeds "$SNAPFERRY" cursors 'pulled:zfs:source/**' --release "$red" "${remote[@]}"
expect 2 "$(zfs list -H -o name -t snapshot -r source | wc -l)" "snapshots left"
expect 2 "$(zfs list -H -o name -t bookmark -r source | wc -l)" "bookmarks left"
for snapshot in $(zfs list -H -o name -t snapshot -r source); do
  expect 1 "$(zfs holds -H "$snapshot" | wc -l)" "holds of $snapshot"
done
succeeds "$SNAPFERRY" cursors 'pulled:zfs:source/**' "${remote[@]}"
[[ $said != *"$red"* ]] || fail "still there: $said"
echo three >>/source/data/name
back_up blue
says incremental
echo passed
