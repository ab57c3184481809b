# A volume that was renamed has its copy under the new name, with what it was beside its files, and a
# new volume of the old name one of its own; those below stay where they are.
source "$(dirname "$(readlink -f "$0")")/agent_common.sh"

zfs create -o com.example:owner=first source/home
zfs create source/home/below
echo home >/source/home/file
echo below >/source/home/below/file
succeeds "$SNAPFERRY" init --store zfs:backup/near
near() { "$SNAPFERRY" backup 'zfs:source/**' --store zfs:backup/near --set main --host box "$@"; }
shows() { expect "$2" "$("$SNAPFERRY" cat "box:zfs:$1" file --store zfs:backup/near)" "file of $1"; }
next_second
succeeds near
zfs set com.example:owner=second source/home
echo more >/source/home/more
next_second
succeeds near

zfs rename source/home source/people
zfs create source/home
echo new >/source/home/file
echo later >/source/people/file
next_second
succeeds near
says "box:zfs:source/people: was named zfs:source/home before"
shows source/people later
shows source/people/below below
shows source/home new
expect 3 "$(snapshots_of backup/near/box/source/people | wc -l)" "snapshots under the new name"
expect 1 "$(snapshots_of backup/near/box/source/home | wc -l)" "snapshots of the new volume"
succeeds "$SNAPFERRY" check --max-age 1d --store zfs:backup/near box:zfs:source/people
succeeds "$SNAPFERRY" verify --read-data --store zfs:backup/near
first=$("$SNAPFERRY" list --json --store zfs:backup/near box:zfs:source/people | head -n 1 |
  sed 's/.*"id":"\([0-9a-f]*\)".*/\1/')
succeeds "$SNAPFERRY" restore "$first" --store zfs:backup/near --target zfs:source/first
expect first "$(zfs get -H -o value com.example:owner source/first)" "user property of the first"
zfs destroy -r source/first

# Into a new volume of its own name, and with something half received.
name=$(snapshots_of source/people | tail -n 1)
base=$(snapshots_of backup/near/box/source/people | tail -n 1)
zfs snapshot source/people@half
head -c 5000000 /dev/urandom >/source/people/large
zfs snapshot source/people@cut
zfs send -i "$name" source/people@cut | head -c 2000000 |
  zfs receive -s -u backup/near/box/source/people 2>/dev/null || true
half_received backup/near/box/source/people || fail "nothing is half received on $base"
zfs rename source/people source/x
zfs create source/people
zfs rename source/x source/people/inner
echo newest >/source/people/file
echo inner >/source/people/inner/file
next_second
succeeds near
shows source/people newest
shows source/people/inner inner
shows source/people/inner/below below
shows source/home new
next_second
succeeds near
expect 0 "$(zfs list -H -o name -r backup/near | grep -c 'incoming\|diverged')" "leftovers"
# Two that swap their names, behind an agent.
authorize kept root --allow store --store zfs:backup/near --host box --sandbox require
zfs rename source/home source/y
zfs rename source/people source/home
zfs rename source/y source/people
next_second
succeeds "$SNAPFERRY" backup 'zfs:source/**' --store kept:zfs:backup/near --set main --host box "${remote[@]}"
shows source/people new
shows source/home newest
shows source/home/inner inner
expect 0 "$(zfs list -H -o name -r backup/near | grep -c 'incoming\|diverged')" "leftovers of a swap"
echo passed
