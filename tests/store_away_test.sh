#!/usr/bin/env bash
# A store on a disk that is not mounted, is mounted read-only, belongs to somebody else, or was swapped
# for another one: nothing is made in its place, and everything can be read that can be read.
source "$(dirname "$(readlink -f "$0")")/script.sh"
need_root "mounting"
need mkfs.ext4
work=$(mktemp -d)
chmod 755 "$work"
disk=$work/disk
cleanup() {
  cd /
  umount -q "$disk" 2>/dev/null || umount -q -l "$disk" 2>/dev/null || true
  rm -rf --one-file-system "$work"
}
trap cleanup EXIT
cd "$work"
export SNAPFERRY_PASSWORD='only for tests' SNAPFERRY_CACHE=$work/cache SNAPFERRY_STORE=repo:$disk/store

# What needs no writing, with the store as it is now; "$@" runs it.
reads_all() {
  local command
  for command in list "ls latest" "verify --read-data" "check --max-age 1d" "key list" claims stats \
    "find one" "diff latest latest" "repair --dry-run"; do
    # shellcheck disable=SC2086
    expect 0 "$@" $command
  done
  rm -rf restored
  expect 0 "$@" restore latest --target restored/here -q
  diff -r source restored/here || failed "a restore differs"
}

mkdir -p source disk
head -c 300000 /dev/urandom >source/one
echo two >source/two
truncate -s 128M image other.image
for image in image other.image; do mkfs.ext4 -q "$image"; done
expect 10 "$SNAPFERRY" list
says 'mount its disk'
says 'snapferry init'
mount -o loop image "$disk" || skip "no loop device to be had"
"$SNAPFERRY" init -q
"$SNAPFERRY" backup source -q

# --- Away ---
umount "$disk"
ln -s "$disk/store" link
for command in "backup source" list "restore latest --target gone" "prune --keep-last 1" "key list"; do
  for store in "$disk/store" "$work/link"; do
    # shellcheck disable=SC2086
    expect 10 "$SNAPFERRY" $command --store "$store"
    says_like 'the store that was here (id [0-9a-f]*) is not; is its disk mounted?'
    says_not 'init'
  done
done
expect 1 "$SNAPFERRY" init
says 'is its disk mounted?'
[ -z "$(ls -A disk)" ] || failed "something was made in the mount point"

# --- Swapped: another repository, without encryption ---
mount -o loop other.image "$disk"
SNAPFERRY_CACHE=$work/other-cache "$SNAPFERRY" init -q --encryption none
expect 1 env -u SNAPFERRY_PASSWORD "$SNAPFERRY" backup source
says 'is not encrypted, and the one that was here'
[ -z "$(ls -A disk/store/packs 2>/dev/null)" ] || failed "a backup went into a foreign store"
expect 0 env -u SNAPFERRY_PASSWORD "$SNAPFERRY" backup source --accept-changed-store
expect 0 env -u SNAPFERRY_PASSWORD "$SNAPFERRY" list
umount "$disk"

# --- Back, read-only ---
mount -o loop image "$disk"
mount -o remount,ro "$disk"
reads_all "$SNAPFERRY"
for command in "backup source" "prune --keep-last 1" "key recovery" repair; do
  # shellcheck disable=SC2086
  expect 1 "$SNAPFERRY" $command
  says 'Read-only file system'
done
rm -rf cache
reads_all "$SNAPFERRY"
mount -o remount,rw "$disk"

# --- Somebody else's, and without a cache ---
chmod -R a+rX "$disk" source
mkdir -m 777 user
nobody() { (cd user && exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"); }
for command in list "verify --read-data" "check --max-age 1d" "repair --dry-run" \
  "restore latest --target here -q"; do
  # shellcheck disable=SC2086
  expect 0 nobody env SNAPFERRY_CACHE=/nonexistent/cache "$SNAPFERRY" $command
  says 'the cache cannot be used'
  [ "$(grep -c 'the cache cannot be used' out)" = 1 ] || failed "said more than once: $command"
  # shellcheck disable=SC2086
  [[ $command = restore* ]] || expect 0 nobody env -u SNAPFERRY_CACHE -u HOME -u XDG_CACHE_HOME "$SNAPFERRY" $command
done
cmp source/one user/here/one || failed "a restore by another user differs"
expect 1 nobody env SNAPFERRY_CACHE="$work/user/cache" "$SNAPFERRY" backup "$work/source"
says 'Permission denied'

finish "every store was told from what was in its place, and read where it can be"
