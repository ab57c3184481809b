# shellcheck shell=bash disable=SC2034,SC2154
# Sourced first by the scripts of this directory: what they share. A check that fails is named and counted,
# and the others run all the same; finish() decides. What `./dev setup` installs is no reason to skip, what
# this kernel, machine or user cannot do is.
set -euo pipefail
exec </dev/null

tests=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
failures=0

skip() {
  echo "SKIP: $*"
  exit 77
}
need_root() { [ "$(id -u)" = 0 ] || skip "$* needs root"; }
# need PROGRAM…
need() {
  local program
  for program in "$@"; do
    command -v "$program" >/dev/null && continue
    echo "FAILED: $program is not installed; './dev setup' does that"
    exit 1
  done
}

failed() { # WHAT…: with what the last command of expect() printed
  echo "FAILED: $*"
  [ ! -s "$work/out" ] || sed 's/^/    /' "$work/out"
  failures=$((failures + 1))
}
expect() { # STATUS COMMAND…: what it prints is in $work/out
  local wanted=$1 status=0
  shift
  "$@" >"$work/out" 2>&1 || status=$?
  [ "$status" = "$wanted" ] || failed "exit status $status, not $wanted: ${*:1:12}"
}
# Of what that command printed.
says() { grep -qF -- "$1" "$work/out" || failed "not said: $1"; }
says_not() { ! grep -qF -- "$1" "$work/out" || failed "said: $1"; }
says_like() { grep -q -- "$1" "$work/out" || failed "nothing said like: $1"; }
says_one_line() { [ "$(grep -vc '^{' "$work/out")" = 1 ] || failed "not one line"; }  # beside JSON
finish() { # in the end
  [ "$failures" = 0 ] || { echo "$failures checks failed"; exit 1; }
  echo "${*:-all passed}"
}

# Native snapshots of one set are told apart by the second.
next_second() {
  local now
  now=$(date +%s)
  while [ "$(date +%s)" = "$now" ]; do :; done
}

# make_btrfs IMAGE: mkfs.btrfs asks of each loop device that is mounted what it is of, and fails where one
# of a test beside this one goes away at that moment; then it is tried again.
make_btrfs() {
  local tries said
  for tries in 1 2 3 4 5 6 7 8 9 10; do
    said=$(mkfs.btrfs -q -f "$1" 2>&1) && return
    case $said in *"cannot check mount status"*) ;; *) break ;; esac
  done
  echo "$said (try $tries)" >&2
  return 1
}
