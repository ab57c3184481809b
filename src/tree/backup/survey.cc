#include "tree/backup/survey.h"

#include <vector>

#include <fcntl.h>
#include <sys/stat.h>

#include "platform/directory_listing.h"
#include "platform/fd.h"
#include "tree/backup/left_out.h"
#include "tree/directory_kinds.h"
#include "tree/exclude.h"

namespace snapferry::tree {
namespace {

constexpr unsigned kMaximalDepth = 128;
constexpr int kOpenDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;

class Surveyor {
 public:
  Surveyor(const BackupOptions& options, const Cancellation& stop)
      : options_(options), stop_(stop) {}

  Survey run(const std::string& path) {
    struct stat stat;
    if (::lstat(path.c_str(), &stat) != 0) return total_;
    if (!S_ISDIR(stat.st_mode)) {
      count(stat);
    } else {
      enter(platform::Fd(::open(path.c_str(), kOpenDirectory)), stat.st_dev, 0);
    }
    return total_;
  }

 private:
  void count(const struct stat& stat) {
    ++total_.files;
    if (S_ISREG(stat.st_mode)) total_.bytes += static_cast<std::uint64_t>(stat.st_size);
  }

  void enter(const platform::Fd& directory, dev_t outer_device, unsigned depth) {
    struct stat own;
    if (!directory.valid() || depth > kMaximalDepth || ::fstat(directory.get(), &own) != 0) return;
    const bool crosses_device = own.st_dev != outer_device;
    if (crosses_device && options_.one_filesystem) return;
    if (crosses_device && is_pseudo_filesystem(directory.get())) return;
    if (crosses_device && !options_.include_own && is_own_mount(directory.get())) return;
    const std::size_t length = path_.size();
    for (const auto& name : look_at_names(directory, depth)) {
      stop_.check();
      path_.resize(length);
      path_ += name + '/';
      enter(platform::Fd(::openat(directory.get(), name.c_str(), kOpenDirectory)), own.st_dev,
            depth + 1);
    }
    path_.resize(length);
  }

  // Counts the files, and returns the names of the directories to enter.
  std::vector<std::string> look_at_names(const platform::Fd& directory, unsigned depth) {
    std::vector<std::string> directories;
    try {
      listing_.read(directory.get(), path_);
    } catch (const Error&) {
      return directories;
    }
    if (options_.exclude_caches && listing_.find(kCacheTag) < listing_.size() &&
        has_cache_tag(directory.get())) {
      listing_.keep_only(kCacheTag);
    }
    if (depth > 0 && !options_.include_own && is_own_store(directory.get(), listing_)) {
      listing_.clear();
    }
    for (std::size_t index = 0; index < listing_.size(); ++index) {
      stop_.check();
      const auto name = listing_[index];
      struct stat stat;
      if (::fstatat(directory.get(), name.text, &stat, AT_SYMLINK_NOFOLLOW) != 0) continue;
      if (is_excluded(name.view(), S_ISDIR(stat.st_mode))) continue;
      if (!S_ISDIR(stat.st_mode)) {
        count(stat);
      } else if (!is_left_out(directory.get(), name, stat)) {
        directories.emplace_back(name.view());
      }
    }
    return directories;
  }

  bool is_left_out(int directory, const platform::DirectoryListing::Name& name,
                   const struct stat& stat) const {
    return is_skipped(options_, stat.st_dev, stat.st_ino) ||
           (!options_.include_own && is_own_snapshots(directory, name.view()));
  }

  bool is_excluded(std::string_view name, bool is_directory) const {
    return options_.excludes != nullptr && !options_.excludes->empty() &&
           options_.excludes->excludes(path_ + std::string(name), is_directory);
  }

  const BackupOptions& options_;
  const Cancellation& stop_;
  Survey total_;
  platform::DirectoryListing listing_;
  std::string path_;  // of the directory, relative to the volume, with a slash behind
};

}  // namespace

std::optional<Survey> survey(const std::string& path, const BackupOptions& options,
                             const Cancellation& stop) noexcept {
  try {
    return Surveyor(options, stop).run(path);
  } catch (...) {
    return std::nullopt;
  }
}

}  // namespace snapferry::tree
