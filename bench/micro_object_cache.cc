// What the cache of trees costs: opening one of 50,000 objects of 3 KiB, reading them
// in random order from the page cache, and writing them.

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <random>

#include <benchmark/benchmark.h>

#include "repository/object_cache.h"

namespace {

using namespace snapferry;
using snapferry::repository::ObjectCache;

constexpr std::uint64_t kObjects = 50'000;
constexpr std::size_t kSize = 3 << 10;

// The same for the same number.
ObjectId id_of(std::uint64_t number) {
  ObjectId id;
  std::mt19937_64 random(number);
  const std::uint64_t words[4] = {random(), random(), random(), random()};
  std::memcpy(id.bytes.data(), words, sizeof words);
  return id;
}

class Directory {
 public:
  Directory() {
    std::string pattern = "/tmp/micro_object_cache_XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    path_ = pattern;
  }
  ~Directory() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

void fill(ObjectCache& cache) {
  const Bytes bytes(kSize, 7);
  for (std::uint64_t i = 0; i < kObjects; ++i) cache.put(id_of(i), bytes);
}

void Open(benchmark::State& state) {
  const Directory directory;
  {
    ObjectCache cache(directory.path());
    fill(cache);
  }
  for (auto step : state) ObjectCache cache(directory.path());
}
BENCHMARK(Open)->Unit(benchmark::kMicrosecond);

void Get(benchmark::State& state) {
  const Directory directory;
  ObjectCache cache(directory.path());
  fill(cache);
  std::vector<ObjectId> ids;
  for (std::uint64_t i = 0; i < kObjects; ++i) ids.push_back(id_of(i * 7919 % kObjects));
  std::size_t next = 0;
  for (auto step : state) {
    benchmark::DoNotOptimize(cache.get(ids[next]));
    next = (next + 1) % ids.size();
  }
}
BENCHMARK(Get);

void Put(benchmark::State& state) {
  const Directory directory;
  ObjectCache cache(directory.path());
  const Bytes bytes(kSize, 7);
  std::uint64_t number = 0;
  for (auto step : state) cache.put(id_of(number++), bytes);
}
BENCHMARK(Put)->Iterations(50'000);

}  // namespace

BENCHMARK_MAIN();
