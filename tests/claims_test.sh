#!/usr/bin/env bash
# Backups that a prune cannot know of, are dead, or only look so: claims in another pid namespace,
# of a killed process, torn and damaged ones, those dated in the future; and pruning a store with no room left.
source "$(dirname "$(readlink -f "$0")")/script.sh"
need_root "mounting and pid namespaces"
unshare --pid --fork true 2>/dev/null || skip "pid namespaces are not possible here"

work=$(mktemp -d)
holder=
cleanup() {
  set +e
  exec 9>&-
  [ -z "$holder" ] || wait "$holder" 2>/dev/null
  mountpoint -q "$work/full" && umount "$work/full"
  rm -rf "$work"
}
trap cleanup EXIT
cd "$work"
export SNAPFERRY_PASSWORD='only for tests' SNAPFERRY_CACHE=$work/cache SNAPFERRY_STORE=repo:$work/store
mkfifo input

count() { find "store/$1" -type f ! -name '.*' 2>/dev/null | wc -l; }

# Leaves two packs that no snapshot needs.
garbage() {
  head -c 2000000 /dev/urandom >file
  "$SNAPFERRY" backup "$work/file" -q
  "$SNAPFERRY" forget "$work/file" -q 2>/dev/null || "$SNAPFERRY" forget latest -q
}
# Runs a backup of `input` by "$@", and returns when its claim is there.
hold() {
  "$@" "$SNAPFERRY" backup --stdin held --allow-empty -q <input >held 2>&1 &
  holder=$!
  exec 9>input
  local tries
  for tries in $(seq 100000); do [ "$(count claims)" = 1 ] && return; done
  failed "the backup left no claim after $tries looks"
}
# Lets it end; its status.
let_go() {
  local status=0
  exec 9>&-
  wait "$holder" || status=$?
  holder=
  return "$status"
}

"$SNAPFERRY" init -q

echo "a live backup in another pid namespace, with the /proc of its parent, is not gone"
garbage
packs=$(count packs)
hold unshare --pid --fork
expect 0 "$SNAPFERRY" prune
says "not freed yet"
says "may still need"
[ "$(count claims)" = 1 ] || failed "its claim was removed"
[ "$(count packs)" = "$packs" ] || failed "packs were removed beside it"
let_go || failed "the backup ended with $?"
expect 0 "$SNAPFERRY" prune
says_like "^freed"

echo "one that was not refreshed for a day by the storage's clock is ended, and fails if it wakes"
garbage
hold unshare --pid --fork
touch -d '25 hours ago' store/claims/*
expect 0 "$SNAPFERRY" prune
says_like "^freed"
[ "$(count claims)" = 0 ] || failed "its claim is still there"
snapshots=$(count snapshots)
if let_go; then failed "the backup ended with success after its claim was ended"; fi
[ "$(count snapshots)" = "$snapshots" ] || failed "it left a snapshot"
expect 0 "$SNAPFERRY" verify --read-data

echo "one dated in the future is named, and can be removed"
garbage
hold unshare --pid --fork
touch -d '9 years' store/claims/*
expect 0 "$SNAPFERRY" prune
says "dated in the future"
expect 0 "$SNAPFERRY" claims
says "dated in the future"
claim=$(basename store/claims/*)
expect 2 "$SNAPFERRY" claims remove "$claim"
expect 0 "$SNAPFERRY" claims remove "${claim:0:8}" --reason 'a test'
expect 0 "$SNAPFERRY" prune
says_like "^freed"
if let_go; then failed "the backup ended with success after its claim was removed"; fi

echo "one whose process was killed is ended at once"
garbage
hold env
kill -KILL "$holder"
let_go 2>/dev/null || true
expect 0 "$SNAPFERRY" prune
says_like "^freed"
[ "$(count claims)" = 0 ] || failed "its claim is still there"

echo "a damaged one says nothing: it is named, and counts until it was not refreshed for a day"
garbage
packs=$(count packs)
claim=store/claims/$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')
head -c 200 /dev/urandom >"$claim"
expect 0 "$SNAPFERRY" prune
says "not freed yet"
says "an unreadable claim"
[ "$(count packs)" = "$packs" ] || failed "packs were removed beside it"
expect 0 "$SNAPFERRY" claims
says "counts: it is damaged"
touch -d '25 hours ago' "$claim"
expect 0 "$SNAPFERRY" claims
says "ended by the next prune"
expect 0 "$SNAPFERRY" prune
says_like "^freed"
[ "$(count claims)" = 0 ] || failed "it is still there"

echo "what a loss of power left torn blocks nothing"
"$SNAPFERRY" backup "$work/file" -q
garbage
mkdir -p store/claims store/condemned store/ended
for directory in claims condemned ended index; do
  : >"store/$directory/$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')"
done
expect 0 "$SNAPFERRY" list
expect 0 "$SNAPFERRY" backup "$work/file" -q
expect 0 "$SNAPFERRY" prune
for directory in claims condemned ended index; do
  [ -z "$(find "store/$directory" -type f -size 0)" ] || failed "a torn object is left in $directory"
done
expect 0 "$SNAPFERRY" verify --read-data

echo "a manifest that became empty is a loss: nothing that it needed goes until repair has set it aside"
rm -rf cache
lost=$(ls store/snapshots | head -n 1)
: >"store/snapshots/$lost"
packs=$(count packs)
expect 13 "$SNAPFERRY" prune
says "$lost"
[ "$(count packs)" = "$packs" ] || failed "packs are gone that it may have needed"
expect 13 "$SNAPFERRY" repair
[ -e "store/aside/snapshots-$lost" ] || failed "it was not set aside"
expect 0 "$SNAPFERRY" prune
expect 0 "$SNAPFERRY" verify --read-data

echo "a store without a byte of room is pruned"
mkdir full
if mount -t tmpfs -o size=24m none full; then
  export SNAPFERRY_STORE=repo:$work/full/store
  "$SNAPFERRY" init -q
  head -c 8000000 /dev/urandom >file
  "$SNAPFERRY" backup "$work/file" -q
  echo small >file
  "$SNAPFERRY" backup "$work/file" -q
  cat /dev/zero >full/ballast 2>/dev/null || true
  dd if=/dev/zero of=full/rest bs=4k status=none 2>/dev/null || true
  [ "$(df --output=avail full | tail -1)" -eq 0 ] || failed "the filesystem is not full"
  expect 0 "$SNAPFERRY" prune --keep-last 1
  says_like "^freed"
  [ "$(df --output=avail -k full | tail -1)" -gt 7000 ] || failed "nothing was freed"
  expect 0 "$SNAPFERRY" verify --read-data
fi

finish
