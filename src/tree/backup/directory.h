#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "tree/backup/file_source.h"
#include "tree/backup/tree_builder.h"

namespace snapferry::tree {

// An open directory, shared by those who open something in it at the same time.
using OpenDirectory = std::shared_ptr<SourceDirectory>;

// A directory that the walk is in: its place, and its tree under construction. Lives
// until its last subdirectory is complete; those hold it by shared_ptr.
struct Directory {
  Directory(ObjectSink& sink, std::shared_ptr<Directory> parent_directory, std::string own_name)
      : parent(std::move(parent_directory)), name(std::move(own_name)), tree(sink) {}
  // Not by recursion, however deep it is.
  ~Directory();
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  // Of the entry `child` in here, relative to the volume; "" means the directory
  // itself, which is "" for the root.
  std::string path(std::string_view child = {}) const;

  std::shared_ptr<Directory> parent;  // nullptr for the root
  std::string name;                   // in `parent`; of the root: that of the source
  IdSlot slot;                        // in `parent`
  std::uint64_t device = 0;           // as opened
  std::uint64_t inode = 0;
  TreeBuilder tree;

 private:
  friend class OpenDirectories;
  OpenDirectory opened_;
};

// Opens directories below one another. Keeps open those whose
// subdirectories are still to be opened, but not more than `limit`: one that was let go
// is opened again by way of its parents, and only if it is still the same directory.
// Safe from several threads.
class OpenDirectories {
 public:
  // `above` is where the root is.
  OpenDirectories(OpenDirectory above, std::size_t limit)
      : above_(std::move(above)), limit_(limit) {}

  SourceDirectory& above() const { return *above_; }

  // Opens `name` in `parent` (nullptr: it is the root), following no symlink. Throws as
  // the source does, and NotFound if a parent was replaced meanwhile.
  OpenDirectory open(const std::shared_ptr<Directory>& parent, const std::string& name);

  // Keeps `directory` open for opening what is in it.
  void keep(const std::shared_ptr<Directory>& directory, OpenDirectory opened);

 private:
  OpenDirectory reopened(const std::shared_ptr<Directory>& directory);
  OpenDirectory kept(const Directory& directory);

  const OpenDirectory above_;
  const std::size_t limit_;
  std::mutex mutex_;                           // guards opened_ of every directory, too
  std::deque<std::weak_ptr<Directory>> kept_;  // the oldest is in front
};

}  // namespace snapferry::tree
