#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "bench/content.h"
#include "bench/data_sets.h"
#include "bench/parallel.h"
#include "core/error.h"
#include "platform/fd.h"

namespace snapferry::bench::big {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;
constexpr std::uint64_t kBlock = 4096;
constexpr std::uint64_t kImageSeed = 10;

// A part of a file with one kind of content; nullopt: zeros.
struct Region {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::optional<Kind> kind;
  bool hole = false;  // of zeros: not written at all
  std::uint64_t seed = 0;
};

struct File {
  std::string path;
  std::uint64_t size = 0;
  std::vector<Region> regions;
};

std::uint64_t scaled(const DataSet& set, std::uint64_t mebibytes) {
  const auto size = static_cast<std::uint64_t>(static_cast<double>(mebibytes * kMiB) * set.scale);
  return std::max(kMiB, size / kBlock * kBlock);
}

// A disk: 30 % zeros that are written, 15 % holes, 25 % incompressible, the rest texts
// and records.
Region image_region(Random& random) {
  Region region;
  region.length = (1 + random.below(16)) * kMiB;
  const double share = random.unit();
  if (share < 0.45) {
    region.hole = share < 0.15;
  } else if (share < 0.70) {
    region.kind = Kind::Incompressible;
  } else {
    region.kind = compressible_kind(random);
  }
  return region;
}

template <typename MakeRegion>
File plan(const DataSet& set, const std::string& name, std::uint64_t seed, std::uint64_t size,
          MakeRegion make_region) {
  File file{set.directory + "/" + name, size, {}};
  Random random(mix(set.seed, seed));
  for (std::uint64_t offset = 0; offset < size;) {
    Region region = make_region(random);
    region.offset = offset;
    region.length = std::min(region.length, size - offset);
    region.seed = random.next();
    offset += region.length;
    file.regions.push_back(region);
  }
  return file;
}

File plan_uniform(const DataSet& set, const std::string& name, std::uint64_t seed,
                  std::uint64_t mebibytes, Kind kind) {
  return plan(set, name, seed, scaled(set, mebibytes), [kind](Random&) {
    Region region;
    region.length = 8 * kMiB;
    region.kind = kind;
    return region;
  });
}

void write_region(int fd, const File& file, const Region& region) {
  if (region.hole) return;
  const Bytes bytes =
      region.kind ? make_content(*region.kind, region.seed, region.length) : Bytes(region.length);
  platform::pwrite_all(fd, bytes, region.offset, file.path);
}

void write_file(const File& file) {
  platform::Fd fd = platform::open_path(file.path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (::ftruncate(fd.get(), static_cast<off_t>(file.size)) != 0) {
    throw system_error(errno, "resize", file.path);
  }
  for_each_index(file.regions.size(),
                 [&](std::size_t i) { write_region(fd.get(), file, file.regions[i]); });
}

void write_block(const File& file, std::uint64_t offset, std::uint64_t seed) {
  platform::Fd fd = platform::open_path(file.path, O_WRONLY);
  platform::pwrite_all(fd.get(), make_content(Kind::Incompressible, seed, kBlock), offset,
                       file.path);
}

File disk(const DataSet& set) {
  return plan(set, "disk.img", kImageSeed, scaled(set, 4096), image_region);
}

// The first quarter of the disk as it was a day before: the same but for some blocks.
void write_yesterday(const DataSet& set) {
  const File file = plan(set, "yesterday.img", kImageSeed, scaled(set, 1024), image_region);
  write_file(file);
  Random random(mix(set.seed, 11));
  for (std::uint64_t i = 0; i < file.size / (16 * kMiB); i++) {
    write_block(file, random.below(file.size / kBlock) * kBlock, random.next());
  }
}

void write_middle(const DataSet& set, std::uint64_t version) {
  const File file = disk(set);
  write_block(file, file.size / 2 / kBlock * kBlock, mix(set.seed, 12, version));
}

}  // namespace

void create(const DataSet& set) {
  write_file(disk(set));
  write_yesterday(set);
  write_file(plan_uniform(set, "messages.log", 13, 1024, Kind::Log));
  write_file(plan_uniform(set, "library.txt", 14, 512, Kind::Prose));
  write_file(plan_uniform(set, "sources.cc", 15, 384, Kind::Code));
  write_file(plan_uniform(set, "film.mkv", 16, 1536, Kind::Incompressible));
  write_middle(set, 0);
}

void change(const DataSet& set) { write_middle(set, 1); }

void reset(const DataSet& set) { write_middle(set, 0); }

}  // namespace snapferry::bench::big
