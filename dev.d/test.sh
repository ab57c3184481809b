# Running the tests. What cannot run here is shown as skipped, with the reason.

# Property tests try the same cases each time, so that a run says something about the change
# before it. RC_PARAMS="max_success=5000" ./dev test looks further, with another seed each time.
export RC_PARAMS=${RC_PARAMS:-seed=20260301}

run_tests() {
  build_dev
  local output=build/test-output.txt status=0
  ctest --test-dir build --parallel 2 --output-on-failure --no-tests=error ${1:+-R "$1"} |
    tee "$output" || status=$?
  show_skipped "$output" build/Testing/Temporary/LastTest.log
  summarize_tests "$output"
  return "$status"
}

# show_skipped OUTPUT LOG: the tests that skipped themselves, each with its reason: a line
# "SKIP: REASON" of a script, or what follows the "Skipped" of GTEST_SKIP.
show_skipped() {
  awk '
    FNR == NR { if (/\*\*\*Skipped/) skipped[$4] = "gave no reason"; next }
    /^[0-9]+\/[0-9]+ Testing: / { name = $3 }
    /^SKIP: / { note(substr($0, 7)) }
    follows { note($0) }
    { follows = /: Skipped$/ }
    function note(reason) { if (name in skipped) skipped[name] = reason }
    END { for (name in skipped) printf "  %s: %s\n", name, skipped[name] }
  ' "$1" "$2" | sort >build/skipped.txt
  [ -s build/skipped.txt ] || return 0
  say "Skipped here, with the reason:"
  cat build/skipped.txt
}

# Prints "N passed, N failed, N skipped" as the last line.
summarize_tests() {
  awk '
    /^ *[0-9]+\/[0-9]+ Test +#[0-9]+: / {
      if (/ Passed /) passed++
      else if (/\*\*\*Skipped/) skipped++
      else failed++
    }
    END { printf "\n%d passed, %d failed, %d skipped\n", passed, failed, skipped }' "$1"
}
