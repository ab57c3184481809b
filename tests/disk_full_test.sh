#!/usr/bin/env bash
# A full disk during backup, prune and restore: a clear error, nothing lost, and it
# works again once there is room.
source "$(dirname "$(readlink -f "$0")")/script.sh"
need_root "mounting a small filesystem"
need mkfs.btrfs mkfs.xfs mkfs.ext4
work=$(mktemp -d)
small=$work/small
mkdir "$small" "$work/source"
mount -t tmpfs -o size=24m tmpfs "$small" || skip "cannot mount a tmpfs here"
trap 'umount -q -l "$work/real" || true; umount -q -l "$small" || true; rm -rf --one-file-system "$work"' EXIT

export SNAPFERRY_STORE=repo:$small/store SNAPFERRY_PASSWORD=secret SNAPFERRY_CACHE=$work/cache

expect 0 "$SNAPFERRY" init
head -c 8M /dev/urandom >"$work/source/first"
expect 0 "$SNAPFERRY" backup "$work/source"

# Backup: 32 MiB more do not fit.
head -c 32M /dev/urandom >"$work/source/second"
expect 14 "$SNAPFERRY" backup "$work/source"
grep -q "no space\|No space" "$work/out" || failed "the message does not say why"
[ "$(wc -l <"$work/out")" -le 3 ] || failed "more than a clear line"
expect 0 "$SNAPFERRY" list
says "source"
expect 0 "$SNAPFERRY" verify --read-data

# It works again once there is room.
mount -o remount,size=64m "$small"
expect 0 "$SNAPFERRY" backup "$work/source"
expect 0 "$SNAPFERRY" verify --read-data

# Prune with no room at all frees what can go whole, and then has room to rewrite.
rm "$work/source/second"
head -c 1M /dev/urandom >"$work/source/third"
expect 0 "$SNAPFERRY" backup "$work/source"
head -c 64M /dev/zero >"$small/ballast" 2>/dev/null || true
expect 0 "$SNAPFERRY" prune --keep-last 1
says_like "^freed"
rm "$small/ballast"
expect 0 "$SNAPFERRY" verify --read-data
expect 0 "$SNAPFERRY" prune --keep-last 1
expect 0 "$SNAPFERRY" verify --read-data

# Restore onto a full disk leaves no half file and goes on once there is room.
head -c 64M /dev/zero >"$small/ballast" 2>/dev/null || true
expect 14 "$SNAPFERRY" restore latest --target "$small/target"
rm "$small/ballast"
expect 0 "$SNAPFERRY" restore latest --target "$small/target" --overwrite changed
diff -r "$work/source" "$small/target" || failed "a restore differs"

# Not a block is free, not even for a name: what nothing needs goes, and nothing is damage after it.
mkdir "$work/real"
for filesystem in ext4:60 xfs:320 btrfs:120; do
  kind=${filesystem%:*}
  rm -rf "$work/image" "$work/source"
  truncate -s "${filesystem#*:}M" "$work/image"
  "mkfs.$kind" -q "$work/image" >/dev/null
  mount -o loop "$work/image" "$work/real"
  export SNAPFERRY_STORE=repo:$work/real/store
  mkdir "$work/source"
  expect 0 "$SNAPFERRY" init
  head -c 12M /dev/urandom >"$work/source/dead"
  expect 0 "$SNAPFERRY" backup "$work/source"
  rm "$work/source/dead"
  echo alive >"$work/source/alive"
  expect 0 "$SNAPFERRY" backup "$work/source"
  for size in 64K 512; do
    dd if=/dev/zero of="$work/real/ballast$size" bs="$size" status=none 2>/dev/null || true
  done
  for number in $(seq 300); do echo x 2>/dev/null >"$work/real/ballast$number" || break; done
  expect 0 "$SNAPFERRY" prune --keep-last 1
  packs=$(du -sm "$work/real/store/packs" | cut -f1)
  [ "$packs" -lt 6 ] || failed "$kind: $packs MiB of packs are left"
  expect 0 "$SNAPFERRY" verify --read-data
  rm -rf "$work/restored"
  expect 0 "$SNAPFERRY" restore latest --target "$work/restored"
  diff -r "$work/source" "$work/restored" || failed "a restore differs"
  umount "$work/real"
done

finish
