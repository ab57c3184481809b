// What the average size of chunks costs and saves: speed, how much of a disk image is
// stored again after small edits, and how much two images of the same system share.

#include <algorithm>
#include <random>
#include <unordered_set>

#include <benchmark/benchmark.h>
#include <xxhash.h>

#include "bench/content.h"
#include "tree/backup/chunker.h"

namespace {

using namespace snapferry;
using bench::Kind;

constexpr std::size_t kBlock = 4 << 10;
constexpr std::size_t kImageSize = 512u << 20;

// One file of an image: its content follows from the seed.
struct ImageFile {
  std::uint64_t seed;
  std::size_t size;
};

// Sizes as in a system: most files are small, most bytes are in big ones.
std::vector<ImageFile> files_of_a_system() {
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> size(11.0, 2.2);
  std::vector<ImageFile> files;
  for (std::size_t total = 0; total < kImageSize;) {
    const auto bytes = static_cast<std::size_t>(std::clamp(size(random), 100.0, 64e6));
    files.push_back({random(), std::min(bytes, kImageSize - total)});
    total += (files.back().size + kBlock - 1) / kBlock * kBlock;
  }
  return files;
}

// The files one behind the other, each beginning at a block.
Bytes image_of(const std::vector<ImageFile>& files) {
  Bytes image;
  image.reserve(kImageSize + (64u << 20));
  for (const ImageFile& file : files) {
    const Bytes bytes = make_content(Kind::Incompressible, file.seed, file.size);
    image.insert(image.end(), bytes.begin(), bytes.end());
    image.resize((image.size() + kBlock - 1) / kBlock * kBlock);
  }
  return image;
}

const Bytes& first_image() {
  static const Bytes image = image_of(files_of_a_system());
  return image;
}

// The same system, installed in another order, a tenth of the files replaced.
Bytes second_image() {
  std::vector<ImageFile> files = files_of_a_system();
  std::mt19937_64 random(8);
  std::shuffle(files.begin(), files.end(), random);
  for (std::size_t i = 0; i < files.size(); i += 10) files[i].seed = random();
  return image_of(files);
}

// Single blocks in random places.
Bytes with_edits(const Bytes& image, int edits) {
  Bytes edited = image;
  std::mt19937_64 random(9);
  for (int i = 0; i < edits; ++i) {
    const std::size_t place = random() % (edited.size() / kBlock) * kBlock;
    for (std::size_t byte = 0; byte < kBlock; ++byte) {
      edited[place + byte] = static_cast<std::uint8_t>(random());
    }
  }
  return edited;
}

class Store {
 public:
  explicit Store(std::size_t average) : sizes_{average / 4, average, average * 4} {}

  // How many bytes were not there yet.
  std::size_t add(ByteView bytes) {
    std::size_t added = 0;
    while (!bytes.empty()) {
      const std::size_t size = tree::first_chunk(bytes, sizes_);
      ++chunks_;
      if (seen_.insert(XXH3_64bits(bytes.data(), size)).second) added += size;
      bytes = bytes.subspan(size);
    }
    return added;
  }
  std::size_t chunks() const { return chunks_; }

 private:
  tree::ChunkSizes sizes_;
  std::unordered_set<std::uint64_t> seen_;
  std::size_t chunks_ = 0;
};

void averages(benchmark::internal::Benchmark* benchmark) {
  for (const std::int64_t kib : {256, 512, 1024, 2048}) benchmark->Arg(kib << 10);
}

void Speed(benchmark::State& state) {
  const tree::ChunkSizes sizes{static_cast<std::size_t>(state.range(0)) / 4,
                               static_cast<std::size_t>(state.range(0)),
                               static_cast<std::size_t>(state.range(0)) * 4};
  const Bytes& image = first_image();
  std::size_t chunks = 0;
  for (auto step : state) {
    for (ByteView rest = image; !rest.empty(); ++chunks) {
      rest = rest.subspan(tree::first_chunk(rest, sizes));
    }
  }
  const auto bytes = state.iterations() * static_cast<std::int64_t>(image.size());
  state.SetBytesProcessed(bytes);
  state.counters["mean_KiB"] =
      static_cast<double>(bytes) / 1024 / static_cast<double>(std::max<std::size_t>(chunks, 1));
}
BENCHMARK(Speed)->Apply(averages)->Unit(benchmark::kMillisecond);

// Argument 2: how many blocks of 4 KiB changed.
void Edits(benchmark::State& state) {
  const Bytes edited = with_edits(first_image(), static_cast<int>(state.range(1)));
  double again = 0;
  for (auto step : state) {
    Store store(static_cast<std::size_t>(state.range(0)));
    store.add(first_image());
    again = static_cast<double>(store.add(edited));
  }
  state.counters["MB_again"] = again / 1e6;
  state.counters["KiB_per_edit"] = again / 1024 / static_cast<double>(state.range(1));
}
BENCHMARK(Edits)
    ->ArgsProduct({{256 << 10, 512 << 10, 1 << 20, 2 << 20}, {1, 16, 256}})
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

void SecondImage(benchmark::State& state) {
  const Bytes second = second_image();
  double share = 0;
  for (auto step : state) {
    Store store(static_cast<std::size_t>(state.range(0)));
    store.add(first_image());
    share = 1 - static_cast<double>(store.add(second)) / static_cast<double>(second.size());
  }
  state.counters["shared"] = share;
}
BENCHMARK(SecondImage)->Apply(averages)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
