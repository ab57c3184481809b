# What the tests in the guest share. Sourced, never run.
set -euo pipefail

skip() { echo "SKIP: $*"; exit 77; }

fail() {
  echo "FAILED: $*"
  exit 1
}

# expect WANTED ACTUAL WHAT
expect() { [ "$1" = "$2" ] || fail "$3: expected '$1', got '$2'"; }

# refuses COMMAND…: it must fail; what it said is in $refusal.
refuses() {
  if refusal=$("$@" 2>&1 </dev/null); then fail "should have been refused: $*; said: $refusal"; fi
}

# same_files A B: two directories hold the same names, kinds, attributes and bytes.
same_files() {
  local difference
  difference=$(rsync -naHAX --checksum --delete --itemize-changes "$1/" "$2/")
  [ -z "$difference" ] || fail "$1 and $2 differ: $difference"
}

snapshots_of() { zfs list -H -o name -t snapshot -s createtxg -r "$1" | grep "^$1@" || true; }
