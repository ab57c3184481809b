#include <algorithm>
#include <cerrno>
#include <cmath>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>

#include "bench/content.h"
#include "bench/data_sets.h"
#include "bench/parallel.h"
#include "core/error.h"
#include "platform/fd.h"

namespace snapferry::bench::many {
namespace {

constexpr std::uint64_t kFiles = 500'000;
constexpr double kFilesPerDirectory = 12;
constexpr double kMedianSize = 2250;  // with this deviation the mean is 6000
constexpr double kSizeDeviation = 1.4;
constexpr double kLargest = 2e6;
constexpr std::uint64_t kChangedFiles = 100;
constexpr std::uint64_t kChurnedOneIn = 10;

// What a part of the content is before and after churn and change.
enum Version : std::uint64_t { kOriginal, kChurned, kChanged };

struct Directory {
  std::string path;  // relative to the data set
  std::uint64_t first_file = 0;
  std::uint64_t files = 0;
};

std::uint64_t file_count(const DataSet& set) {
  return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(kFiles * set.scale));
}

// Most directories hold a few files and some hold hundreds; new ones hang mostly below
// old ones, so that the tree is a few levels deep.
std::vector<Directory> plan(const DataSet& set) {
  Random random(mix(set.seed, 1));
  std::vector<Directory> directories = {{".", 0, 0}};
  for (std::uint64_t planned = 0; planned < file_count(set);) {
    Directory directory;
    const double parents = std::pow(static_cast<double>(directories.size()), 0.75);
    const auto& parent = directories[random.below(static_cast<std::uint64_t>(parents))];
    directory.path = parent.path + "/" + word(random) + std::to_string(directories.size());
    directory.first_file = planned;
    directory.files = std::min(static_cast<std::uint64_t>(random.exponential(kFilesPerDirectory)),
                               file_count(set) - planned);
    planned += directory.files;
    directories.push_back(directory);
  }
  return directories;
}

// The name and the kind of a file never change, its size and content with the version.
void write_file(const DataSet& set, const Directory& directory, std::uint64_t file,
                Version version) {
  Random identity(mix(set.seed, 2, file));
  const Kind kind = identity.chance(0.25) ? Kind::Incompressible : compressible_kind(identity);
  const std::string path = set.directory + "/" + directory.path + "/" + word(identity) + "-" +
                           std::to_string(file - directory.first_file) + extension(kind);
  Random content(mix(set.seed, 3, file, version));
  const double size = std::min(kLargest, kMedianSize * std::exp(kSizeDeviation * content.normal()));
  const Bytes bytes = make_content(kind, content.next(), static_cast<std::size_t>(size));
  platform::Fd fd = platform::open_path(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  platform::write_all(fd.get(), bytes, path);
}

void write_directory(const DataSet& set, const Directory& directory, Version version) {
  for (std::uint64_t i = 0; i < directory.files; i++) {
    write_file(set, directory, directory.first_file + i, version);
  }
}

void make_directories(const DataSet& set, const std::vector<Directory>& directories) {
  for (const Directory& directory : directories) {
    const std::string path = set.directory + "/" + directory.path;
    if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) {
      throw system_error(errno, "create the directory", path);
    }
  }
}

bool is_churned(const DataSet& set, std::size_t directory) {
  return mix(set.seed, 4, directory) % kChurnedOneIn == 0;
}

void write_churned(const DataSet& set, Version version) {
  const std::vector<Directory> directories = plan(set);
  for_each_index(directories.size(), [&](std::size_t i) {
    if (is_churned(set, i)) write_directory(set, directories[i], version);
  });
}

void write_changed(const DataSet& set, Version version) {
  const std::vector<Directory> directories = plan(set);
  for (std::uint64_t i = 0; i < std::min(kChangedFiles, file_count(set)); i++) {
    const std::uint64_t file = mix(set.seed, 5, i) % file_count(set);
    auto after = std::upper_bound(
        directories.begin(), directories.end(), file,
        [](std::uint64_t value, const Directory& item) { return value < item.first_file; });
    const Directory& directory = *std::prev(after);
    write_file(set, directory, file, version);
  }
}

}  // namespace

void create(const DataSet& set) {
  const std::vector<Directory> directories = plan(set);
  make_directories(set, directories);
  for_each_index(directories.size(),
                 [&](std::size_t i) { write_directory(set, directories[i], kOriginal); });
}

void churn(const DataSet& set) { write_churned(set, kChurned); }

void change(const DataSet& set) { write_changed(set, kChanged); }

void reset(const DataSet& set) {
  write_churned(set, kOriginal);
  write_changed(set, kOriginal);
}

}  // namespace snapferry::bench::many
