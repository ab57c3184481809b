#!/usr/bin/env bash
# The program on two real btrfs: everything that a person does with native snapshots.
source "$(dirname "$(readlink -f "$0")")/script.sh"
need_root "mounting a btrfs"
need mkfs.btrfs strace
work=$(mktemp -d)
source=$work/source
backup=$work/backup
loops=()
cleanup() {
  for place in "$work/look" "$work/mounted" "$work/twice" "$backup" "$source"; do
    umount -q "$place" 2>/dev/null || umount -q -l "$place" 2>/dev/null || true
  done
  for loop in "${loops[@]}"; do losetup -d "$loop" 2>/dev/null || true; done
  rm -rf "$work"
}
trap cleanup EXIT

mount_btrfs() { # IMAGE DIRECTORY SIZE
  truncate -s "$3" "$1"
  make_btrfs "$1"
  local loop
  loop=$(losetup --find --show "$1") || skip "no loop device to be had"
  loops+=("$loop")
  mkdir "$2"
  mount "$loop" "$2" || skip "this kernel has no btrfs"
}
mount_btrfs "$work/source.img" "$source" 512M
mount_btrfs "$work/backup.img" "$backup" 320M

store=btrfs:$backup/snapferry
export SNAPFERRY_STORE=$store SNAPFERRY_CACHE=$work/cache
volume=btrfs:$source/home
# What run says of the only volume: its member $1.
member() { sed -n "s/.*\"type\":\"volume\".*\"$1\":\"\{0,1\}\([^\",]*\).*/\1/p" "$work/out"; }
back_up() { next_second; expect 0 "$SNAPFERRY" backup "$@" --json; }
check_outcome() { [ "$(member outcome)" = "$1" ] || failed "outcome '$(member outcome)' is not '$1': $(cat "$work/out")"; }

btrfs -q subvolume create "$source/home" >/dev/null
mkdir "$source/home/docs"
echo hello >"$source/home/docs/a.txt"
head -c 20M /dev/urandom >"$source/home/big"

echo "== init"
expect 10 "$SNAPFERRY" backup "$volume"
says "snapferry init"
expect 0 "$SNAPFERRY" init
expect 1 "$SNAPFERRY" init
says "already"
[ "$(stat -c %a "$backup/snapferry")" = 700 ] || failed "others can look into the store"

echo "== dry run, first, unchanged, incremental"
expect 0 "$SNAPFERRY" backup "$volume" --dry-run
says "full"
expect 0 "$SNAPFERRY" list
says "no snapshots yet"
back_up "$volume"
check_outcome sent
[ -z "$(member base)" ] || failed "the first is not full"
[ "$(member bytes)" -gt 20000000 ] || failed "the first did not send everything"
back_up "$volume"
check_outcome unchanged
[ "$(member bytes)" = 0 ] || failed "unchanged sent $(member bytes) bytes"
[ "$("$SNAPFERRY" list --quiet | wc -l)" = 1 ] || failed "unchanged made a snapshot"
strace -f -qq -e trace=execve -o "$work/trace" "$SNAPFERRY" backup "$volume" >/dev/null
started=$(grep -c execve "$work/trace")
[ "$started" -le 3 ] || failed "unchanged started $started processes"
echo changed >"$source/home/docs/a.txt"
back_up "$volume"
check_outcome sent
[ -n "$(member base)" ] || failed "the second is not incremental"
[ "$(member bytes)" -lt 1000000 ] || failed "the second sent $(member bytes) bytes"

echo "== list, ls, cat, diff, find, stats, check, verify"
expect 0 "$SNAPFERRY" list
says "$volume"
mapfile -t ids < <("$SNAPFERRY" list --quiet | awk '{print $1}')
[ "${#ids[@]}" = 2 ] || failed "there are ${#ids[@]} snapshots"
expect 0 "$SNAPFERRY" ls "$volume" docs
says "a.txt"
[ "$("$SNAPFERRY" cat "${ids[0]}" docs/a.txt)" = hello ] || failed "cat of the first"
[ "$("$SNAPFERRY" cat "$volume" docs/a.txt)" = changed ] || failed "cat of the newest"
"$SNAPFERRY" cat latest big | cmp - "$source/home/big" || failed "cat of a big file"
expect 0 "$SNAPFERRY" diff "${ids[0]}" "${ids[1]}"
says "M docs/a.txt"
! grep -q big "$work/out" || failed "diff names a file that did not change"
expect 0 "$SNAPFERRY" find a.txt
says "${ids[0]}"
says "${ids[1]}"
expect 0 "$SNAPFERRY" stats
says "volumes"
expect 0 "$SNAPFERRY" check --max-age 1h
says "OK:"
expect 0 "$SNAPFERRY" verify --read-data
says "no damage"

