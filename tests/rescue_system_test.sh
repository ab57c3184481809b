#!/usr/bin/env bash
# A rescue system lacks what a backup was made with: /proc and /sys, devices but /dev/null, users and
# groups by name, time zones, a home, a place for temporary files. Nothing on the way to getting data
# back, or to freeing space, needs any of it.
source "$(dirname "$(readlink -f "$0")")/script.sh"
need_root "mounting"
need setfattr setfacl
work=$(mktemp -d)
chmod 755 "$work"
trap 'rm -rf --one-file-system "$work"' EXIT

export SNAPFERRY_PASSWORD=rescue SNAPFERRY_STORE=repo:$work/repo
snapferry=$SNAPFERRY
cd "$work"

# in_rescue COMMAND…: in mounts of its own without all that, and with next to no environment.
cat >enter <<'EOF'
set -e
null=$(mktemp -p .)
mount --bind /dev/null "$null"
libraries=$(mktemp -p .)
cp /etc/ld.so.cache "$libraries"
mount -t tmpfs -o mode=755 none /etc
cp "$libraries" /etc/ld.so.cache
mount -t tmpfs -o mode=755 none /dev
touch /dev/null
mount --move "$PWD/$null" /dev/null
rm "$null" "$libraries"
for place in /run /usr/share/zoneinfo; do
  if [ -d "$place" ]; then mount -t tmpfs -o ro none "$place"; fi
done
for place in /sys /proc; do  # umount(8) reads the latter
  while umount -l "$place" 2>/dev/null; do :; done
  if [ -e "$place/self" ] || [ -e "$place/kernel" ]; then exit 99; fi
done
exec "$@"
EOF
in_rescue() {
  unshare --mount env -i PATH="$PATH" TMPDIR=/nonexistent SNAPFERRY_PASSWORD="$SNAPFERRY_PASSWORD" \
    SNAPFERRY_STORE="$SNAPFERRY_STORE" bash "$work/enter" "$@"
}
status=0
in_rescue true 2>out || status=$?
[ "$status" = 0 ] || skip "this machine cannot be made that poor: $(cat out)"
# Sanitizers read their own mappings there.
in_rescue "$snapferry" version >out 2>&1 || skip "this build itself needs /proc: $(head -1 out)"

# well COMMAND…: ends with 0 in the rescue system, and reports nothing that failed.
well() {
  if ! in_rescue "$snapferry" "$@" >out 2>&1; then failed "snapferry $*: $(cat out)"; fi
  if grep -qi 'not restored\|could not\|cannot' out; then failed "snapferry $*: $(cat out)"; fi
}
# described DIRECTORY: all that is to be the same after a restore.
described() {
  (cd "$1" && find . ! -name out.tmp -printf '%p %y %m %U:%G %s %T@ %n %l\n' | sort &&
    find . -type f ! -name out.tmp -exec sha256sum {} + | sort -k2 &&
    find . \( -type b -o -type c \) -exec stat -c '%n %t:%T' {} + | sort &&
    getfattr --no-dereference --dump --match=- --recursive . 2>/dev/null | sort)
}
same() {
  described "$1" >one
  described "$2" >other
  diff one other >difference || failed "$3: $(cat difference)"
}

# --- One of each, made on the healthy system ---
mkdir -p src/deep/er src/empty
echo text >src/file; ln src/file src/deep/link; ln -s file src/symlink; ln src/symlink src/deep/symlink
printf 'x' | dd of=src/sparse bs=1 seek=3M status=none; head -c 5000000 /dev/urandom >src/big
mkfifo src/fifo; chmod 0642 src/fifo; ln src/fifo src/deep/fifo
python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("src/socket")'; chmod 0600 src/socket
mknod src/block b 7 200; mknod src/character c 1 3; chmod 0604 src/block
chown 1234:4321 src/file; cp /bin/true src/setuid; chmod 6755 src/setuid; chmod 0500 src/deep/er
setfattr -n user.note -v kept src/file; setfattr -n trusted.note -v kept src/fifo
setfattr -h -n trusted.note -v kept src/symlink; setfattr -n trusted.note -v kept src/deep
setfacl -m u:1234:rw src/big src/fifo; setfacl -d -m u:1234:rx src/deep
echo left >src/out.tmp

# --- All of it ---
well init
well backup src --exclude '*.tmp'
well backup src --exclude '*.tmp'
grep -q 'added 0 B' out || failed "a second backup stores something: $(cat out)"
well list
well ls latest
well find big
well check --max-age 1d
well claims
well verify --read-data
well restore latest --target restored
same src restored "restored without /proc"
in_rescue "$snapferry" diff latest latest >out || failed "diff: $(cat out)"

# Everything is there already, with other metadata, and more.
echo extra >restored/extra; chmod 0777 restored/fifo restored/file restored/block restored/deep
setfattr -h -n trusted.other -v goes restored/symlink; setfattr -x user.note restored/file
touch restored/socket; rm restored/deep/link; ln -sf elsewhere restored/deep/er2
well restore latest --target restored --overwrite changed --delete
same src restored "restored in place without /proc"
# Where others can change names, too.
mkdir open; chmod 0777 open; mkfifo open/fifo; touch -h -d @1 open/fifo
well restore latest fifo symlink block --target open --overwrite changed
cmp <(getfattr -h -d -m - src/fifo src/symlink) <(cd open && getfattr -h -d -m - fifo symlink |
  sed 's,file: ,&src/,') || failed "attributes in a directory that others can write to"
[ "$(cd open && stat -c %a fifo block)" = "$(cd src && stat -c %a fifo block)" ] || failed "modes in such a directory"
[ "$(find open | wc -l)" = 4 ] || failed "something is left behind: $(find open)"

echo more >>src/file
well backup src --exclude '*.tmp'
well prune --keep-last 1
well repair
well verify --read-data
well restore latest --target again
same src again "restored after prune"

# --- A mount of ours is known without /proc, and left out ---
mkdir src/look
"$snapferry" mount src/look >/dev/null 2>&1 &
server=$!
for _ in $(seq 100); do
  mountpoint -q src/look && break
  sleep 0.1
done
if mountpoint -q src/look; then
  well backup src
  grep -q 'a mount of Snapferry (look)' out || failed "a mount of ours was entered: $(cat out)"
  umount src/look
fi
wait "$server" || true

# --- Somebody who is not root, where even the names of users are unknown ---
mkdir user; chown 1234:4321 user
as_user() { in_rescue setpriv --reuid 1234 --regid 4321 --clear-groups "$@"; }
as_user bash -c 'mkdir user/src user/src/closed; umask 027; echo mine >user/src/mine
  ln user/src/mine user/src/link; mkfifo user/src/fifo; ln -s mine user/src/symlink
  echo hidden >user/src/closed/hidden; chmod 0600 user/src/fifo; chmod 0400 user/src/mine'
for words in init 'backup user/src' 'restore latest --target user/restored' \
  'restore latest --target user/restored --overwrite always' 'verify --read-data'; do
  # shellcheck disable=SC2086
  SNAPFERRY_STORE=repo:$work/user/repo as_user "$snapferry" $words >out 2>&1 ||
    failed "as a user, snapferry $words: $(cat out)"
done
same user/src user/restored "restored by a user without /proc"
as_user chmod 0 user/restored/closed user/restored/mine
SNAPFERRY_STORE=repo:$work/user/repo as_user "$snapferry" restore latest --target user/restored \
  --overwrite changed >out 2>&1 || failed "as a user, over what may not be read: $(cat out)"
same user/src user/restored "restored by a user over what may not be read"

finish
