#!/usr/bin/env bash
# run_script.sh SCRIPT: runs a test script, with a cache of its own. A line "SKIP: REASON" of one that
# succeeds becomes exit status 77, so that a failure is never taken for a skip.
set -euo pipefail
output=$(mktemp)
cache=$(mktemp -d)
trap 'rm -rf "$output" "$cache"' EXIT
XDG_CACHE_HOME=$cache "$1" | tee "$output"
! grep -q '^SKIP: ' "$output" || exit 77
