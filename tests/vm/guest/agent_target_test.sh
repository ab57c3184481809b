# A backup server that makes its store on another machine and pushes volumes back to one, on real
# ZFS, by agents that are contained by their sandboxes; and what their keys cannot do.
source "$(dirname "$(readlink -f "$0")")/agent_common.sh"

zfs create source/data
zfs create source/data/home
zfs create -V 8M source/data/disk
zfs create source/secret
head -c 300K /dev/urandom >/source/data/home/file
echo one >/source/data/home/name
dd if=/dev/urandom of=/dev/zvol/source/data/disk bs=1M count=2 2>/dev/null

# --- a store is made over there ---
authorize keeping root --allow store --store zfs:backup/kept --host laptop --sandbox require
refuses "$SNAPFERRY" init --store keeping:zfs:backup/other "${remote[@]}"
says "can make no other"
refuses "$SNAPFERRY" init --store keeping:zfs:backup "${remote[@]}"
! zfs list backup/other >/dev/null 2>&1 || fail "another store was made"
succeeds "$SNAPFERRY" init --store keeping:zfs:backup/kept "${remote[@]}"
expect off "$(zfs get -H -o value canmount backup/kept)" "canmount of the store"
expect none "$(zfs get -H -o value mountpoint backup/kept)" "mountpoint of the store"
refuses "$SNAPFERRY" init --store keeping:zfs:backup/kept "${remote[@]}"
says "is there already"
push=("$SNAPFERRY" backup 'zfs:source/data/**' --store keeping:zfs:backup/kept --set main
  --host laptop "${remote[@]}")
succeeds "${push[@]}"

# --- volumes are pushed back to where they came from ---
authorize back root --allow target --allow source --volume 'zfs:source/data/**' --sandbox require
restore=("$SNAPFERRY" restore --store zfs:backup/kept --host laptop)
refuses "${restore[@]}" laptop:zfs:source/data/home --target keeping:zfs:source/data/new "${remote[@]}"
says "--allow target"
for outside in source/secret/new source/new backup/new; do
  refuses "${restore[@]}" laptop:zfs:source/data/home --target "back:zfs:$outside" "${remote[@]}"
  says policy
  ! zfs list "$outside" >/dev/null 2>&1 || fail "$outside was made"
done
for there in source/data/home source/data/disk source/data; do
  before=$(snapshots_of "$there")
  refuses "${restore[@]}" laptop:zfs:source/data/home --target "back:zfs:$there" "${remote[@]}"
  says "is there already"
  expect "$before" "$(snapshots_of "$there")" "snapshots of $there"
done
refuses "${restore[@]}" laptop:zfs:source/data/home --target back:zfs:source/data/no/new "${remote[@]}"
says "no such dataset"
succeeds "$SNAPFERRY" doctor back "${remote[@]}"
for volume in home disk; do
  status=0
  said=$("${restore[@]}" "laptop:zfs:source/data/$volume" --target "back:zfs:source/data/new-$volume" \
    "${remote[@]}" 2>&1 </dev/null) || status=$?
  # A zvol has space reserved, which an agent in its sandbox may not do: that is named.
  case $volume in
    home) [ $status = 0 ] || fail "exit status $status; said: $said" ;;
    disk)
      [ $status = 3 ] && [[ $said == *"zfs set refreservation="* ]] ||
        fail "exit status $status; said: $said"
      ;;
  esac
  newest=$(snapshots_of "source/data/$volume" | tail -n 1)
  expect "$(zfs get -H -o value guid "$newest")" \
    "$(zfs get -H -o value guid "source/data/new-$volume@${newest#*@}")" "guid of what was restored"
  expect 1 "$(snapshots_of "source/data/new-$volume" | wc -l)" "snapshots of what was restored"
done
expect no "$(zfs get -H -o value mounted source/data/new-home)" "mounted by an agent"
expect off "$(zfs get -H -o value readonly source/data/new-home)" "readonly"
zfs mount source/data/new-home
same_files /source/data/home /source/data/new-home
cmp /dev/zvol/source/data/disk /dev/zvol/source/data/new-disk || fail "the zvol differs"

# --- and the next backup of them is incremental, by push and by pull ---
zfs destroy -r source/data/home 2>/dev/null || {
  zfs holds -H -r $(snapshots_of source/data/home) | while read -r name tag _; do zfs release "$tag" "$name"; done
  zfs destroy -r source/data/home
}
zfs rename source/data/new-home source/data/home
echo two >>/source/data/home/name
next_second
succeeds "${push[@]}"
says incremental
copy=backup/kept/laptop/source/data/home
newest=$(snapshots_of source/data/home | tail -n 1)
expect "$(zfs get -H -o value guid "$newest")" "$(zfs get -H -o value guid "$copy@${newest#*@}")" \
  "guid of the newest"

# --- a restore that is cut leaves nothing ---
head -c 20M /dev/urandom >/source/data/home/big
next_second
succeeds "${push[@]}"
"${restore[@]}" laptop:zfs:source/data/home --target back:zfs:source/data/cut "${remote[@]}" \
  >/dev/null 2>&1 </dev/null &
program=$!
until zfs list source/data/cut >/dev/null 2>&1; do
  kill -0 "$program" 2>/dev/null || break
done
kill -9 "$program" 2>/dev/null || true
wait "$program" || true
for _ in $(seq 100); do
  zfs list source/data/cut >/dev/null 2>&1 || break
done
[ -z "$(snapshots_of source/data/cut)" ] || skip "the restore was faster than the cut"
! zfs list source/data/cut >/dev/null 2>&1 || fail "half a volume was left"
succeeds "${restore[@]}" laptop:zfs:source/data/home --target back:zfs:source/data/cut "${remote[@]}"
zfs mount source/data/cut
same_files /source/data/home /source/data/cut
echo passed
