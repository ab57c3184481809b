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

#include <sys/stat.h>

#include "core/object_store.h"
#include "core/store.h"
#include "platform/fd.h"
#include "tree/directory_listing.h"
#include "tree/directory_numbers.h"
#include "tree/live_id.h"

namespace snapferry::tree {

// The files of native snapshots, read out of their directories as if they were trees in a
// repository: Tree and List objects are made when they are asked for, Data is read from the
// file. A snapshot is opened when something in it is first looked at.
//
// Nothing is followed: no symlink, no mount point and no subvolume below a snapshot; they show
// as what they are, the latter as empty directories. A file that is the same in two snapshots of
// a volume (path, inode, size, times of change and birth) has the same content ids in both, so
// that comparing them reads no content. Directories are never equal without being listed.
//
// Memory: names of the widest directories, about 30 bytes for each directory looked into, and
// caches of fixed size. Safe from several threads at once, as ObjectSource is.
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

  // Throws NotFound, PermissionDenied or Unavailable with the path of what could not be read, and
  // what openers throw.
  Bytes get(ObjectKind kind, const ObjectId& id) override;

 private:
  // An open directory; its snapshot stays open as long.
  struct OpenedDirectory {
    std::shared_ptr<const SnapshotView> snapshot;
    platform::Fd fd;
  };
  using Descriptor = std::shared_ptr<const OpenedDirectory>;
  using Listing = std::shared_ptr<const DirectoryListing>;

  struct View {
    std::string name;    // for messages
    std::uint32_t root;  // the number of the directory
    Opener opener;
    std::shared_ptr<const SnapshotView> snapshot;  // while it is open
    std::uint64_t device = 0;                      // once it was open
  };
  struct CachedDirectory {
    std::uint32_t view;
    std::uint32_t directory;
    Descriptor descriptor;
    Listing listing;  // of big directories only
  };
  // Where a version of a file was last seen.
  struct Place {
    std::uint32_t view;
    std::string name;
  };
  struct KnownFile {
    std::uint64_t version;
    Place place;
  };
  struct OpenFile {
    platform::Fd fd;
    std::uint64_t size;
  };

  // These need mutex_.
  View& view_at(std::uint32_t number);
  const std::shared_ptr<const SnapshotView>& open_view(std::uint32_t number);
  void close_surplus_views();
  CachedDirectory& cached(std::uint32_t view, std::uint32_t directory);
  CachedDirectory* find_cached(std::uint32_t view, std::uint32_t directory);
  CachedDirectory& cache(std::uint32_t view, std::uint32_t directory, Descriptor descriptor);
  std::string text(std::uint32_t view, std::uint32_t directory) const;
  std::vector<std::uint32_t> views_of(std::uint32_t directory);

  // These take it.
  Descriptor open_directory(std::uint32_t view, std::uint32_t directory);
  Listing list(const LiveTreeId& id, const OpenedDirectory& directory);
  std::string describe(std::uint32_t view, std::uint32_t directory);
  bool is_foreign(std::uint32_t view, const OpenedDirectory& directory);
  void remember(std::uint64_t version, std::uint32_t view, std::string_view name);
  std::optional<Place> recall(std::uint64_t version);

  Bytes tree(const LiveTreeId& id);
  Bytes leaf(const LiveTreeId& id, const OpenedDirectory& directory, const DirectoryListing& names);
  Entry entry(const LiveTreeId& id, int directory, const DirectoryListing::Name& name);
  std::uint64_t own_device(std::uint32_t view);

  OpenFile open_file(const LiveDataId& id);
  std::optional<OpenFile> open_file_at(const LiveDataId& id, const Place& place);
  std::optional<std::string> name_of(const LiveDataId& id, std::uint32_t view);
  Bytes list_object(const LiveDataId& id);
  Bytes data(const LiveDataId& id);

  const std::size_t max_open_views_;
  std::mutex mutex_;  // guards what follows
  DirectoryNumbers numbers_;
  std::map<std::string, std::uint32_t> roots_;                            // by volume
  std::map<std::pair<std::uint32_t, std::string>, std::uint32_t> known_;  // by root and snapshot
  std::vector<View> views_;
  std::list<std::uint32_t> open_views_;     // last used first
  std::list<CachedDirectory> directories_;  // last used first
  std::list<KnownFile> files_;              // last used first
  std::unordered_map<std::uint64_t, std::list<KnownFile>::iterator> files_by_version_;
};

}  // namespace snapferry::tree
