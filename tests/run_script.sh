#!/usr/bin/env bash
# run_script.sh SCRIPT: runs a test script. A line "SKIP: REASON" of one that succeeds
# becomes exit status 77, so that a failure is never taken for a skip.
set -euo pipefail
output=$(mktemp)
trap 'rm -f "$output"' EXIT
"$1" | tee "$output"
! grep -q '^SKIP: ' "$output" || exit 77
