#!/usr/bin/env bash
# What a backup leaves out never looks empty, and nothing that it left out is ever deleted: with real
# mounts, subvolumes and a user who may not read everything.
source "$(dirname "$(readlink -f "$0")")/script.sh"
need_root "mounting"
need mkfs.btrfs
work=$(mktemp -d)
chmod 755 "$work"
mounts=()
cleanup() {
  cd /
  for place in "${mounts[@]}"; do
    umount -q "$place" 2>/dev/null || umount -q -l "$place" 2>/dev/null || true
  done
  rm -rf --one-file-system "$work"
}
trap cleanup EXIT
mounted() { mounts=("$1" "${mounts[@]}"); }
has() { grep -q -- "$1" "$2" || failed "no '$1' in: $(cat "$2")"; }

export SNAPFERRY_PASSWORD=left-out SNAPFERRY_CACHE=$work/cache SNAPFERRY_STORE=repo:$work/repo
snapferry=$SNAPFERRY
cd "$work"
"$snapferry" init >/dev/null

# --- In place, with mounts, a bind mount and patterns ---
mkdir -p src/etc src/disk src/cache src/gone/bound; echo conf >src/etc/conf; echo big >src/cache/big
mount -t tmpfs tmpfs src/disk; mounted "$work/src/disk"; echo thesis >src/disk/thesis
mv src/gone "$work/gone"
"$snapferry" backup src --one-filesystem --exclude /cache/ --exclude '*.tmp' >out
has 'left out: 1 excluded' out
has 'left out: 1 on another filesystem (disk)' out
mv "$work/gone" src/gone; mkdir bindings; echo kept >bindings/kept
mount --bind bindings src/gone/bound; mounted "$work/src/gone/bound"
echo x >src/gone/goes; echo x >src/later.tmp
"$snapferry" restore latest --target src --overwrite changed --delete --dry-run >plan
has 'delete   gone/goes' plan
has 'protect  gone/bound' plan
"$snapferry" restore latest --target src --overwrite changed --delete -v >out
has '1 file and 0 directories, 2 B, are not in snapshot' out
[ -e src/disk/thesis ] || failed "a file of a mounted filesystem is deleted"
[ -e src/cache/big ] || failed "an excluded file is deleted"
[ -e src/later.tmp ] || failed "a file that a pattern excludes is deleted"
[ -e bindings/kept ] || failed "a file below a bind mount is deleted"
[ ! -e src/gone/goes ] || failed "an extra file is still there"
if "$snapferry" restore latest --target src/disk --delete 2>out; then failed "deleted in a mount point"; fi
has 'delete-in-mount-point' out
[ -e src/disk/thesis ] || failed "a refused restore deleted something"
if "$snapferry" restore latest --target / --delete --dry-run 2>out; then failed "deleted in /"; fi
has 'delete-in-root' out
"$snapferry" ls latest >out
has 'disk (left out: on another filesystem)' out
has 'cache (left out: excluded)' out
if "$snapferry" ls latest disk 2>out; then failed "listed what was left out"; fi

# --- Mounted: no empty directory where something is missing; and a mount of ours is left out ---
mkdir src/look
"$snapferry" mount src/look >/dev/null 2>&1 &
server=$!
for _ in $(seq 100); do
  mountpoint -q src/look && break
  sleep 0.1
done
if mountpoint -q src/look; then
  mounted "$work/src/look"
  disk=$(find src/look -name disk -prune -print 2>/dev/null || true)
  disk=$(head -1 <<<"$disk")
  if ls "$disk" 2>out; then failed "a directory that was left out lists as empty"; fi
  has 'No data available' out
  "$snapferry" backup src >out
  has 'a mount of Snapferry (look)' out
  umount src/look
fi
wait "$server" || true

# --- A disk that is away: incomplete for as long as it is, and never taken for empty ---
mkdir -p away/disk; echo x >away/x
mount -t tmpfs tmpfs away/disk; mounted "$work/away/disk"; echo thesis >away/disk/thesis
"$snapferry" backup away -q
umount away/disk
for round in 1 2; do
  status=0; "$snapferry" backup away >out 2>&1 || status=$?
  [ "$status" = 3 ] || failed "a disk is away, round $round: exit code $status"
  has 'disk: is empty, and something was mounted on it at the last backup; is its disk mounted' out
  has 'left out: 1 on another filesystem (disk)' out
