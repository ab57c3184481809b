#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/object_store.h"
#include "core/snapshot_view.h"
#include "view/directory_numbers.h"
#include "view/live_id.h"

namespace snapferry::view {

// The files of native snapshots, read out of their views as if they were trees in a repository:
// Tree and List objects are made when they are asked for, Data is read from the file. A snapshot
// is opened when something in it is first looked at.
//
// What a view leaves empty, mount points and subvolumes, is shown so. A file that is the same in
// two snapshots of a volume (path, inode, size, times of change and birth) has the same content
// ids in both, so that comparing them reads no content. Directories are never equal without being
// listed.
//
// Memory: about 30 bytes for each directory looked into, and caches of fixed size. Safe from
// several threads at once, as ObjectSource is.
class LiveObjects : public ObjectSource {
 public:
  // Makes the files of a snapshot readable; any thread, but one at a time.
  using Opener = std::function<std::unique_ptr<SnapshotView>()>;

  // At most so many snapshots are open at a time.
  explicit LiveObjects(std::size_t max_open_snapshots = 16) : max_open_views_(max_open_snapshots) {}

  // Makes a snapshot of the volume known, and returns the id of its root directory. The same
  // `volume` means the same volume, `snapshot` the same snapshot.
  ObjectId add(const std::string& volume, const std::string& snapshot, Opener opener);

  // What is known of the root directory itself; opens the snapshot. Without a name.
  Entry root(const ObjectId& tree);

  // Throws as views and openers do.
  Bytes get(ObjectKind kind, const ObjectId& id) override;

 private:
  using SharedView = std::shared_ptr<SnapshotView>;

  struct View {
    std::string name;    // for messages
    std::uint32_t root;  // the number of the directory
    Opener opener;
    SharedView snapshot;  // while it is open
  };
  // A directory in an open snapshot.
  struct Place {
    SharedView snapshot;
    std::string path;
  };
  // Where a version of a file was last seen.
  struct Sighting {
    std::uint32_t view;
    std::string name;
    std::uint64_t version;  // as the view calls it
    std::uint64_t size;
  };
  struct KnownFile {
    std::uint64_t version;
    Sighting seen;
  };

  // These need mutex_.
  View& view_at(std::uint32_t number);
  const SharedView& open_view(std::uint32_t number);
  void close_surplus_views();
  std::vector<std::uint32_t> views_of(std::uint32_t directory);

  // These take it.
  Place open(std::uint32_t view, std::uint32_t directory);
  std::string describe(std::uint32_t view, std::uint32_t directory);
  void remember(std::uint64_t version, const Sighting& seen);
  std::optional<Sighting> recall(std::uint64_t version);

  Bytes tree(const LiveTreeId& id);
  Bytes leaf(const LiveTreeId& id, DirectoryPart part);
  Entry entry(const LiveTreeId& id, ViewedFile file);

  std::optional<Sighting> look_for(const LiveDataId& id, std::uint32_t view);
  template <typename Use>
  Bytes use_file(const LiveDataId& id, const Use& use);
  Bytes list_object(const LiveDataId& id);
  Bytes data(const LiveDataId& id);

  const std::size_t max_open_views_;
  std::mutex mutex_;  // guards what follows
  DirectoryNumbers numbers_;
  std::map<std::string, std::uint32_t> roots_;                            // by volume
  std::map<std::pair<std::uint32_t, std::string>, std::uint32_t> known_;  // by root and snapshot
  std::vector<View> views_;
  std::list<std::uint32_t> open_views_;  // last used first
  std::list<KnownFile> files_;           // last used first
  std::unordered_map<std::uint64_t, std::list<KnownFile>::iterator> files_by_version_;
};

}  // namespace snapferry::view
