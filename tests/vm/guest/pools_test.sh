# The ground that the other tests stand on: ZFS works, and so does ssh to this machine.
source "$(dirname "$(readlink -f "$0")")/common.sh"

zfs create source/home
echo one >/source/home/file
zfs snapshot source/home@a
zfs send source/home@a | zfs receive -u backup/home
expect "$(zfs get -H -o value guid source/home@a)" "$(zfs get -H -o value guid backup/home@a)" "guid"
expect 0 "$(ssh -o BatchMode=yes root@web1 id -u)" "id over ssh"
expect "$(snapferry version | head -n 1)" "$(ssh root@web1 "$SNAPFERRY" version | head -n 1)" "version"
