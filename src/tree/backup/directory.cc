#include "tree/backup/directory.h"

#include <cerrno>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>

#include "core/error.h"

namespace snapferry::tree {
namespace {

Descriptor open_directory(int at, const std::string& name) {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
  int fd = ::openat(at, name.c_str(), kFlags | O_NOATIME);
  // Only the owner may ask that the access time stays.
  if (fd < 0 && errno == EPERM) fd = ::openat(at, name.c_str(), kFlags);
  if (fd < 0) throw system_error(errno, "open the directory", name);
  return std::make_shared<const platform::Fd>(fd);
}

void check_same(const Directory& directory, int fd) {
  struct stat stat;
  if (::fstat(fd, &stat) != 0) throw system_error(errno, "look at", directory.name);
  if (stat.st_dev != directory.device || stat.st_ino != directory.inode) {
    throw Error(ErrorKind::NotFound, directory.name + ": was replaced while it was read");
  }
}

}  // namespace

Directory::~Directory() {
  std::shared_ptr<Directory> up = std::move(parent);
  while (up && up.use_count() == 1) up = std::exchange(up->parent, nullptr);
}

std::string Directory::path(std::string_view child) const {
  std::vector<std::string_view> parts;
  std::size_t size = child.size();
  for (const Directory* at = this; at->parent; at = at->parent.get()) {
    parts.push_back(at->name);
    size += at->name.size() + 1;
  }
  std::string path;
  path.reserve(size);
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    if (!path.empty()) path += '/';
    path += *part;
  }
  if (!path.empty() && !child.empty()) path += '/';
  return path += child;
}

Descriptor OpenDirectories::open(const std::shared_ptr<Directory>& parent,
                                 const std::string& name) {
  if (!parent) return open_directory(AT_FDCWD, name);
  const Descriptor in = descriptor_of(parent);
  return open_directory(in->get(), name);
}

Descriptor OpenDirectories::kept(const Directory& directory) {
  const std::lock_guard lock(mutex_);
  return directory.descriptor_;
}

Descriptor OpenDirectories::descriptor_of(const std::shared_ptr<Directory>& directory) {
  std::vector<std::shared_ptr<Directory>> closed;
  Descriptor at;
  for (auto up = directory; up && !(at = kept(*up)); up = up->parent) closed.push_back(up);
  for (auto down = closed.rbegin(); down != closed.rend(); ++down) {
    at = open_directory(at ? at->get() : AT_FDCWD, (*down)->name);
    check_same(**down, at->get());
    keep(*down, at);
  }
  return at;
}

void OpenDirectories::keep(const std::shared_ptr<Directory>& directory, Descriptor descriptor) {
  Descriptor closed;  // outside of the lock
  std::shared_ptr<Directory> oldest;
  const std::lock_guard lock(mutex_);
  directory->descriptor_ = std::move(descriptor);
  kept_.push_back(directory);
  if (kept_.size() <= limit_) return;
  oldest = kept_.front().lock();
  kept_.pop_front();
  if (oldest) closed = std::exchange(oldest->descriptor_, nullptr);
}

}  // namespace snapferry::tree
