#include "stores/store_recognition.h"

#include <deque>
#include <filesystem>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/printable.h"

namespace snapferry::stores {
namespace {

namespace fs = std::filesystem;

constexpr int kMostLinks = 40;

constexpr std::string_view kIfMeant =
    "mount the right disk, or, if this store is meant, give --accept-changed-store once";

// Where the link leads to; empty if it is none, or cannot be read.
fs::path target_of(const fs::path& path) {
  std::error_code error;
  return fs::is_symlink(fs::symlink_status(path, error)) ? fs::read_symlink(path, error)
                                                         : fs::path();
}

}  // namespace

std::string settled_path(const std::string& path) {
  const fs::path whole = fs::path(path).lexically_normal();
  std::deque<fs::path> left(whole.begin(), whole.end());
  fs::path settled = "/";
  for (int links = 0; !left.empty();) {
    const fs::path part = left.front();
    left.pop_front();
    if (part.empty() || part == "." || part == "/") continue;
    if (part == "..") {
      settled = settled.parent_path();
      continue;
    }
    const fs::path target = links < kMostLinks ? target_of(settled / part) : fs::path();
    if (target.empty()) {
      settled /= part;
      continue;
    }
    ++links;
    left.insert(left.begin(), target.begin(), target.end());
    if (target.is_absolute()) settled = "/";
  }
  return settled.string();
}

std::string mount_point_of(const std::string& directory) {
  struct stat status {};
  fs::path path = directory;
  while (::lstat(path.c_str(), &status) != 0 && path.has_relative_path()) {
    path = path.parent_path();
  }
  while (path.has_relative_path()) {
    struct stat above {};
    const fs::path parent = path.parent_path();
    if (::lstat(parent.c_str(), &above) != 0 || above.st_dev != status.st_dev) break;
    path = parent;
  }
  return path.string();
}

StoreRecognition::StoreRecognition(const Surroundings& surroundings, std::string name,
                                   const std::string& address, const std::string& directory)
    : is_accepted_(surroundings.accept_changed_store),
      name_(std::move(name)),
      address_(address),
      directory_(directory),
      known_(surroundings.cache_directory(), ::geteuid()),
      seen_(known_.at(address)) {}

StoreRecognition StoreRecognition::of_repository(const Surroundings& surroundings,
                                                 const std::string& directory) {
  const std::string settled = settled_path(directory);
  return {surroundings, "repo:" + directory, "repo:" + settled, settled};
}

StoreRecognition StoreRecognition::of_native(const Surroundings& surroundings,
                                             const StoreAddress& address) {
  if (address.is_remote() || address.kind != StoreKind::Btrfs) {
    return {surroundings, address.text(), address.text(), ""};
  }
  const std::string settled = settled_path(address.name);
  return {surroundings, address.text(), "btrfs:" + settled, settled};
}

void StoreRecognition::require_familiar(const std::string& identity,
                                        SeenStore::Protection protection) const {
  const SeenStore now{identity, protection, ""};
  const Familiarity familiarity = compare(seen_, now);
  if (is_accepted_) return;
  if (familiarity == Familiarity::NotEncrypted) {
    throw Error(ErrorKind::Conflict,
                fmt::format("{}: this store (id {}) is not encrypted, and the one that was here "
                            "(id {}) was, so that anyone could read what is backed up; {}",
                            printable(name_), now.short_identity(), seen_.front().short_identity(),
                            kIfMeant));
  }
  if (familiarity == Familiarity::OtherStore) {
    throw Error(ErrorKind::Conflict,
                fmt::format("{}: this is another store (id {}) than the one that was here (id {}); "
                            "{}",
                            printable(name_), now.short_identity(), seen_.front().short_identity(),
                            kIfMeant));
  }
}

void StoreRecognition::remember(const std::string& identity,
                                SeenStore::Protection protection) const {
  known_.remember(address_,
                  {identity, protection, directory_.empty() ? "" : mount_point_of(directory_)});
}

void StoreRecognition::recognise(const std::string& identity) const {
  require_familiar(identity, SeenStore::Protection::Unknown);
  remember(identity, SeenStore::Protection::Unknown);
}

NoSuchStore StoreRecognition::missing(const std::string& unknown) const {
  if (seen_.empty()) return NoSuchStore(unknown);
  return NoSuchStore(
      fmt::format("{}: the store that was here (id {}) is not; is its disk mounted? Mount it and "
                  "try again, or give the right store",
                  printable(name_), seen_.front().short_identity()));
}

void StoreRecognition::require_mounted() const {
  if (seen_.empty() || directory_.empty() || is_accepted_) return;
  const std::string& before = seen_.front().mount_point;
  // Both lead to the directory, so that the longer one is below the other.
  if (before.size() <= mount_point_of(directory_).size()) return;
  throw Error(ErrorKind::Conflict,
              fmt::format("{}: the store that was here (id {}) is not; is its disk mounted? It was "
                          "at {}; mount it, or, if a new store is meant to be made here, give "
                          "--accept-changed-store",
                          printable(name_), seen_.front().short_identity(), printable(before)));
}

void recognise_native(const Surroundings& surroundings, const StoreAddress& address, Store& store) {
  const auto recognition = StoreRecognition::of_native(surroundings, address);
  try {
    recognition.recognise(store.identity());
  } catch (const NoSuchStore& error) {
    throw recognition.missing(error.message());
  }
}

}  // namespace snapferry::stores
