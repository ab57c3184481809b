#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/entry.h"
#include "core/feed_token.h"
#include "core/object_id.h"

namespace snapferry {

// The name of a volume of files: the host it is on and its absolute path there, or
// for a stream "stdin:NAME" without a leading slash. The path may hold any bytes
// but NUL.
struct VolumeName {
  std::string host;
  std::string path;
  auto operator<=>(const VolumeName&) const = default;
  // "HOST:PATH".
  std::string text() const { return host + ":" + path; }
};

// What a backup found and what it cost.
struct BackupStats {
  std::uint64_t files = 0;  // entries that are not directories
  std::uint64_t directories = 0;
  std::uint64_t bytes = 0;      // sum of the sizes of files
  std::uint64_t files_new = 0;  // not in the base
  std::uint64_t files_changed = 0;
  std::uint64_t files_unchanged = 0;  // as they are in the base
  std::uint64_t files_removed = 0;    // in the base only
  std::uint64_t files_failed = 0;     // unreadable; left out, or kept as unsettled
  std::uint64_t bytes_read = 0;       // read from files
  std::uint64_t bytes_added = 0;      // plain bytes that were new to the store
  std::uint64_t bytes_stored = 0;     // what the store grew by
  std::uint64_t names_left_out = 0;   // entries without content (core/left_out.h)
  std::uint64_t files_reread = 0;     // of those unchanged: read again to be sure
  bool operator==(const BackupStats&) const = default;
};

// The name of a user or group as it was on the source.
struct OwnerName {
  std::uint32_t id = 0;
  std::string name;
  bool operator==(const OwnerName&) const = default;
};

// A committed snapshot of a tree: the content of its manifest.
struct Snapshot {
  ObjectId id;  // random; not part of the manifest's bytes, but its name
  VolumeName volume;
  std::string set;  // "default" unless named
  Timestamp time;   // when the backup began by its host's clock: everything older is in it
  Timestamp finished;
  // When the store saw the backup begin, by the storage's own clock; 0: it has none, or the
  // snapshot is of an older format. Of a native one 0 also where `time` may well be right, because
  // what a store of these sees is when it came, which can be long after (core/claimed_time.h).
  Timestamp seen;
  // The place in the order of commits: 1 more than the largest that was there, so that of two
  // snapshots the later one has the larger number whatever clocks said. 0: unknown.
  std::uint64_t sequence = 0;
  Entry root;                    // without a name; a directory, or whatever PATH was
  std::vector<OwnerName> users;  // ascending by id; the owners that occur
  std::vector<OwnerName> groups;
  std::vector<std::string> excludes;  // the patterns in force, as given
  bool one_filesystem = false;
  // What was left out of the trees is recorded in them (Entry::left_out). Snapshots of earlier
  // versions do not tell what they lack from what was not there.
  bool records_left_out = false;
  bool incomplete = false;  // some files were unreadable: stats.files_failed > 0
  BackupStats stats;
  std::string program;  // "snapferry 0.1.0"
  // A hash of what tells the machine that took it from others of the same name; zeros: unknown.
  ObjectId machine;
  // What the change feed of the volume called the moment when the backup began; nullopt: no feed
  // vouches for what changed since.
  std::optional<FeedToken> feed;
  bool operator==(const Snapshot&) const = default;
};

}  // namespace snapferry
