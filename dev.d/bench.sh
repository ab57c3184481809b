# Measuring against the peers; bench/README.md says how.

run_bench() {
  need_packages build bench vm
  build_release
  python3 bench/run.py --snapferry "$ROOT/build-release/snapferry" \
    --programs "$ROOT/build-release/bench" "$@"
}
