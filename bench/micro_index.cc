// What lookups in an index of a million records cost, single-threaded, from the page
// cache, and what building one costs.

#include <cstring>
#include <random>

#include <benchmark/benchmark.h>

#include "repository/index_table.h"

namespace {

using namespace snapferry;
using namespace snapferry::repository;

constexpr std::uint64_t kPresent = 1;
constexpr std::uint64_t kAbsent = 2;

// The same for the same numbers, uniformly distributed (splitmix64).
ObjectId id_of(std::uint64_t number, std::uint64_t seed) {
  std::uint64_t state = (number << 8 | seed) * 4;
  std::uint64_t words[4];
  for (std::uint64_t& word : words) {
    word = ++state * 0x9e3779b97f4a7c15;
    word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9;
    word = (word ^ (word >> 27)) * 0x94d049bb133111eb;
    word ^= word >> 31;
  }
  ObjectId id;
  std::memcpy(id.bytes.data(), words, sizeof words);
  return id;
}

std::vector<ObjectId> ids(std::uint64_t count, std::uint64_t total, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<ObjectId> result;
  for (std::uint64_t i = 0; i < count; ++i) result.push_back(id_of(random() % total, seed));
  return result;
}

std::shared_ptr<const IndexTable> build(std::uint64_t count) {
  IndexTableBuilder builder("/tmp");
  const std::uint32_t pack = builder.add_pack({});
  for (std::uint64_t i = 0; i < count; ++i) {
    builder.add({id_of(i, kPresent), ObjectKind::Data, pack, static_cast<std::uint32_t>(i), 2, 3});
  }
  return builder.finish("", {});
}

void find(benchmark::State& state, std::uint64_t seed) {
  const auto total = static_cast<std::uint64_t>(state.range(0));
  const auto table = build(total);
  const std::vector<ObjectId> wanted = ids(1 << 16, total, seed);
  std::size_t next = 0;
  for (auto step : state) {
    benchmark::DoNotOptimize(table->find(ObjectKind::Data, wanted[next++ & 0xffff]));
  }
  state.SetItemsProcessed(state.iterations());
}

void FindHit(benchmark::State& state) { find(state, kPresent); }
void FindMiss(benchmark::State& state) { find(state, kAbsent); }
BENCHMARK(FindHit)->Arg(10'000)->Arg(1'000'000)->Arg(10'000'000);
BENCHMARK(FindMiss)->Arg(10'000)->Arg(1'000'000)->Arg(10'000'000);

void Build(benchmark::State& state) {
  const auto total = static_cast<std::uint64_t>(state.range(0));
  for (auto step : state) build(total);
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(Build)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

void ForEach(benchmark::State& state) {
  const auto table = build(1'000'000);
  std::uint64_t sum = 0;
  for (auto step : state) {
    table->for_each([&](std::uint64_t, const IndexRecord& record) { sum += record.offset; });
  }
  benchmark::DoNotOptimize(sum);
  state.SetItemsProcessed(state.iterations() * 1'000'000);
}
BENCHMARK(ForEach)->Unit(benchmark::kMillisecond);

void Merge(benchmark::State& state) {
  const auto table = build(1'000'000);
  const auto small = build(1'000);
  for (auto step : state) IndexTable::merge({table, small}, nullptr, "", {});
  state.SetItemsProcessed(state.iterations() * 1'001'000);
}
BENCHMARK(Merge)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
