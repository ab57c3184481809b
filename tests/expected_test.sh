#!/usr/bin/env bash
# What was asked for and never arrived is named by check, in a repository and in a store of native
# snapshots, and what is retired is not expected any more.
set -euo pipefail

skip() { echo "SKIP: $1"; exit 77; }
work=$(mktemp -d)
disk=$work/disk
cleanup() {
  cd /
  umount -q "$disk" 2>/dev/null || umount -q -l "$disk" 2>/dev/null || true
  rm -rf --one-file-system "$work"
}
trap cleanup EXIT
cd "$work"
export SNAPFERRY_PASSWORD='only for tests' SNAPFERRY_CACHE=$work/cache
failures=0
failed() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}
# expect STATUS COMMAND…: what it prints is in `out`.
expect() {
  local wanted=$1 status=0
  shift
  "$@" >out 2>&1 </dev/null || status=$?
  [ "$status" = "$wanted" ] || { failed "$* ended with $status, not $wanted"; sed 's/^/    /' out; }
}
says() { grep -qF -- "$1" out || { failed "not said: $1"; sed 's/^/    /' out; }; }
says_not() { ! grep -qF -- "$1" out || { failed "said: $1"; sed 's/^/    /' out; }; }
check() { # STATUS [ARGUMENT…]
  local wanted=$1
  shift
  expect "$wanted" "$SNAPFERRY" check --max-age 1d --critical 2d "$@"
}
# Own native snapshots are told apart by the second.
next_second() { local now; now=$(date +%s); while [ "$(date +%s)" = "$now" ]; do :; done; }

echo "== a repository"
export SNAPFERRY_STORE=repo:$work/store
"$SNAPFERRY" init -q
mkdir a c
echo one >a/file
backup() { "$SNAPFERRY" backup --host web1 -q "$@"; }
expect 0 backup a
check 0
expect 0 test -z "$(ls store/expected 2>/dev/null)"
# A job for each volume, all in one set, one of them of what is not there.
expect 1 backup b --dry-run
check 0
expect 1 backup b
expect 0 backup a
expect 0 backup c
check 2
says "CRITICAL: 1 of 3 volumes are stale, web1:$work/b was asked for and has no snapshot"
check 2 --json
says '"asked_for":["default"]'
check 2 "web1:$work/b"
says 'was asked for and has no snapshot; if it never will, retire it'
expect 1 "$SNAPFERRY" check --max-age 1d
check 2 --set default
# It is not written again where nothing changes.
ls store/expected >before
expect 1 backup b
expect 0 backup a
ls store/expected | cmp -s - before || failed "a run without changes wrote a record"
# What is torn is no error for anybody, and goes with the next prune.
: >store/expected/$(printf '%064d' 1)
check 2
expect 0 "$SNAPFERRY" list
expect 0 "$SNAPFERRY" verify
expect 0 "$SNAPFERRY" prune --keep-last 5
[ "$(ls store/expected | wc -l)" = 1 ] || failed "a torn record stayed"
# Nor is what is no object at all.
odd=store/expected/$(printf '%064d' 2)
for make in mkdir mkfifo; do
  "$make" "$odd"
  check 2
  expect 1 backup b
  expect 0 "$SNAPFERRY" prune --keep-last 5
  expect 0 "$SNAPFERRY" repair
  rm -rf "$odd"
done