echo "== restore of files"
expect 0 "$SNAPFERRY" restore "${ids[0]}" --target "$work/target"
[ "$(cat "$work/target/docs/a.txt")" = hello ] || failed "restored content"
cmp "$work/target/big" "$source/home/big" || failed "restored big file"
expect 0 "$SNAPFERRY" restore "$volume" docs --target "$work/part"
[ ! -e "$work/part/big" ] || failed "restore of a path restored more"
diff -r "$work/part/docs" "$source/home/docs" || failed "restored path"

echo "== mount"
if [ -c /dev/fuse ]; then
  mkdir "$work/look"
  "$SNAPFERRY" mount "$work/look" >"$work/mount.out" 2>&1 &
  mounted=$!
  for _ in $(seq 500); do ! grep -q "is at" "$work/mount.out" || break; read -r -t 0.02 <> <(:) || true; done
  found=$(find "$work/look" -path '*latest/docs/a.txt' -o -name a.txt -path "*/docs/*" | head -1)
  [ -n "$found" ] && grep -q 'hello\|changed' "$found" || failed "the mount does not show files: $(cat "$work/mount.out")"
  umount "$work/look"
  wait "$mounted" || failed "mount ended with $?"
fi

echo "== whole volume, and the next backup goes on from it"
expect 1 "$SNAPFERRY" restore "$volume" --target "$volume"
says "already"
expect 0 "$SNAPFERRY" restore "$volume" --target "btrfs:$source/restored" --dry-run
[ ! -e "$source/restored" ] || failed "a dry run restored"
expect 0 "$SNAPFERRY" restore "$volume" --target "btrfs:$source/restored"
says "flags of files (immutable, append-only, no copy-on-write) are not part of btrfs streams"
diff -r "$source/home" "$source/restored" || failed "the restored volume differs"
echo more >"$source/restored/docs/new" || failed "the restored volume is not writable"
btrfs -q subvolume delete "$source/home" >/dev/null
mv "$source/restored" "$source/home"
back_up "$volume"
check_outcome sent
[ -n "$(member base)" ] || failed "the backup after a restore is not incremental"
[ "$(member bytes)" -lt 1000000 ] || failed "the backup after a restore sent $(member bytes) bytes"
[ "$("$SNAPFERRY" cat "$volume" docs/new)" = more ] || failed "content after a restore"

echo "== a renamed volume has its copy under the new name"
before=$("$SNAPFERRY" list --quiet | wc -l)
mv "$source/home" "$source/people"
echo renamed >"$source/people/docs/a.txt"
expect 0 "$SNAPFERRY" backup "btrfs:$source/people" --dry-run
says "was named $volume before"
back_up "btrfs:$source/people"
check_outcome sent
[ -n "$(member base)" ] || failed "the renamed volume was sent whole"
[ "$(member renamed_from)" = "$volume" ] || failed "does not say how it was named"
[ "$("$SNAPFERRY" list --quiet "btrfs:$source/people" | wc -l)" = $((before + 1)) ] || failed "list by the new name"
expect 0 "$SNAPFERRY" check --max-age 1h "btrfs:$source/people"
[ "$("$SNAPFERRY" cat "btrfs:$source/people" docs/a.txt)" = renamed ] || failed "cat by the new name"
expect 1 "$SNAPFERRY" list "$volume"
says "no such volume"

