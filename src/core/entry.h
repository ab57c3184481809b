#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/bytes.h"
#include "core/left_out.h"
#include "core/object_id.h"

namespace snapferry {

enum class EntryType : std::uint8_t {
  File = 1,
  Directory = 2,
  Symlink = 3,
  Fifo = 4,
  Socket = 5,
  CharacterDevice = 6,
  BlockDevice = 7,
};

// A run of a file's content. A hole has no id and reads as zeros.
struct ContentRun {
  std::uint64_t length = 0;    // bytes of the file that this run covers, > 0
  std::optional<ObjectId> id;  // nullopt: a hole
  bool operator==(const ContentRun&) const = default;
};

// The content of a file in order. With depth 0 each run is a Data object of exactly
// `length` bytes, or a hole. With depth n each run is a List object whose runs, of
// depth n-1, cover `length` bytes together. An empty file has no runs.
struct Content {
  std::uint8_t depth = 0;  // at most kMaxContentDepth
  std::vector<ContentRun> runs;
  bool operator==(const Content&) const = default;
};
inline constexpr std::uint8_t kMaxContentDepth = 4;

struct ExtendedAttribute {
  std::string name;  // with its namespace: "user.comment", "system.posix_acl_access"
  Bytes value;
  bool operator==(const ExtendedAttribute&) const = default;
};

// Seconds since 1970 (negative before) and nanoseconds in [0, 1e9).
struct Timestamp {
  std::int64_t seconds = 0;
  std::uint32_t nanoseconds = 0;
  auto operator<=>(const Timestamp&) const = default;
};

// One file of any type as it was when the snapshot was taken.
struct Entry {
  EntryType type = EntryType::File;
  std::string name;        // any bytes but '/' and NUL; empty for the root of a volume
  std::uint32_t mode = 0;  // permission bits with setuid, setgid and sticky: 07777
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  Timestamp mtime;
  Timestamp ctime;  // never restored; tells the next backup that nothing changed
  std::uint64_t inode = 0;
  std::uint64_t size = 0;    // of a file: bytes; otherwise 0
  std::uint64_t device = 0;  // of a device node: its rdev as st_rdev; otherwise 0
  // Of a directory: something was mounted on it, and what is in it is on that filesystem.
  bool mount_point = false;
  // Set for a non-directory with more than one link: the st_dev it lives on. Entries
  // of one snapshot with the same link_device and inode are one file.
  std::optional<std::uint64_t> link_device;
  // The content changed on every try to read it: it may mix several states.
  bool unsettled = false;
  // The content is not in the snapshot, and why. Then `content`, `tree` and `target` are empty,
  // though `size` is what the file reported.
  LeftOut left_out = LeftOut::None;
  // Of what was left out: not even looked at. `name` and `type` are what the directory said, `type`
  // File where it did not say, and all else is zero.
  bool name_only = false;
  // Inode attributes (core/inode_attributes.h) and the id of the project that quotas count the file
  // for; nullopt: not known, and to be left alone.
  std::optional<std::uint32_t> attributes;
  std::optional<std::uint32_t> project;
  std::vector<ExtendedAttribute> xattrs;  // sorted by name; ACLs and capabilities are here
  std::string target;                     // of a symlink: any bytes
  Content content;                        // of a file
  ObjectId tree;                          // of a directory: its Tree object
  bool operator==(const Entry&) const = default;

  // A directory whose entries are in the snapshot. Only then does `tree` name an object.
  bool has_tree() const { return type == EntryType::Directory && left_out == LeftOut::None; }
};

}  // namespace snapferry
