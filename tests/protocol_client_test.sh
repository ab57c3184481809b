#!/usr/bin/env bash
# The agent and a client that was written from src/wire/PROTOCOL.md in another language, on two real
# btrfs: what a backup needs, and what a hostile client tries.
source "$(dirname "$(readlink -f "$0")")/script.sh"
need_root "mounting a btrfs"
need mkfs.btrfs python3
work=$(mktemp -d)
loops=()
cleanup() {
  for place in "$work/source" "$work/backup"; do
    umount -q "$place" 2>/dev/null || umount -q -l "$place" 2>/dev/null || true
  done
  for loop in "${loops[@]}"; do losetup -d "$loop" 2>/dev/null || true; done
  rm -rf "$work"
}
trap cleanup EXIT

for name in source backup; do
  truncate -s 320M "$work/$name.img"
  make_btrfs "$work/$name.img"
  loop=$(losetup --find --show "$work/$name.img") || skip "no loop device to be had"
  loops+=("$loop")
  mkdir "$work/$name"
  mount "$loop" "$work/$name" || skip "this kernel has no btrfs"
done
"$SNAPFERRY" init -q --store "btrfs:$work/backup/store" </dev/null
PYTHONDONTWRITEBYTECODE=1 python3 "$(dirname "$0")/protocol_scenarios.py" "$SNAPFERRY" "$work"
