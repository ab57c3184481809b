#!/usr/bin/env bash
# What was asked for and never arrived is named by check, in a repository and in a store of native
# snapshots, and what is retired is not expected any more.
source "$(dirname "$(readlink -f "$0")")/script.sh"
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
check() { # STATUS [ARGUMENT…]
  local wanted=$1
  shift
  expect "$wanted" "$SNAPFERRY" check --max-age 1d --critical 2d "$@"
}

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
expect 1 "$SNAPFERRY" retire web1:stdin:dmp
says "'snapferry check --verbose' names what is expected"
expect 0 "$SNAPFERRY" retire web1:stdin:dump
check 0 --verbose
says '  web1:stdin:dump'
expect 1 "$SNAPFERRY" backup --host web1 -q --stdin-command dump -- false
says 'is retired'

echo "== sets"
expect 0 backup a --set hourly
mv a away
expect 1 backup a --set offsite
mv away a
expect 0 backup a --set hourly
check 2
says "web1:$work/a was asked for in set offsite and has no snapshot there"
check 0 --set hourly
check 2 --set offsite
expect 0 backup a --set weekly
expect 0 "$SNAPFERRY" retire --set offsite "web1:$work/a"
expect 0 "$SNAPFERRY" retire --set weekly "web1:$work/a"
check 0
check 0 --set weekly
says 'OK: no volume is expected, all are retired'
check 0 "web1:$work/a" --set weekly
[[ $(head -1 out) == OK:* ]] || failed "the first line is no state"
says "web1:$work/a is retired"
expect 0 backup a --set hourly
check 0 --set weekly
says 'all are retired'
expect 0 backup a --set weekly
check 0 --set weekly
says_not retired
expect 3 "$SNAPFERRY" check --max-age 1d --set nope
says 'UNKNOWN: '

echo "== what goes, and comes again"
for _ in 1 2; do expect 0 backup a --set once; done
expect 0 "$SNAPFERRY" retire --set once "web1:$work/a"
expect 0 "$SNAPFERRY" prune --keep-last 1 --set once
check 0 --set once
says 'all are retired'
expect 0 "$SNAPFERRY" forget --all --yes --set once "web1:$work/a"
mv a away
expect 1 backup a --set once
mv away a
check 2
says "web1:$work/a was asked for in set once"
expect 0 backup a --set once
expect 0 "$SNAPFERRY" retire 'web1:*'
check 0
says 'OK: no volume is expected, all are retired'
expect 0 "$SNAPFERRY" retire --undo 'web1:*'
check 2
says 'web1:stdin:dump was asked for'
says "web1:$work/a was asked for in set offsite"
expect 0 "$SNAPFERRY" retire web1:stdin:dump
expect 0 "$SNAPFERRY" retire --set offsite "web1:$work/a"
check 0

echo "== what cannot begin, and odd names"
expect 1 backup a --set excluding --exclude-from /no/such/file
check 2 --set excluding
expect 0 backup a --set excluding
check 0 --set excluding
ln -s mnt/x link
expect 1 backup "gone/../late" link/ --set odd
check 2 --set odd
mkdir -p gone late mnt/x
echo one >late/file
echo one >mnt/x/file
expect 0 backup "gone/../late" link/ --set odd
check 0 --set odd
id=$("$SNAPFERRY" debug list | grep -o 'expected/.*')
expect 0 "$SNAPFERRY" debug cat "$id"
says '"host": "web1"'
# Nothing fails by it but what asks for it.
mv store/expected store/away
: >store/expected
for words in list stats 'prune --keep-last 9' repair; do
  # shellcheck disable=SC2086
  expect 0 "$SNAPFERRY" $words
done
expect 3 "$SNAPFERRY" check --max-age 1d
says 'UNKNOWN: '
expect 1 backup never --set odd
says 'what was asked for could not be recorded'
expect 1 "$SNAPFERRY" retire "web1:$work/a"
rm store/expected
mv store/away store/expected
check 0

echo "== nothing but a typo"
"$SNAPFERRY" init -q --store "repo:$work/empty"
expect 1 backup --store "repo:$work/empty" typo
expect 0 "$SNAPFERRY" retire --store "repo:$work/empty" "web1:$work/typo"
check 2 --store "repo:$work/empty"
says 'the store holds no snapshot'

echo "== more than there is room for"
mapfile -t many < <(seq -f "$work/no/%05g" 4097)
expect 1 backup --store "repo:$work/empty" "${many[@]}"
says 'could not be recorded'
check 2 --store "repo:$work/empty"
says 'web1: more was asked for than there is room to remember'
expect 0 "$SNAPFERRY" retire -q --host web1 --store "repo:$work/empty" "${many[@]:0:4000}"
expect 1 backup --store "repo:$work/empty" real
check 2 --store "repo:$work/empty"
says "web1:$work/real was asked for"
says_not 'more was asked for'

echo "== native snapshots"
need_root "mounting"
need mkfs.btrfs strace
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

# A host that nobody can reach.
expect 1 "$SNAPFERRY" backup -q --ssh-command /bin/false root@web2:btrfs:/data 'web3:btrfs:/d/**'
check 2
says 'web2:btrfs:/data was asked for'
says 'web3:btrfs:/d/** was asked for'
expect 0 "$SNAPFERRY" retire 'web2:*' 'web3:*'
check 0
# What a killed process left half written goes, and what cannot be recorded is said.
: >"$disk/backup/web1/.expected.new-1"
expect 1 native "${b}x"
[ ! -e "$disk/backup/web1/.expected.new-1" ] || failed "half a record stayed"
check 2
mv "$disk/backup/web1/.expected" kept
mkdir "$disk/backup/web1/.expected"
expect 1 native "${b}y"
says 'could not be recorded'
[ -z "$(find "$disk/backup/web1" -name '.expected.*')" ] || failed "half a record stayed"
rmdir "$disk/backup/web1/.expected"
mv kept "$disk/backup/web1/.expected"
check 2
says "web1:${b}x was asked for"
expect 0 "$SNAPFERRY" retire "web1:${b}x"
check 0
# What cannot be read is not written anew from nothing.
cp "$disk/backup/web1/.expected" kept
unreadable() {
  strace -f -qq -o /dev/null -P .expected -e trace=openat -e inject=openat:error=EIO "$@"
}
expect 3 unreadable "$SNAPFERRY" check --max-age 1d
says 'UNKNOWN: '
expect 1 unreadable "$SNAPFERRY" backup --host web1 -q "${b}z"
says 'could not be recorded'
expect 0 unreadable "$SNAPFERRY" list
cmp -s kept "$disk/backup/web1/.expected" || failed "a record was lost that could not be read"
# A second tier proves no more than the first store knows.
"$SNAPFERRY" init -q --store "btrfs:$disk/second"
expect 0 "$SNAPFERRY" backup -q --from "btrfs:$disk/backup" --store "btrfs:$disk/second"
next_second
next_second
next_second
expect 0 "$SNAPFERRY" backup -q --from "btrfs:$disk/backup" --store "btrfs:$disk/second"
expect 1 "$SNAPFERRY" check --max-age 1s
expect 1 "$SNAPFERRY" check --max-age 1s --store "btrfs:$disk/second"

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

finish
