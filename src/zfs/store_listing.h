#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/expectation.h"
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
  bool placeholder = false;  // holds nothing, and is there to have a parent for others
  bool encrypted = false;
  std::string encryption_root;
  bool raw = false;  // encrypted with the key of its source
  bool key_loaded = true;
  std::uint64_t bytes = 0;
  std::string token;
  std::string partial_mark;   // partial_mark.h
  std::string record;         // the hash of what the volume was (source_record.h); empty: none
  std::vector<Point> points;  // ascending by order
  bool damaged = false;       // the newest of them, as verify found

  bool is_replica() const { return !points.empty() || !token.empty(); }
};

struct StoreContents {
  std::map<std::string, StoreDataset> datasets;     // by name
  std::map<std::string, UnchangedRecord> memories;  // by host
  Expectations expectations;                        // of those
  std::string identity;                             // empty: the rows do not tell
  bool encrypts = false;  // something of it is encrypted with a key of its own
};

// What its token says. One that cannot be decoded, or is of a stream that nobody here asked for,
// can only be discarded: as a partial of nothing that a source has.
Partial partial_of(const StoreDataset& dataset);

// Of the property `encryption`.
bool is_encryption(std::string_view value);

ListRequest store_listing(const std::string& root);

// Throws Corrupt for a row that cannot be.
StoreContents parse_store_rows(const std::vector<std::vector<std::string>>& rows,
                               const StoreLayout& layout);

// The replicas among `contents`, ascending by volume.
std::vector<ReplicaState> replicas_of(const StoreContents& contents, const StoreLayout& layout);

}  // namespace snapferry::zfs