done
"$snapferry" prune "$work/away" --keep-last 1 >out
has 'the last complete' out
"$snapferry" find thesis >out; has 'disk/thesis' out
"$snapferry" backup away --one-filesystem -q || failed "a disk that is not wanted is missed"
"$snapferry" backup away --allow-empty -q || failed "--allow-empty does not allow an empty mount point"
"$snapferry" backup away -q || failed "what was allowed to be empty is missed once more"

# --- Other stores of ours below the source ---
SNAPFERRY_STORE=repo:$work/src/other "$snapferry" init >/dev/null
"$snapferry" backup src >out
has 'a store or cache of Snapferry (other)' out
if "$snapferry" ls latest -R | grep -q 'other/packs/'; then failed "a store of ours was taken in"; fi

# --- Unreadable: incomplete, never the price of a complete snapshot, never fresh ---
mkdir user; chown 65534:65534 user; mkdir -m 700 user/repo user/cache user/data
echo one >user/data/one; mkdir user/data/closed; echo in >user/data/closed/in
chown -R 65534:65534 user
as_user() {
  SNAPFERRY_STORE=repo:$work/user/repo SNAPFERRY_CACHE=$work/user/cache \
    setpriv --reuid 65534 --regid 65534 --clear-groups "$snapferry" "$@"
}
as_user init >/dev/null
as_user backup user/data -q
chown 0:0 user/data/closed; chmod 700 user/data/closed
status=0; as_user backup user/data >out 2>&1 || status=$?
[ "$status" = 3 ] || failed "an unreadable directory: exit code $status"
has 'left out: 1 unreadable (closed)' out
as_user prune --keep-last 1 >out
has 'the last complete' out
[ "$(as_user list --json | grep -c '"type":"snapshot"')" = 2 ] || failed "the complete snapshot is gone"
as_user check --max-age 1d >out || failed "a complete snapshot of now is not fresh"
has 'is newer, but incomplete: 1 file could not be read' out
as_user forget "$(as_user list --json | sed -n 's/.*"id":"\([0-9a-f]*\)".*"incomplete":false.*/\1/p' | head -1)" -y >/dev/null
if as_user check --max-age 1d >out; then failed "an incomplete snapshot counts as fresh"; fi
has 'has no complete snapshot' out
as_user check --max-age 1d --allow-incomplete >/dev/null || failed "--allow-incomplete does not allow it"
status=0; as_user restore latest --target user/restored >out 2>&1 || status=$?
[ "$status" = 3 ] || failed "restoring what was unreadable: exit code $status"
has 'could not be read when the snapshot was taken' out

# --- btrfs: nested subvolumes, and our own snapshots ---
mkdir volumes copies
for name in volumes copies; do
  truncate -s 300M "$name.img"; make_btrfs "$name.img"
  mount -o loop "$name.img" "$name" || skip "this kernel has no btrfs"
  mounted "$work/$name"
done
btrfs subvolume create volumes/home >/dev/null; btrfs subvolume create volumes/home/mail >/dev/null
echo letter >volumes/home/mail/letter; echo file >volumes/home/file
native=btrfs:$work/copies/store
"$snapferry" init --store "$native" >/dev/null
"$snapferry" backup "btrfs:$work/volumes/home" --store "$native" -q
echo extra >volumes/home/extra
"$snapferry" restore latest --store "$native" --target volumes/home --delete >out
[ -e volumes/home/mail/letter ] || failed "a restore in place emptied a nested subvolume"
[ ! -e volumes/home/extra ] || failed "an extra file is still there"
"$snapferry" backup volumes >out
has 'snapshots that Snapferry keeps (.snapferry)' out
"$snapferry" backup copies >out
has 'a store or cache of Snapferry (store)' out

finish "nothing that was left out was lost"
