#!/usr/bin/env bash
# What is known against a native copy is never forgotten on the way: not by prune, not by restore, not
# by a note of an unchanged volume; and what stood in the way of one snapshot stands in the way of
# no other.
source "$(dirname "$(readlink -f "$0")")/script.sh"
need_root "mounting a btrfs"
need mkfs.btrfs
work=$(mktemp -d)
loops=()
cleanup() {
  for place in "$work/source" "$work/backup"; do umount -q -l "$place" 2>/dev/null || true; done
  for loop in "${loops[@]}"; do losetup -d "$loop" 2>/dev/null || true; done
  rm -rf "$work"
}
trap cleanup EXIT

mount_btrfs() { # NAME SIZE
  truncate -s "$2" "$work/$1.img"
  make_btrfs "$work/$1.img"
  local loop
  loop=$(losetup --find --show "$work/$1.img") || skip "no loop device to be had"
  loops+=("$loop")
  mkdir "$work/$1"
  mount "$loop" "$work/$1" || skip "this kernel has no btrfs"
}
mount_btrfs source 256M
mount_btrfs backup 256M
export SNAPFERRY_STORE=btrfs:$work/backup/store SNAPFERRY_CACHE=$work/cache
volume=
make_volume() {
  volume=btrfs:$work/source/$1
  btrfs -q subvolume create "$work/source/$1" >/dev/null
  echo one >"$work/source/$1/file"
  back_up
}
back_up() { next_second; expect "${1:-0}" "$SNAPFERRY" backup "$volume"; }
newest() { find "$work/backup/store" -mindepth 3 -maxdepth 3 -path "*$1/snapferry_*" | sort | tail -1; }
tamper_with() {
  btrfs property set -f "$1" ro false
  echo foreign >"$1/file"
  btrfs property set "$1" ro true
  sync -f "$work/backup"
}
expect 0 "$SNAPFERRY" init

echo "== a changed copy is no reason to remove a sound one"
make_volume pruned
echo two >"$work/source/pruned/file"
back_up
tamper_with "$(newest pruned)"
expect 0 "$SNAPFERRY" prune --keep-last 1
says "nothing goes"
expect 0 "$SNAPFERRY" list
[ "$(grep -c pruned "$work/out")" = 2 ] || failed "a snapshot went: $(cat "$work/out")"

echo "== a restore of a changed copy says so"
expect 3 "$SNAPFERRY" restore "$volume" --target "$work/files"
says "may not be what was backed up"
expect 3 "$SNAPFERRY" restore "$volume" --target "btrfs:$work/source/again"
says "may not be what was backed up"

echo "== a note of an unchanged volume ends with its snapshot"
make_volume noted
next_second; next_second; next_second
echo two >"$work/source/noted/file"
back_up
back_up
says "unchanged"
id=$("$SNAPFERRY" list --json "$volume" | grep -o '"id":"[0-9a-f]*"' | tail -1 | cut -d'"' -f4)
expect 0 "$SNAPFERRY" forget --yes "$id"
expect 1 "$SNAPFERRY" check "$volume" --max-age 2s

echo "== a snapshot that cannot be sent stands in the way of none that can"
make_volume deep
(cd "$work/source/deep"
 name=$(printf 'd%.0s' $(seq 200))
 for _ in $(seq 25); do mkdir "$name" && cd "$name"; done)
back_up 1
says "longer than 4,096 bytes"
rm -rf "$work/source/deep"/ddd*
echo two >"$work/source/deep/file"
back_up
says "only the newest of this set goes"
back_up
says "unchanged"
expect 0 "$SNAPFERRY" restore "$volume" --target "$work/deep"
cmp "$work/source/deep/file" "$work/deep/file" || failed "the newest is not in the store"

finish "all went well"
