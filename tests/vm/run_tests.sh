#!/usr/bin/env bash
# run_tests.sh BINARIES [REGEX]: runs guest/*_test.sh whose name matches in one guest, with
# the programs in the directory BINARIES. A line for each test, then "N passed, N failed, N
# skipped"; the output of failures; exit status 1 if there were any.
set -euo pipefail
# shellcheck source=tests/vm/guest.sh
source "$(dirname "$(readlink -f "$0")")/guest.sh"
binaries=$1 pattern=${2:-}

work=$(mktemp -d "${TMPDIR:-/var/tmp}/snapferry-vm.XXXXXX")
trap 'guest_stop "$work/guest"; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

mapfile -t tests < <(cd "$VM_DIRECTORY/guest" &&
  for file in *_test.sh; do echo "${file%.sh}"; done | grep -E -e "$pattern")
[ ${#tests[@]} -gt 0 ] || vm_fail "no test in the guest matches '$pattern'"

vm_build_all
mkdir -p "$work/payload"
cp -aL "$VM_DIRECTORY/guest" "$work/payload/tests"
cp -aL "$binaries" "$work/payload/bin"
vm_say "starting a guest: $(tr '\n\t' ' ' <"$(vm_kernel_directory)/versions")"
guest_start "$work/guest" "$work/payload"

passed=0 failed=0 skipped=0
count() {
  local name=$1 status=$2 seconds=$3 output=$4
  case $status in
    0) passed=$((passed + 1)); printf 'ok       %-40s %4d s\n' "$name" "$seconds" ;;
    77)
      skipped=$((skipped + 1))
      printf 'skipped  %-40s %4d s  %s\n' "$name" "$seconds" "$(sed -n 's/^SKIP: //p' "$output" | head -n 1)"
      ;;
    *)
      failed=$((failed + 1))
      printf 'FAILED   %-40s %4d s  exit status %d\n' "$name" "$seconds" "$status"
      sed 's/^/  | /' "$output"
      ;;
  esac
}

for name in "${tests[@]}"; do
  start=$SECONDS status=0
  guest_runs "$work/guest" || {
    echo "the guest has ended, or its time has" >"$work/output"
    count "$name" 1 0 "$work/output"
    continue
  }
  guest_ssh "$work/guest" "/payload/tests/run_one.sh $name" </dev/null >"$work/output" 2>&1 || status=$?
  count "$name" "$status" $((SECONDS - start)) "$work/output"
  guest_runs "$work/guest" || tail -n 40 "$work/guest/console.log"
done
printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ]
