# A store below a source pattern is left out of what it keeps, here and over an agent; what its
# administrator excludes is not given to a client that asks; a pool that is away is a failure.
source "$(dirname "$(readlink -f "$0")")/agent_common.sh"

zfs create source/home
head -c 5M /dev/urandom >/source/home/file
zfs create -o snapferry:exclude=on source/secret
echo secret >/source/secret/file
zfs snapshot source/secret@own
succeeds "$SNAPFERRY" init --store zfs:source/kept
succeeds "$SNAPFERRY" init --store zfs:source/home/foreign
authorize pulled root --allow source --volume 'zfs:source/**' --sandbox require
size() { zpool sync source; zfs get -Hp -o value used source/kept; }

run() {
  echo "$1" >/source/home/word
  next_second
  succeeds "$SNAPFERRY" backup "$2" --store zfs:source/kept --set main --host box "${remote[@]}"
  ! zfs list -H -o name -r source/kept | grep -q 'source/kept/.*/kept\|foreign\|secret' ||
    fail "the store took itself in, or what is excluded: $(zfs list -H -o name -r source/kept)"
}
run one 'zfs:source/**'
first=$(size)
run two 'zfs:source/**'
run three 'zfs:source/**'
[ "$(size)" -lt $((first + 3000000)) ] || fail "the store grows with itself: $first, then $(size)"
run four 'pulled:zfs:source/**'
says "source/kept: excluded"

# A client that asks for it by name, whatever its plan.
succeeds "$SNAPFERRY" backup 'pulled:zfs:source/secret' --store zfs:source/kept --set main "${remote[@]}"
says excluded
! zfs list source/kept/pulled/source/secret >/dev/null 2>&1 || fail "the excluded volume was given"

zpool create -f usb /dev/shm/usb.img 2>/dev/null || {
  truncate -s 128M /dev/shm/usb.img
  zpool create -f usb /dev/shm/usb.img
}
zpool export usb
refuses "$SNAPFERRY" backup 'zfs:usb/**' --store zfs:source/kept --set main --host box
says "no pool 'usb'"
refuses "$SNAPFERRY" backup 'zfs:usb/data' --store zfs:source/kept --set main --host box
says "no pool 'usb'"
# It was asked for all the same, until that is retired; each by itself, in one set.
refuses "$SNAPFERRY" check --max-age 1d --store zfs:source/kept
says "box:zfs:usb/** was asked for and has no snapshot"
says "box:zfs:usb/data was asked for and has no snapshot"
succeeds "$SNAPFERRY" retire 'box:zfs:usb/**' box:zfs:usb/data --store zfs:source/kept
succeeds "$SNAPFERRY" check --max-age 1d --store zfs:source/kept
says "retired, and not counted: 2 volumes"
succeeds zfs get -H -o value snapferry:expected.0 source/kept/box@snapferry-unchanged
says "r main  0 zfs:usb/data"
succeeds "$SNAPFERRY" retire box:zfs:usb/data --undo --store zfs:source/kept
refuses "$SNAPFERRY" check --max-age 1d --store zfs:source/kept
rm -f /dev/shm/usb.img
echo passed