echo "== and a new volume of the old name a place of its own"
btrfs -q subvolume create "$source/home" >/dev/null
echo new >"$source/home/file"
back_up "$volume"
check_outcome sent
[ "$("$SNAPFERRY" cat "$volume" file)" = new ] || failed "cat of the new volume"
mv "$source/home" "$source/newer"
mv "$source/people" "$source/home"
btrfs -q subvolume create "$source/people" >/dev/null
echo newest >"$source/people/file"
next_second
# One name goes round: each copy goes along with its volume.
expect 0 "$SNAPFERRY" backup "btrfs:$source/home" "btrfs:$source/newer" "btrfs:$source/people"
for each in "people newest" "newer new"; do
  [ "$("$SNAPFERRY" cat "btrfs:$source/${each% *}" file)" = "${each#* }" ] || failed "content of ${each% *}"
done
[ "$("$SNAPFERRY" cat "$volume" docs/a.txt)" = renamed ] || failed "content of home"
expect 0 "$SNAPFERRY" verify
expect 0 "$SNAPFERRY" restore "btrfs:$source/newer" --target "$work/newer"
[ "$(cat "$work/newer/file")" = new ] || failed "restore by the new name"
expect 0 "$SNAPFERRY" forget --yes --all "btrfs:$source/newer" "btrfs:$source/people"
btrfs -q subvolume delete "$source/newer" "$source/people" >/dev/null
mv "$source/home" "$source/people"

echo "== sets, prune, forget"
for round in 1 2 3; do
  echo "$round" >"$source/people/docs/round"
  back_up "btrfs:$source/people" --set hourly
done
expect 0 "$SNAPFERRY" prune --keep-last 1 --dry-run
says "would remove"
expect 0 "$SNAPFERRY" prune --keep-last 1
says "removed"
before=$("$SNAPFERRY" list --quiet | wc -l)
oldest=$("$SNAPFERRY" list --quiet | awk 'NR == 1 {print $1}')
expect 0 "$SNAPFERRY" forget "$oldest"
[ "$("$SNAPFERRY" list --quiet | wc -l)" = $((before - 1)) ] || failed "forget forgot nothing"
echo last >"$source/people/docs/round"
back_up "btrfs:$source/people" --set hourly
[ -n "$(member base)" ] || failed "prune broke the chain"
expect 0 "$SNAPFERRY" verify

echo "== diverged, and started anew"
rm -rf "${source:?}/other"
btrfs -q subvolume create "$source/other" >/dev/null
echo one >"$source/other/file"
back_up "btrfs:$source/other"
btrfs -q subvolume delete "$source/other" "$source"/.snapferry/other/* >/dev/null
btrfs -q subvolume create "$source/other" >/dev/null
echo two >"$source/other/file"
next_second
# Nobody is there to be asked: the old copy is set aside, and that is said.
back_up "btrfs:$source/other"
check_outcome sent
says "set aside"
says_one_line
[ "$("$SNAPFERRY" cat "btrfs:$source/other" file)" = two ] || failed "content after starting anew"
says_old=$("$SNAPFERRY" list --quiet | grep -c "btrfs:$source/other")
[ "$says_old" -ge 2 ] || failed "the old copy is gone"

echo "== restored beside, and swapped"
next_second
expect 0 "$SNAPFERRY" restore "btrfs:$source/other" --target "btrfs:$source/other-restored"
echo three >"$source/other/file"
back_up "btrfs:$source/other"
[ -n "$(ls "$source/.snapferry/other-restored")" ] || failed "a run for one destroyed the origin of the other"
mv "$source/other" "$source/other-broken"
mv "$source/other-restored" "$source/other"
echo four >"$source/other/file"
back_up "btrfs:$source/other"
[ -n "$(member base)" ] || failed "not incremental after a swap"
[ "$("$SNAPFERRY" cat "btrfs:$source/other" file)" = four ] || failed "content after a swap"

echo "== a mounted volume that is rolled back, with the stub of a subvolume in it"
device=$(findmnt -no SOURCE "$source")
umount "$source"
mount "$device" "$source"
btrfs -q subvolume create "$source/@home" >/dev/null
mkdir "$work/mounted"
mount -o subvol=@home "$device" "$work/mounted"
echo one >"$work/mounted/file"
back_up "btrfs:$work/mounted"
btrfs -q subvolume snapshot "$source/@home" "$source/@good" >/dev/null
umount "$work/mounted"
mv "$source/@home" "$source/@bad"
mv "$source/@good" "$source/@home"
mount -o subvol=@home "$device" "$work/mounted"
echo two >"$work/mounted/file"
back_up "btrfs:$work/mounted"
[ -n "$(member base)" ] || failed "not incremental after a rollback"
[ "$("$SNAPFERRY" cat "btrfs:$work/mounted" file)" = two ] || failed "content after a rollback"

echo "== and where what was common cannot be reached"
btrfs -q subvolume snapshot "$source/@home" "$source/@good" >/dev/null
umount "$work/mounted"
umount "$source"
mount "$device" "$source"
mv "$source/@home" "$source/@worse"
mv "$source/@good" "$source/@home"
umount "$source"
mount -o subvol=@home "$device" "$work/mounted"
echo three >"$work/mounted/file"
back_up "btrfs:$work/mounted"
check_outcome sent
says "no snapshot in common"
[ "$("$SNAPFERRY" cat "btrfs:$work/mounted" file)" = three ] || failed "content after a full one"
echo four >"$work/mounted/file"
back_up "btrfs:$work/mounted"
[ -n "$(member base)" ] || failed "not incremental after a full one"
umount "$work/mounted"
mount "$device" "$source"

echo "== a client that never returns"
replica=$(find "$backup" -maxdepth 3 -type d -name '*%2Fother')
[ -d "$replica" ] || failed "no replica to leave something in"
btrfs -q subvolume create "$replica/.partial" >/dev/null
flock "$replica" "$SNAPFERRY" prune >/dev/null
[ -d "$replica/.partial" ] || failed "prune took what somebody is receiving"
expect 0 "$SNAPFERRY" prune --dry-run
[ -e "$replica/.partial" ] || failed "a dry run took something"
expect 0 "$SNAPFERRY" prune
[ ! -e "$replica/.partial" ] || failed "prune left what nobody receives any more"
says "other: discarded what a receive left half done"
btrfs -q subvolume create "$replica/.partial" >/dev/null
expect 0 "$SNAPFERRY" backup "btrfs:$source/other"
[ ! -e "$replica/.partial" ] || failed "a run without changes left what nobody receives any more"

echo "== a copy that was set aside"
expect 0 "$SNAPFERRY" check --max-age 1d
says_like "set aside, and not counted: .*/other.diverged-1"

