# What a volume is beside its files: ACLs are seen in its replica, and come back with a restore, as
# do the properties that decide what a file is; what would mount, share or run something does not.
source "$(dirname "$(readlink -f "$0")")/agent_common.sh"

zfs create -o acltype=posixacl -o xattr=sa -o casesensitivity=insensitive -o compression=zstd \
  -o recordsize=32K -o quota=1G -o com.example:owner='the team, 100 %' -o sharenfs=off \
  -o snapferry:exclude=off source/home
mkdir /source/home/dir
echo one >/source/home/dir/file
chmod 640 /source/home/dir/file
setfacl -m u:nobody:rw,g:daemon:r /source/home/dir/file
setfacl -d -m u:nobody:rwx /source/home/dir
setfattr -n user.note -v kept /source/home/dir/file
zfs create -V 8M -o com.example:owner=disk source/disk
succeeds "$SNAPFERRY" init --store zfs:backup/near
value() { zfs get -Hp -o value "$1" "$2"; }
near() {
  "$SNAPFERRY" backup zfs:source/home zfs:source/disk --store zfs:backup/near --set main --host box "$@"
}
next_second
succeeds near
expect posix "$(value acltype backup/near/box/source/home)" "acltype of the replica"
expect - "$(value com.example:owner backup/near/box/source/home)" "user property of the replica"
expect insensitive "$(value casesensitivity backup/near/box/source/home)" "casesensitivity"
for property in mountpoint canmount exec; do
  [ "$(value "$property" backup/near/box/source/home)" != on ] || fail "$property of the replica"
done

# Read out of the store.
mkdir files
succeeds "$SNAPFERRY" restore box:zfs:source/home --store zfs:backup/near --target files
same_acl() {
  expect "$(cd "$1" && getfacl -R -n . 2>/dev/null)" "$(cd "$2" && getfacl -R -n . 2>/dev/null)" \
    "ACLs of $2"
}
same_acl /source/home/dir files/dir
same_files /source/home/dir files/dir

# Another value later: an older snapshot keeps its own.
zfs set com.example:owner=another source/home
zfs set quota=none source/home
zfs set mountpoint=/elsewhere source/home
echo two >/elsewhere/dir/new
next_second
succeeds near
says incremental
succeeds "$SNAPFERRY" restore box:zfs:source/home --store zfs:backup/near --target zfs:source/back
says "mountpoint=/elsewhere"
expect /source/back "$(value mountpoint source/back)" "mountpoint of what was restored"
expect another "$(value com.example:owner source/back)" "user property"
expect 0 "$(value quota source/back)" "quota that was taken away"
for property in acltype xattr casesensitivity compression recordsize; do
  expect "$(value "$property" source/home)" "$(value "$property" source/back)" "$property"
done
same_acl /elsewhere/dir /source/back/dir
same_files /elsewhere/dir /source/back/dir
old=$(snapshots_of backup/near/box/source/home | head -n 1 | cut -d@ -f2)
first=$("$SNAPFERRY" list --json --store zfs:backup/near | grep zfs:source/home | head -n 1 |
  sed 's/.*"id":"\([0-9a-f]*\)".*/\1/')
[ -n "$old" ] && [ -n "$first" ] || fail "no first snapshot"
succeeds "$SNAPFERRY" restore "$first" --store zfs:backup/near --target zfs:source/first
expect 'the team, 100 %' "$(value com.example:owner source/first)" "user property of the first"
expect 1073741824 "$(value quota source/first)" "quota of the first"
succeeds "$SNAPFERRY" restore box:zfs:source/disk --store zfs:backup/near --target zfs:source/disk2
expect disk "$(value com.example:owner source/disk2)" "user property of a zvol"
expect "$(value refreservation source/disk)" "$(value refreservation source/disk2)" "refreservation"

# The same through agents at both ends.
authorize pulled root --allow source --volume 'zfs:source/**' --sandbox require
authorize kept root --allow store --allow restore --store zfs:backup/far --host guest --sandbox require
authorize given root --allow target --volume 'zfs:backup/given/**' --sandbox require
zfs create backup/given
next_second
succeeds "$SNAPFERRY" init --store zfs:backup/far
succeeds "$SNAPFERRY" backup pulled:zfs:source/home --store zfs:backup/near --set main "${remote[@]}"
expect posix "$(value acltype backup/near/pulled/source/home)" "acltype of a replica from an agent"
next_second
succeeds "$SNAPFERRY" backup zfs:source/home --store kept:zfs:backup/far --set main --host guest \
  "${remote[@]}"
replica=$(zfs list -H -o name -r backup/far | grep '/source/home$')
expect posix "$(value acltype "$replica")" "acltype of the replica behind an agent"
volume=$("$SNAPFERRY" list --json --store kept:zfs:backup/far "${remote[@]}" | grep -o '[a-z]*:zfs:source/home' | sort -u | head -n 1)
succeeds "$SNAPFERRY" restore "$volume" --store kept:zfs:backup/far --target given:zfs:backup/given/home \
  "${remote[@]}"
expect another "$(value com.example:owner backup/given/home)" "user property behind an agent"
expect posix "$(value acltype backup/given/home)" "acltype behind an agent"
expect /backup/given/home "$(value mountpoint backup/given/home)" "mountpoint behind an agent"

# A replica of an older version of the program, without a record, is read all the same after a run.
zfs inherit snapferry:source backup/near/box/source/home
zfs set acltype=off backup/near/box/source/home
echo three >/elsewhere/dir/third
next_second
succeeds near
expect posix "$(value acltype backup/near/box/source/home)" "acltype of an older replica"
# And one that somebody changed is named.
zfs set acltype=off backup/near/box/source/home
refuses "$SNAPFERRY" verify --store zfs:backup/near
says "hides the ACLs"
echo passed
