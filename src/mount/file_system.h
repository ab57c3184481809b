#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include <sys/stat.h>

#include "core/tree_reader.h"
#include "mount/layout.h"
#include "mount/mount.h"

namespace snapferry::mount {

// A file or directory that the mount shows.
struct Node {
  enum class Kind {
    Layout,    // a directory of the layout: hosts, the way to volumes, their snapshots
    Latest,    // the symlink in it
    Snapshot,  // the root of a snapshot, or anything below it
  };
  Kind kind = Kind::Layout;
  std::string path;  // of Layout, and of the directory that Latest is in: as Layout::find takes it
  std::uint64_t number = 1;
  std::uint64_t link_seed = 0;  // of Snapshot: tells files of several links apart
  Entry entry;                  // what is shown of it; synthetic above snapshots
};
using NodePointer = std::shared_ptr<const Node>;

// What an open directory yields, one at a time and in an order that stays as it is.
class Listing {
 public:
  virtual ~Listing() = default;
  // The node that is next, or nullptr at the end; the same again until next().
  virtual NodePointer peek() = 0;
  virtual void next() = 0;
};

// The tree that is mounted, without anything of FUSE. Methods throw what the object
// source throws. Safe from several threads at once; a Listing from one at a time.
class FileSystem {
 public:
  FileSystem(const std::vector<Snapshot>& snapshots, ObjectSource& source,
             const MountOptions& options);

  NodePointer root() const;
  // nullptr if there is none.
  NodePointer find(const Node& directory, std::string_view name);
  std::unique_ptr<Listing> list(const Node& directory);

  // Without st_dev.
  struct stat stat(const Node& node) const;
  std::string read_link(const Node& node);
  Bytes read(const Node& file, std::uint64_t offset, std::size_t length) const;
  // Where from `offset` on there is data (or, if `hole`, a hole) next, for SEEK_DATA and
  // SEEK_HOLE; the end of the file is a hole. nullopt: there is no data any more, or
  // `offset` is not inside the file.
  std::optional<std::uint64_t> seek(const Node& file, std::uint64_t offset, bool hole) const;

 private:
  std::shared_ptr<const Layout> layout();
  void refresh();
  NodePointer find_in_layout(const Node& directory, const std::string& name);
  std::vector<NodePointer> list_layout(const Node& directory);

  ObjectSource& source_;
  TreeReader reader_;
  const MountOptions& options_;
  std::mutex refresh_mutex_;  // held while refreshing
  std::chrono::steady_clock::time_point refreshed_;
  std::mutex layout_mutex_;  // for the pointer only
  std::shared_ptr<const Layout> layout_;
};

}  // namespace snapferry::mount