echo "== a second tier"
expect 0 "$SNAPFERRY" init --store "btrfs:$backup/tier2"
before=$("$SNAPFERRY" list --quiet | sort)
expect 0 "$SNAPFERRY" backup --from "$store" --store "btrfs:$backup/tier2"
[ "$("$SNAPFERRY" list --quiet | sort)" = "$before" ] || failed "the first tier was changed"
[ "$("$SNAPFERRY" list --quiet --store "btrfs:$backup/tier2" | sort)" = "$before" ] || failed "the tiers differ"
expect 0 "$SNAPFERRY" verify --read-data --store "btrfs:$backup/tier2"
expect 2 "$SNAPFERRY" backup --from "$store"
next_second
echo five >"$source/other/file"
expect 0 "$SNAPFERRY" backup "btrfs:$source/other"
expect 0 "$SNAPFERRY" backup --from "$store" --store "btrfs:$backup/tier2"
says "incremental"

echo "== what was changed in the first tier is not sent on"
replica=$(find "$backup/snapferry" -maxdepth 3 -type d -name '*%2Fother')
newest=$(ls "$replica" | sort | tail -1)
btrfs property set -f "$replica/$newest" ro false
expect 3 "$SNAPFERRY" backup --from "$store" --store "btrfs:$backup/tier2"
says "other: it is not sent on: @$newest was made writable"
btrfs -q subvolume delete "$replica/$newest" >/dev/null

echo "== a disk that is away"
expect 1 "$SNAPFERRY" backup "btrfs:$work/away/**"
says "covers no volume"
expect 3 "$SNAPFERRY" backup "btrfs:$work/away/**" "btrfs:$source/people"
expect 0 "$SNAPFERRY" backup "btrfs:$work/away/**" --allow-empty
mkdir "$work/empty" "$source/empty"
for place in "$work/empty" "$work/nowhere" "$source/empty"; do
  expect 1 "$SNAPFERRY" backup "btrfs:$place"
  says "is its disk mounted?"
  says_one_line
