#!/usr/bin/env bash
# What a file is, on real filesystems and with the whole program: inode attributes and project ids
# (ext4, XFS, btrfs), targets that keep less (exFAT by FUSE), rights without their owner, files of
# the kernel's own, and streams that must not be kept.
source "$(dirname "$(readlink -f "$0")")/script.sh"
need_root "mounting and inode attributes"
need chattr lsattr getfattr setfattr mkfs.ext4 mkfs.xfs mkfs.btrfs mkfs.exfat mount.exfat-fuse

work=$(mktemp -d)
mounted=()
loop=
cleanup() {
  for mount in "${mounted[@]}"; do
    chattr -R -i -a "$mount" 2>/dev/null || true
    umount -q "$mount" || umount -q -l "$mount" || true
  done
  [ -z "$loop" ] || losetup -d "$loop"
  rm -rf "$work"
}
trap cleanup EXIT
export SNAPFERRY_PASSWORD=secret SNAPFERRY_CACHE=$work/cache SNAPFERRY_STORE=repo:$work/store LC_ALL=C
"$SNAPFERRY" init >/dev/null


# disk NAME SIZE MKFS…: mounted at $work/NAME; fails where this system has no such filesystem.
disk() {
  local name=$1 size=$2
  shift 2
  truncate -s "$size" "$work/$name.image"
  "$@" "$work/$name.image" >/dev/null 2>&1 || return 1
  mkdir -p "$work/$name"
  mount -o loop "$work/$name.image" "$work/$name" 2>/dev/null || return 1
  mounted=("$work/$name" "${mounted[@]}")
}

attributes() { (cd "$1" && find . -type f -o -type d | sort | xargs lsattr -dp | sed 's/e/-/'); }

try_attributes() { # NAME LETTERS…: of its files, one letter each
  local disk=$work/$1 letter
  shift
  mkdir -p "$disk/source/locked"
  echo text >"$disk/source/locked/below"
  for letter; do
    : >"$disk/source/$letter"
    # No-copy-on-write is for empty files alone.
    [ "$letter" != C ] || chattr +C "$disk/source/$letter"
    echo "$letter" >"$disk/source/$letter"
  done
  ln "$disk/source/i" "$disk/source/locked/linked"
  chattr -p 42 "$disk/source/locked/below" 2>/dev/null || true
  for letter; do [ "$letter" = C ] || chattr "+$letter" "$disk/source/$letter"; done
  chattr +i "$disk/source/locked"
  expect 0 "$SNAPFERRY" backup "$disk/source"
  expect 0 "$SNAPFERRY" restore latest --target "$disk/target"
  attributes "$disk/source" >"$work/wanted"
  attributes "$disk/target" >"$work/got"
  diff "$work/wanted" "$work/got" >"$work/difference" ||
    failed "attributes on ${disk##*/}: $(cat "$work/difference")"
  [ "$disk/target/i" -ef "$disk/target/locked/linked" ] || failed "the link was lost on ${disk##*/}"
}

# Not every kernel has quotas.
if disk ext4 64M mkfs.ext4 -q -O project,quota || disk ext4 64M mkfs.ext4 -q -F; then
  try_attributes ext4 i a d A S
fi
if disk xfs 320M mkfs.xfs -q; then try_attributes xfs i a d A S; fi
if disk btrfs 256M mkfs.btrfs -q; then
  try_attributes btrfs i a d A C
  # From there to where no-copy-on-write is unknown: said once with the path, and all else is done.
  if mountpoint -q "$work/ext4"; then
    expect 3 "$SNAPFERRY" restore latest --target "$work/ext4/other"
    says 'inode attributes "C"'
  fi
fi

# exFAT has neither owners nor modes, and its times are coarse.
if [ -e /dev/fuse ]; then
  truncate -s 64M "$work/exfat.image"
  mkdir "$work/exfat" "$work/plain"
  touch -d '2020-01-01 00:00:01.123456789' "$work/plain/"{one,two}
  expect 0 "$SNAPFERRY" backup "$work/plain"
  mkfs.exfat "$work/exfat.image" >/dev/null
  loop=$(losetup -f --show "$work/exfat.image")
  if mount.exfat-fuse "$loop" "$work/exfat" >/dev/null 2>&1; then
    mounted=("$work/exfat" "${mounted[@]}")
    expect 0 "$SNAPFERRY" restore latest --target "$work/exfat/target"
    [ "$(grep -c 'modification times' "$work/out")" = 1 ] || failed "times: $(cat "$work/out")"
    seconds=$(stat -c %Y "$work/exfat/target/one")
    [ $((seconds - $(stat -c %Y "$work/plain/one"))) -le 2 ] || failed "exFAT has the time $seconds"
  fi
fi

# A file of the kernel's own says that it is empty.
expect 0 "$SNAPFERRY" backup /proc/version
"$SNAPFERRY" cat "$(hostname):/proc/version" | cmp - /proc/version || failed "/proc/version was cut"

# Root of a user namespace may not give files away.
mkdir "$work/set-id"
echo '#!/bin/sh' >"$work/set-id/tool"
chown 1234:1234 "$work/set-id/tool"
chmod 6755 "$work/set-id/tool"
expect 0 "$SNAPFERRY" backup "$work/set-id"
if unshare -Ur true 2>/dev/null; then
  chmod 777 "$work"
  expect 3 unshare -Ur "$SNAPFERRY" restore latest --target "$work/mine"
  says "setuid bits were not restored"
  [ "$(stat -c %a "$work/mine/tool")" = 755 ] || failed "mode $(stat -c %a "$work/mine/tool")"
fi

# What the target does not take: everything else is set, and what is lost is named and counted.
if mountpoint -q "$work/btrfs" && mountpoint -q "$work/ext4"; then
  rich=$work/btrfs/rich
  mkdir "$rich"
  echo text >"$rich/big"
  setfattr -n user.big -v "$(head -c 12000 /dev/zero | tr '\0' x)" "$rich/big"
  setfattr -n user.last -v 1 "$rich/big"
  chmod 640 "$rich/big"
  touch -d 2011-11-11 "$rich/big"
  expect 0 "$SNAPFERRY" backup "$rich"
  expect 3 "$SNAPFERRY" restore latest --target "$work/ext4/rich"
  says 'big: the filesystem of the target takes no extended attribute of the size of user.big'
  [ "$(stat -c '%a %Y' "$work/ext4/rich/big")" = "$(stat -c '%a %Y' "$rich/big")" ] ||
    failed "one attribute cost the mode or the time"
  getfattr -n user.last "$work/ext4/rich/big" >/dev/null 2>&1 || failed "or the next attribute"
fi

# Streams that are none.
count() { "$SNAPFERRY" list --json | grep -c stdin: || true; }
expect 2 "$SNAPFERRY" backup --stdin dump <&-
expect 2 "$SNAPFERRY" backup --stdin dump <"$work"
expect 1 "$SNAPFERRY" backup --stdin dump </dev/null
expect 1 "$SNAPFERRY" backup --stdin-command dump -- sh -c 'echo half; exit 3'
says "exit status 3"
[ "$(count)" = 0 ] || failed "a stream that failed was kept"
expect 0 "$SNAPFERRY" backup --stdin-command dump -- echo whole
[ "$(count)" = 1 ] || failed "a stream was lost"

finish
