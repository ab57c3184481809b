#!/usr/bin/env bash
# An agent where /proc is missing, empty or bare, as in a chroot or a container: each role does what it
# does elsewhere, contained as elsewhere, or says what it lacks.
source "$(dirname "$(readlink -f "$0")")/script.sh"
need_root "mounting"
need mkfs.btrfs setfattr getfattr
unshare --mount true 2>/dev/null || skip "mount namespaces are not possible here"
work=$(mktemp -d)
cleanup() {
  for place in "$work/far" "$work/near"; do umount -q "$place" || umount -q -l "$place" || true; done
  rm -rf "$work"
} 2>/dev/null
trap cleanup EXIT
cd "$work"
mkdir bin far near
for name in far near; do
  truncate -s 400M "$name.img"
  make_btrfs "$name.img"
  mount -o loop "$name.img" "$name" || skip "this kernel has no btrfs, or there is no loop device"
done
far=$work/far near=$work/near


# What ssh(1) would start: the agent with what `flags` has, where `proc` was done to /proc.
cat >bin/ssh <<'EOF'
#!/usr/bin/env bash
exec unshare --mount bash -c '
  mount --make-rprivate /
  eval "$(<proc)"
  exec "$SNAPFERRY" agent --set default --sandbox require $(<flags)'
EOF
chmod +x bin/ssh
export PATH=$work/bin:$PATH SNAPFERRY_CACHE=$work/cache SNAPFERRY

btrfs -q subvolume create "$far/home" >/dev/null
btrfs -q subvolume create "$near/home" >/dev/null
for home in "$far/home" "$near/home"; do
  mkdir "$home/docs"
  echo hello >"$home/docs/a"
  ln -s a "$home/docs/link"
  setfattr -h -n security.kept -v yes "$home/docs/link"
done

round=0
# try_roles HOW: what is done to /proc before
try_roles() {
  echo "-- the agent's system: $1"
  echo "$1" >proc
  round=$((round + 1))
  local name=try$round
  echo "$round" | tee "$far/home/$name" >"$near/home/$name"

  echo "--allow source --volume btrfs:$far/home" >flags
  expect 0 "$SNAPFERRY" doctor "x:btrfs:$far/home"
  [ -e "$near/store" ] || expect 0 "$SNAPFERRY" init --store "btrfs:$near/store"
  expect 0 "$SNAPFERRY" backup "x:btrfs:$far/home" --store "btrfs:$near/store"

  echo "--allow store --allow restore --host $(uname -n) --store btrfs:$far/store" >flags
  [ -e "$far/store" ] || expect 0 "$SNAPFERRY" init --store "x:btrfs:$far/store"
  expect 0 "$SNAPFERRY" backup "btrfs:$near/home" --store "x:btrfs:$far/store"
  expect 0 "$SNAPFERRY" verify --read-data --store "x:btrfs:$far/store"
  expect 0 "$SNAPFERRY" restore latest --target "$work/$name" --store "x:btrfs:$far/store"
  expect 0 diff -r --no-dereference "$near/home" "$work/$name"
  expect 0 getfattr -h -n security.kept --only-values "$work/$name/docs/link"
  says yes

  echo "--allow target --volume btrfs:$far/$name" >flags
  expect 0 "$SNAPFERRY" restore latest --store "btrfs:$near/store" --target "x:btrfs:$far/$name"
  expect 0 diff -r --no-dereference "$far/home" "$far/$name"
}

try_roles 'mount -t proc -o subset=pid none /proc'
if ! printf '6.8\n%s\n' "$(uname -r)" | sort -VC; then
  echo 'umount -l /proc' >proc
  echo "--allow source --volume btrfs:$far/home" >flags
  expect 1 "$SNAPFERRY" backup "x:btrfs:$far/home" --store "btrfs:$near/store"
  says "mount /proc, or run Linux 6.8"
  [ "$failures" = 0 ] || finish
  skip "this kernel tells its mounts by /proc alone, and the agent says so"
fi
try_roles 'umount -l /proc'
try_roles 'mount -t tmpfs none /proc'
finish "all good"
