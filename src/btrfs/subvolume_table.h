#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "btrfs/subvolume.h"

namespace snapferry::btrfs {

// All subvolumes of one filesystem as its tree of roots lists them: a few system calls for
// thousands. It knows what committed transactions know; sync_filesystem() first where more counts.
// Not safe from several threads.
class SubvolumeTable {
 public:
  // Reads the tree of roots (BTRFS_IOC_TREE_SEARCH_V2, which needs root) of the filesystem that
  // `fd` is on, and keeps `fd` for path_of(). Throws PermissionDenied, Unavailable.
  SubvolumeTable(int fd, std::string_view subject);

  // Those that have a name, ascending by id; the top level (id 5) without one comes first.
  const std::vector<Subvolume>& all() const { return all_; }
  const Subvolume* find(std::uint64_t id) const;
  // Several may have the same parent or identity, one alone has a uuid.
  const Subvolume* find_by_uuid(const Guid& uuid) const;

  // Those with this identity, read-only ones alone: the snapshot and its copies.
  std::vector<const Subvolume*> snapshots(const Guid& identity) const;

  // From the top level, without a slash at either end: "rooms/@home"; "" is the top level itself.
  // Asks the system once for each directory that holds subvolumes. Empty and false if the
  // subvolume went away meanwhile.
  bool path_of(const Subvolume& subvolume, std::string& path) const;

 private:
  void read_roots();
  void look_for_changes();
  bool directory_path(std::uint64_t tree, std::uint64_t inode, std::string& path) const;

  int fd_;
  std::string subject_;
  std::vector<Subvolume> all_;
  std::map<Guid, std::size_t> by_uuid_;
  std::multimap<Guid, std::size_t> by_identity_;
  std::unordered_map<std::uint64_t, std::size_t> by_id_;
  mutable std::map<std::pair<std::uint64_t, std::uint64_t>, std::string> directories_;
};

}  // namespace snapferry::btrfs