done
rmdir "$work/empty" "$source/empty"
expect 1 "$SNAPFERRY" restore "btrfs:$source/people" --target "btrfs:$source/missing/place"
says "there is no directory $source/missing to make it in; make that first"
ln -s "$source/nowhere" "$backup/dangling"
expect 1 "$SNAPFERRY" init --store "btrfs:$backup/dangling"
says "is a symlink to where nothing is"
rm "$backup/dangling"

echo "== one subvolume by two paths"
btrfs -q subvolume create "$source/@two" >/dev/null
mkdir "$work/twice"
mount -o subvol=@two "${loops[0]}" "$work/twice"
echo one >"$source/@two/file"
back_up "btrfs:$source/@two"
for path in "$work/twice" "$source/@two" "$work/twice"; do
  echo "$path" >"$work/twice/file"
  back_up "btrfs:$path" --set default
  check_outcome sent
  grep -q '"replica":"[^"]*@two"' "$work/out" || failed "another copy: $(cat "$work/out")"
done
expect 0 "$SNAPFERRY" backup "btrfs:$source/@two" "btrfs:$work/twice"
umount "$work/twice"

echo "== a place that is too long for a name"
long=$source
for _ in $(seq 10); do long=$long/a-directory-of-some-length; done
mkdir -p "$long"
btrfs -q subvolume create "$long/v" >/dev/null
echo deep >"$long/v/file"
back_up "btrfs:$long/v"
[ "$("$SNAPFERRY" cat "btrfs:$long/v" file)" = deep ] || failed "the deep file cannot be read"
expect 0 "$SNAPFERRY" check "btrfs:$long/v" --max-age 1d

echo "== damage that verify finds is not carried on"
btrfs -q subvolume create "$source/marked" >/dev/null
{ echo MARKER-OF-DAMAGE; head -c 100k /dev/urandom; } >"$source/marked/file"
back_up "btrfs:$source/marked"
umount "$backup"
at=$(grep -abo MARKER-OF-DAMAGE "$work/backup.img" | head -1 | cut -d: -f1)
[ -n "$at" ] || failed "the marker is not on the disk"
printf X | dd of="$work/backup.img" bs=1 seek="$at" conv=notrunc status=none
mount "${loops[1]}" "$backup"
expect 13 "$SNAPFERRY" verify --read-data
says_like "marked@.*cannot read"
says "sets that copy aside"
expect 1 "$SNAPFERRY" check "btrfs:$source/marked" --max-age 1d
says_like "has no sound snapshot: @.* was found damaged by verify"
back_up "btrfs:$source/marked"
says "was found damaged by verify"
expect 0 "$SNAPFERRY" restore "btrfs:$source/marked" --target "btrfs:$source/marked-again"
diff -r --exclude .snapferry "$source/marked" "$source/marked-again" || failed "the new copy differs"
expect 0 "$SNAPFERRY" check "btrfs:$source/marked" --max-age 1d
expect 0 "$SNAPFERRY" forget --yes --all "btrfs:$source/marked.diverged-1"
expect 0 "$SNAPFERRY" verify --read-data

echo "== bad input"
expect 1 "$SNAPFERRY" backup "btrfs:$source/nothing"
says_one_line
expect 2 "$SNAPFERRY" backup "btrfs:$source/people" --set "a_b"
says_one_line
expect 1 "$SNAPFERRY" backup "zfs:tank/home"
says "zfs"
says_one_line
expect 1 "$SNAPFERRY" backup "$source/people"
says "repository"
says_one_line
expect 10 "$SNAPFERRY" list --store "btrfs:$work/missing"
says_one_line
expect 1 "$SNAPFERRY" key list
says_one_line
expect 2 "$SNAPFERRY" backup "btrfs:$source/people" --exclude x
says_one_line
next_second
echo change >"$source/people/docs/round"
mount -o remount,ro "$backup"
expect 1 "$SNAPFERRY" backup "btrfs:$source/people"
says_like "read-only\|Read-only"
mount -o remount,rw "$backup"
head -c 300M /dev/urandom >"$source/people/huge"
next_second
expect 14 "$SNAPFERRY" backup "btrfs:$source/people"
rm "$source/people/huge"
back_up "btrfs:$source/people"
check_outcome sent
expect 0 "$SNAPFERRY" verify

finish "all went well"
