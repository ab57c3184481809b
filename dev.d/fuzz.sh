# Running the fuzz targets, all of them, one after another, for a bounded time.

run_fuzz() {
  local seconds=${1:-60}
  [[ $seconds =~ ^[1-9][0-9]*$ ]] || fail "fuzz takes a number of seconds, not '$seconds'"
  need_packages build test fuzz
  configure fuzz
  compile fuzz fuzz/all

  local targets=(build-fuzz/fuzz/*_fuzzer)
  [ -x "${targets[0]}" ] || fail "there is no fuzz target: fuzz/ holds no *_fuzzer.cc"
  local each=$((seconds / ${#targets[@]}))
  [ "$each" -ge 1 ] || each=1
  say "Fuzzing ${#targets[@]} targets for $each seconds each"
  local target failed=0
  for target in "${targets[@]}"; do
    fuzz_target "$target" "$each" || failed=$((failed + 1))
  done
  echo "${#targets[@]} targets, $failed failed"
  [ "$failed" -eq 0 ]
}

# What is new goes to the build directory; the corpus of the repository grows by hand.
fuzz_target() {
  local target=$1 seconds=$2 name corpus=()
  name=$(basename "$target" _fuzzer)
  local found=build-fuzz/found/$name crashes=build-fuzz/crashes/$name
  mkdir -p "$found" "$crashes"
  [ -d "fuzz/corpus/$name" ] && corpus=("fuzz/corpus/$name")
  if "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
    -artifact_prefix="$crashes/" "$found" "${corpus[@]}" >"$crashes.log" 2>&1; then
    printf '%-24s %s inputs tried\n' "$name" \
      "$(sed -n 's/^stat::number_of_executed_units: //p' "$crashes.log")"
  else
    tail -n 40 "$crashes.log"
    printf '%-24s FAILED: the input is in %s/\n' "$name" "$crashes"
    return 1
  fi
}
