#!/usr/bin/env bash
# run_one.sh TEST: runs a test in the guest, prepared by prepare.sh, in an empty directory.
# Exit status: the test's; 77 means skipped, as a line "SKIP: REASON" does.
set -uo pipefail
test=$1
here=$(dirname "$(readlink -f "$0")")
limit=${TEST_LIMIT:-1800}

bash "$here/prepare.sh" || {
  echo "the pools could not be made"
  exit 1
}
work=$(mktemp -d /var/tmp/test.XXXXXX)
cd "$work" || exit 1
[ -x /usr/local/bin/snapferry ] || export PATH=/payload/bin:$PATH
SNAPFERRY=$(command -v snapferry)
export SNAPFERRY GUEST_TEST=/payload/bin/guest_test HOME=/root XDG_CACHE_HOME=$work/cache
timeout --kill-after=10 "$limit" bash "$here/$test.sh" </dev/null 2>&1 | tee "$work.output"
status=${PIPESTATUS[0]}
[ "$status" -ne 0 ] || ! grep -q '^SKIP: ' "$work.output" || status=77
[ "$status" -ne 124 ] || echo "took longer than $limit s"
cd /
rm -rf "$work" "$work.output"
exit "$status"
