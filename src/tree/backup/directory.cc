#include "tree/backup/directory.h"

#include <utility>
#include <vector>

#include "core/error.h"

namespace snapferry::tree {
namespace {

void check_same(const Directory& directory, SourceDirectory& opened) {
  if (opened.identity() != std::pair(directory.device, directory.inode)) {
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

OpenDirectory OpenDirectories::open(const std::shared_ptr<Directory>& parent,
                                    const std::string& name) {
  return (parent ? reopened(parent) : above_)->open_directory(name);
}

OpenDirectory OpenDirectories::kept(const Directory& directory) {
  const std::lock_guard lock(mutex_);
  return directory.opened_;
}

OpenDirectory OpenDirectories::reopened(const std::shared_ptr<Directory>& directory) {
  std::vector<std::shared_ptr<Directory>> closed;
  OpenDirectory at;
  for (auto up = directory; up && !(at = kept(*up)); up = up->parent) closed.push_back(up);
  if (!at) at = above_;
  for (auto down = closed.rbegin(); down != closed.rend(); ++down) {
    at = at->open_directory((*down)->name);
    check_same(**down, *at);
    keep(*down, at);
  }
  return at;
}

void OpenDirectories::keep(const std::shared_ptr<Directory>& directory, OpenDirectory opened) {
  OpenDirectory closed;  // outside of the lock
  std::shared_ptr<Directory> oldest;
  const std::lock_guard lock(mutex_);
  directory->opened_ = std::move(opened);
  kept_.push_back(directory);
  if (kept_.size() <= limit_) return;
  oldest = kept_.front().lock();
  kept_.pop_front();
  if (oldest) closed = std::exchange(oldest->opened_, nullptr);
}

}  // namespace snapferry::tree
