# This program, installed as simplesnap, backs up from a stock simplesnapwrap.
source "$(dirname "$(readlink -f "$0")")/common.sh"
source "$(dirname "$(readlink -f "$0")")/simplesnap.sh"
make_volumes
serve_with "$stock"

pull_with "$ours"
expect_all_backed_up
expect_same_home
expect "on off off none noauto" \
  "$(zfs get -H -o value readonly,exec,setuid,mountpoint,canmount "$store/web1/source/home" | xargs)" \
  "what keeps the replica safe"

zfs snapshot source/home@daily
change two
pull_home "$ours"
expect_backed_up
expect_same_home
zfs list "$store/web1/source/home@daily" >/dev/null || fail "@daily did not come along"

# --noreap keeps what a later --reaponly takes.
change three
pull_home "$ours" --noreap
expect 2 "$(own_snapshots "$store/web1/source/home" | wc -l)" "snapshots kept with --noreap"
"$ours/simplesnap" --reaponly --store "$store" --setname mainset
expect_backed_up

# What the protocol cannot carry is said, and the others are backed up.
zfs create 'source/my docs'
zfs create source/a:b
change four
status=0
pull_with "$ours" 2>errors || status=$?
expect 100 "$status" "exit status with two volumes that cannot be backed up"
grep -q "web1:source/my docs: the name has characters" errors || fail "the blank: $(cat errors)"
grep -q "web1:source/a:b: " errors || fail "the colon: $(cat errors)"
expect_all_backed_up

# --check names what never arrived, and what is old.
refuses "$ours/simplesnap" --check '1 hour ago' --store "$store" --setname mainset
[[ $refusal == *"web1:source/a:b: was never backed up"* ]] || fail "--check: $refusal"
[[ $refusal == *"web1:source/my docs: was never backed up"* ]] || fail "--check tears a name: $refusal"
zfs destroy 'source/my docs'
zfs destroy source/a:b
zfs set org.complete.simplesnap:exclude=on source/disk
pull_with "$ours"
"$ours/simplesnap" --check '1 hour ago' --store "$store" --setname mainset
refuses "$ours/simplesnap" --check '1 hour' --store "$store" --setname mainset --host web1
[[ $refusal == *"$store/web1/source/home: the last backup is of"* ]] || fail "--check: $refusal"
refuses "$ours/simplesnap" --check '1 hour ago' --store "$store" --setname other
[[ $refusal == *"was never backed up whole in set other"* ]] || fail "--check: $refusal"

# A listing that fails is an error, and so is a host that nobody can reach.
refuses pull_with "$ours" --sshcmd /bin/false
refuses pull_with "$ours" --store backup/nothing
