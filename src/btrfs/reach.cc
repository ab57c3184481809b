#include "btrfs/reach.h"

#include <algorithm>
#include <map>

#include <sys/stat.h>

#include "btrfs/directory_names.h"
#include "btrfs/mount_table.h"
#include "btrfs/snapshot_place.h"
#include "btrfs/store_layout.h"
#include "core/error.h"
#include "core/volume_pattern.h"

namespace snapferry::btrfs {
namespace {

class Paths {
 public:
  void add(std::string path, Reach reach) {
    const ReachedPath added{std::move(path), reach};
    if (std::ranges::find(paths_, added) == paths_.end()) paths_.push_back(added);
  }
  std::vector<ReachedPath> take() { return std::move(paths_); }

 private:
  std::vector<ReachedPath> paths_;
};

bool exists(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0;
}

std::string beginning_of(const VolumePattern& pattern) {
  const auto prefix = pattern.literal_prefix();
  return prefix.empty() ? "/" : prefix;
}

// Those through which a filesystem can be seen that has something at or below `prefix`.
void add_mounts(Paths& paths, const std::string& prefix) {
  std::map<std::string, std::vector<std::string>> points;
  std::vector<std::string> touched;
  for (const auto& mount : read_mounts()) {
    points[mount.device].push_back(mount.point);
    if (is_within(mount.point, prefix) || is_within(prefix, mount.point)) {
      touched.push_back(mount.device);
    }
  }
  for (const auto& device : touched) {
    for (const auto& point : points[device]) paths.add(point, Reach::List);
  }
}

// Where the snapshots of a volume at `path` itself are; those of volumes below it are below it.
void add_place(Paths& paths, const std::string& path) {
  paths.add(path, Reach::Directories);
  if (path == "/" || !exists(path)) return;
  const auto parent = parent_of(path);
  if (!on_one_btrfs(path, parent)) return;
  const auto own = join(parent, kSnapshotsName);
  paths.add(exists(own) ? own : parent, Reach::Directories);
}

}  // namespace

std::vector<ReachedPath> reach_of_source(const std::vector<std::string>& patterns) {
  Paths paths;
  for (const auto& text : patterns) {
    const auto prefix = beginning_of(VolumePattern::parse(text));
    add_mounts(paths, prefix);
    add_place(paths, prefix);
  }
  return paths.take();
}

std::vector<ReachedPath> reach_of_store(const std::string& directory, const std::string& host) {
  const auto store = StoreLayout::directory_of(directory);
  return {{join(store, StoreLayout::kIdentityName), Reach::Read},
          {join(store, StoreLayout::host_name(host)), Reach::Write}};
}

std::vector<ReachedPath> reach_of_target(const std::vector<std::string>& patterns) {
  Paths paths;
  for (const auto& text : patterns) {
    const auto pattern = VolumePattern::parse(text);
    const auto prefix = beginning_of(pattern);
    const auto parent = parent_of(prefix);
    if (pattern.has_wildcards()) {
      paths.add(prefix, Reach::Write);
    } else {
      paths.add(parent, Reach::List);
      // One that is there already is never replaced: all that is left is to say so.
      if (exists(prefix)) continue;
      const auto name = prefix.substr(prefix.rfind('/') + 1);
      paths.add(join(join(parent, kSnapshotsName), name), Reach::Write);
    }
  }
  return paths.take();
}

}  // namespace snapferry::btrfs
