# Measuring against the peers; bench/README.md says how.

run_bench() {
  fail "the benchmark is not there yet"
}