expect 1 "$SNAPFERRY" retire "web1:$work/nothing"
expect 0 "$SNAPFERRY" retire "web1:$work/b" --dry-run
says 'would be retired'
check 2
expect 0 "$SNAPFERRY" retire "web1:$work/b" "web1:$work/c"
check 0
says 'OK: newest snapshot'
says 'retired, and not counted: 2 volumes'
check 0 --json
says "\"type\":\"retired\",\"volume\":\"web1:$work/b\"}"
expect 1 backup b
check 0
expect 0 "$SNAPFERRY" list "web1:$work/c"
says '(retired)'
expect 0 "$SNAPFERRY" prune --keep-last 1
expect 0 "$SNAPFERRY" restore "web1:$work/c" --target restored
expect 1 "$SNAPFERRY" retire "web1:$work/a" --undo
expect 0 "$SNAPFERRY" retire "web1:$work/b" --undo
check 2
# Both come, and what was retired is expected again.
mkdir b
expect 0 backup b
expect 0 backup c
check 0
says_not retired
expect 0 "$SNAPFERRY" list
says_not retired
[ -z "$(ls store/expected)" ] || failed "something is expected of a store that has everything"
# The sequence numbers of forgotten snapshots come again.
expect 0 "$SNAPFERRY" retire "web1:$work/c"
expect 0 "$SNAPFERRY" forget "web1:$work/c@2099-01-01"
expect 0 backup c
check 0
says_not retired
# Killed in its first backup, it was asked for.
mkdir killed
"$SNAPFERRY" backup --host web1 -q --stdin-command dump -- sh -c 'echo begun >&2; exit 1' >out 2>&1 &&
  failed "a failed command was a backup"
check 2
says 'web1:stdin:dump was asked for'
expect 0 "$SNAPFERRY" forget --all --yes "web1:$work/a"
check 2
says_not "web1:$work/a"

echo "== native snapshots"
[ "$(id -u)" = 0 ] || skip "mounting needs root"
command -v mkfs.btrfs >/dev/null || skip "no btrfs-progs"
truncate -s 512M image
mkfs.btrfs -q image >/dev/null
mkdir "$disk"
mount -o loop image "$disk" || skip "no loop device to be had"
export SNAPFERRY_STORE=btrfs:$disk/backup
"$SNAPFERRY" init -q
for name in a c; do btrfs -q subvolume create "$disk/$name" >/dev/null; done
a=btrfs:$disk/a b=btrfs:$disk/b c=btrfs:$disk/c
native() {
  next_second
  "$SNAPFERRY" backup --host web1 -q "$@"
}
# The very first run fails, and is remembered.
expect 1 native "$b"
check 2
says "web1:$b was asked for and has no snapshot"
expect 0 native "$a"
expect 0 native "$c"
check 2
says "1 of 3 volumes are stale, web1:$b"
expect 1 native "btrfs:$disk/none/*"
check 2
says "2 of 4 volumes are stale"
expect 0 native --allow-empty "btrfs:$disk/none/*"
check 2
says "1 of 3 volumes are stale"
expect 0 "$SNAPFERRY" retire "web1:$b" "web1:$c"
check 0
says 'retired, and not counted: 2 volumes'
expect 0 "$SNAPFERRY" list
says '(retired)'
expect 1 native "$b"
check 0
echo "more" >"$disk/c/file"
expect 0 native "$c"
check 0
says 'retired, and not counted: 1 volume'
expect 0 "$SNAPFERRY" retire "web1:$b" --undo
check 2
btrfs -q subvolume create "$disk/b" >/dev/null
expect 0 native "$b"
check 0
says_not retired
[ ! -e "$disk/backup/web1/.expected" ] || failed "something is expected of a store that has everything"

# A key that only adds may say what it was asked for, and can retire nothing.
cat >ssh <<EOF
#!/bin/sh
exec "$SNAPFERRY" agent --allow store --store "btrfs:$disk/backup" --host web1 --set default --sandbox try
EOF
chmod +x ssh
far=(--ssh-command "$work/ssh" --store "backup:btrfs:$disk/backup" --host web1)
expect 1 "$SNAPFERRY" backup -q "btrfs:$disk/d" "${far[@]}"
check 2
says "web1:btrfs:$disk/d was asked for"
check 2 "${far[@]}"
says "web1:btrfs:$disk/d was asked for"
expect 1 "$SNAPFERRY" retire "web1:btrfs:$disk/d" "${far[@]}"
says 'no key can retire volumes'
check 2
# What cannot be read expects nothing and fails nothing.
head -c 100 /dev/urandom >"$disk/backup/web1/.expected"
check 0
rm "$disk/backup/web1/.expected"
mkdir "$disk/backup/web1/.expected"
check 0
expect 0 "$SNAPFERRY" list
rmdir "$disk/backup/web1/.expected"

[ "$failures" = 0 ] || exit 1
echo "all passed"
