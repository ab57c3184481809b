# Whoever has stolen a source's key asks, in words of his own, for what the policy does not grant:
# nothing of other sets, of people, of other datasets and of excluded ones goes, is held or is sent.
source "$(dirname "$(readlink -f "$0")")/agent_common.sh"

zfs create source/data
zfs create source/data/left
zfs set snapferry:exclude=on source/data/left
zfs create source/secret
for dataset in data data/left secret; do
  head -c 100K /dev/urandom >"/source/$dataset/file"
  zfs snapshot "source/$dataset@by-hand"
  zfs snapshot "source/$dataset@autosnap"
  zfs bookmark "source/$dataset@by-hand" "source/$dataset#by-hand"
  zfs hold mine "source/$dataset@by-hand"
done
zfs snapshot source/secret@secret
zfs clone source/data@by-hand source/copy
succeeds "$SNAPFERRY" init --store zfs:backup/store
for set in main other; do
  succeeds "$SNAPFERRY" backup zfs:source/data zfs:source/secret --store zfs:backup/store --set "$set"
  echo "$set" >>/source/data/file
  next_second
done

all_there() {
  zfs list -H -o name,guid -t filesystem,volume,snapshot,bookmark -r source
  zfs list -H -o name -t snapshot -r source | while read -r snapshot; do zfs holds -H "$snapshot"; done
}
all_there >before.txt
grep -q '@snapferry' before.txt || fail "no snapshot of ours: $(cat before.txt)"

python3 "$(dirname "$(readlink -f "$0")")/agent_hostile.py" "$SNAPFERRY" || fail "see above"
all_there >after.txt
diff before.txt after.txt || fail "something of the source has changed"

# The set itself can go on.
succeeds "$SNAPFERRY" backup zfs:source/data --store zfs:backup/store --set main
says incremental
