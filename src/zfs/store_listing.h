#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/store.h"
#include "zfs/listing.h"
#include "zfs/store_layout.h"
#include "zfs/unchanged_record.h"

namespace snapferry::zfs {

// One dataset below a store.
struct StoreDataset {
  std::string name;
  VolumeType type = VolumeType::Filesystem;
  Guid guid;
  bool placeholder = false;  // made to have a parent for others; never had snapshots
  bool raw = false;
  bool key_loaded = true;
  std::uint64_t bytes = 0;
  std::string token;
  std::vector<Point> points;  // ascending by order

  bool is_replica() const { return !points.empty() || !token.empty(); }
};

struct StoreContents {
  std::map<std::string, StoreDataset> datasets;     // by name
  std::map<std::string, UnchangedRecord> memories;  // by host
  std::string identity;                             // empty: the rows do not tell
};

ListRequest store_listing(const std::string& root);

// Throws Corrupt for a row that cannot be.
StoreContents parse_store_rows(const std::vector<std::vector<std::string>>& rows,
                               const StoreLayout& layout);

// The replicas among `contents`, ascending by volume.
std::vector<ReplicaState> replicas_of(const StoreContents& contents, const StoreLayout& layout);

}  // namespace snapferry::zfs
