#!/usr/bin/env bash
# Backs up a tree made of every kind of file, restores it, and compares everything by
# means that share nothing with the program: a walk in Python, find, getfattr, getfacl,
# getcap and rsync. On ext4, xfs, btrfs and tmpfs.
source "$(dirname "$(readlink -f "$0")")/script.sh"
cd "$tests"
need_root "to make devices and owners, and to mount,"
need python3 getfattr getfacl getcap rsync setpriv mkfs.ext4 mkfs.xfs mkfs.btrfs

work=$(mktemp -d)
mounted=()
cleanup() {
  for mount in "${mounted[@]}"; do umount -q "$mount" || umount -q -l "$mount" || true; done
  rm -rf "$work"
}
trap cleanup EXIT
export SNAPFERRY_PASSWORD=secret XDG_CACHE_HOME=$work/cache LC_ALL=C
unset SNAPFERRY_STORE

# attach KIND: mounts a new filesystem at $work/KIND; fails where this system has none.
attach() {
  local mount=$work/$1 image=$work/$1.image
  mkdir "$mount"
  if [ "$1" = tmpfs ]; then
    mount -t tmpfs -o size=1500m none "$mount" || return 1
  else
    local options=()
    [ "$1" != ext4 ] || options=(-N 200000)
    truncate -s 1500M "$image"
    "mkfs.$1" -q "${options[@]}" "$image" && mount -o loop "$image" "$mount" || return 1
  fi
  mounted=("$mount" "${mounted[@]}")
  # Old kernels have no user attributes on tmpfs.
  touch "$mount/probe" && setfattr -n user.probe -v 1 "$mount/probe"
}

# same WHAT COMMAND...: the command prints the same in source and target.
same() {
  local what=$1
  shift
  (cd "$here/source" && "$@") >"$work/expected" 2>&1 || true
  (cd "$here/$target" && "$@") >"$work/actual" 2>&1 || true
  [ -s "$work/expected" ] || failed "$what: says nothing"
  diff "$work/expected" "$work/actual" >"$work/difference" ||
    failed "$what of $target: $(head -c 800 "$work/difference")"
}

compare() {
  target=$1
  # The name of a file of the tree that is not in the backup.
  rm -f "$here/outside"
  # Holes are only known once delayed allocation is done.
  sync -f "$here"
  same "everything" python3 "$PWD/fidelity/describe_tree.py" .
  # shellcheck disable=SC2016
  same "find" sh -c 'find . ! -type d -printf "%p %y %M %U %G %T@ %s %n %l\n" -o -printf "%p %M %U %G %T@\n" | sort'
  # These cannot go deeper than PATH_MAX.
  for part in contents modes times attributes special links names nested; do
    same "getfattr in $part" sh -c "find $part -print0 | sort -z | xargs -0 getfattr -h -d -m - -e hex; echo"
    same "getfacl in $part" sh -c "find $part ! -type l -print0 | sort -z | xargs -0 getfacl -n"
  done
  same "getcap" sh -c "getcap -r attributes | sort"
  rsync -naAXHi --checksum --numeric-ids --delete --exclude=/deep \
    "$here/source/" "$here/$target/" >"$work/difference" 2>&1 || failed "rsync of $target ended badly"
  [ ! -s "$work/difference" ] || failed "rsync of $target: $(head -c 800 "$work/difference")"
}

as_root() {
  store=repo:$here/store
  expect 0 "$SNAPFERRY" init --store "$store"
  expect 0 "$SNAPFERRY" backup "$here/source" --store "$store"
  expect 0 "$SNAPFERRY" restore latest --store "$store" --target "$here/restored"
  compare restored

  # A second backup takes everything over from the first.
  expect 0 "$SNAPFERRY" backup "$here/source" --store "$store"
  # The target is spoilt, and put right again.
  mv "$here/restored" "$here/spoilt"
  (
    cd "$here/spoilt"
    chmod 777 contents/text && chown 9:9 names && touch many/7 && setfattr -x user.text attributes/user
    setfacl -b attributes/acl && rm -r times && ln -sfn /etc special/loop && mkdir names/more
    echo more >names/more/more && rm 'links/a file' && cp links/here/file 'links/a file'
    truncate -s 100 contents/big && mv modes contents/modes && echo x >contents/empty
  )
  expect 0 "$SNAPFERRY" restore latest --store "$store" --target "$here/spoilt" --overwrite changed --delete
  compare spoilt
  expect 0 "$SNAPFERRY" verify --store "$store" --read-data
}

# Owners are beyond a normal user, which is said once, and devices, which are named; the rest is
# right, and the exit status says that it is not all.
as_nobody() {
  store=repo:$here/plain
  expect 0 "$SNAPFERRY" init --store "$store" --encryption none
  # With a password given, a repository without encryption is refused.
  expect 12 "$SNAPFERRY" backup "$here/source" --store "$store"
  expect 0 env -u SNAPFERRY_PASSWORD "$SNAPFERRY" backup "$here/source" --store "$store"
  chmod -R a+rX "$here/plain" && chmod a+x "$work"
  install -d -o 65534 -g 65534 "$here/nobody" "$here/nobody/cache"
  expect 3 env -u SNAPFERRY_PASSWORD XDG_CACHE_HOME="$here/nobody/cache" HOME="$here/nobody" \
    setpriv --reuid=65534 --regid=65534 --clear-groups \
    "$SNAPFERRY" restore latest --store "$store" --target "$here/nobody/restored"
  local devices
  devices=$(find "$here/source" -type b -o -type c | wc -l)
  [ "$(grep -c "is a device node" "$work/out")" = "$devices" ] ||
    failed "not each of $devices device nodes is named"
  for word in owners "trusted\.\*" "security\.\*"; do
    [ "$(grep -c "$word" "$work/out")" = 1 ] ||
      failed "a normal user is told $(grep -c "$word" "$work/out") times about $word"
  done
  diff -r --no-dereference "$here/source/contents" "$here/nobody/restored/contents" >"$work/difference" ||
    failed "content that a normal user restored: $(head -c 800 "$work/difference")"
  [ "$(find "$here/nobody/restored" -perm /6000 ! -type d | wc -l)" = 0 ] ||
    failed "a file of another owner runs as the user who restored it"
}

for kind in ext4 xfs btrfs tmpfs; do
  if ! attach "$kind" >"$work/out" 2>&1; then
    echo "left out: no $kind that can hold the tree: $(tail -1 "$work/out")"
    continue
  fi
  echo "== $kind"
  here=$work/$kind
  expect 0 python3 fidelity/make_tree.py "$here/source"
  as_root
  [ "$kind" != ext4 ] || as_nobody
  echo "compared on $kind"
  tested=1
done
[ -n "${tested:-}" ] || skip "no filesystem could be mounted"
finish
