#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "core/entry.h"
#include "core/object_id.h"

namespace snapferry {

// The codec of Tree and List objects. Grammar (little-endian; FORMAT.md gives the
// reasons):
//
//   node     := leaf | inner
//   leaf     := u8 1, entry*                        entries ascend strictly by name bytes
//   inner    := u8 2, u8 height, child+             height of the children's children + 1;
//                                                   children of height 1 are leaves
//   child    := u32 length of first, first name, id 32   first names ascend strictly
//   entry    := fixed, name, [u64 link device], [xattrs], [left out], [extra], payload
//   fixed    := u32 length of the entry with this field, u8 type, u8 flags, u16 length of name,
//               u32 mode, u32 uid, u32 gid, u32 mtime ns, u32 ctime ns,
//               i64 mtime s, i64 ctime s, u64 inode, u64 size, u64 device
//   device   := of a device node its rdev as st_rdev; of a directory 1 if it was a mount point
//               (kMountPointDevice), else 0;
//               of all others 0
//   flags    := bit 0 link device follows, bit 1 xattrs follow, bit 2 unsettled,
//               bit 3 left out follows, bit 4 attributes are known, bit 5 project is known,
//               bit 6 extra follows
//   xattrs   := u32 length of the rest, (u16 length, name, u32 length, value)+
//   left out := u8: bits 0 to 6 the reason (core/left_out.h), bit 7 the name alone is known: then
//               what is fixed is 0 but for length, type, flags and length of name, and nothing else
//               follows. Not with bit 2; and there is no payload
//   extra    := u32 attributes (core/inode_attributes.h), u32 project    not both 0; what is not
//               known is 0
//   payload  := file: content; directory: id 32; symlink: target (the rest); others: nothing
//   content  := u8 depth, run*
//   run      := u64 length with bit 63 set for a hole, [id 32]
//   list     := u8 depth, run+                      a List object
//
// A directory is one leaf while it is small; a big one is a tree of nodes whose
// borders depend on names alone, so that a change rewrites few of them.

// The fixed part of an entry as it lies in memory, for comparing without decoding.
struct FixedEntry {
  std::uint32_t length;
  std::uint8_t type;
  std::uint8_t flags;
  std::uint16_t name_length;
  std::uint32_t mode;
  std::uint32_t uid;
  std::uint32_t gid;
  std::uint32_t mtime_ns;
  std::uint32_t ctime_ns;
  std::int64_t mtime_s;
  std::int64_t ctime_s;
  std::uint64_t inode;
  std::uint64_t size;
  std::uint64_t device;
} __attribute__((packed));
static_assert(sizeof(FixedEntry) == 68);

inline constexpr std::uint64_t kMountPointDevice = 1;  // `device` of a directory

inline constexpr std::uint8_t kEntryHasLinkDevice = 1;
inline constexpr std::uint8_t kEntryHasXattrs = 2;
inline constexpr std::uint8_t kEntryUnsettled = 4;
inline constexpr std::uint8_t kEntryLeftOut = 8;
inline constexpr std::uint8_t kEntryAttributesKnown = 16;
inline constexpr std::uint8_t kEntryProjectKnown = 32;
inline constexpr std::uint8_t kEntryHasExtra = 64;

// Appends the encoded entry. `entry.name` must be valid (checked with
// is_valid_name unless it is empty for a root); throws InvalidArgument otherwise.
void encode_entry(const Entry& entry, Bytes& out);

// Decodes one entry, which must be all of `bytes`. Checks everything: lengths,
// type, flags, reason and attributes, name (no '/', no NUL, not "." or "..", at most 255 bytes;
// empty only if `root`), nanoseconds, depth and lengths of content against size. Throws Corrupt.
Entry decode_entry(ByteView bytes, bool root = false);

// True for a name that a directory can hold: 1 to 255 bytes, no '/' or NUL, not
// "." or "..".
bool is_valid_name(std::string_view name);

// A node in its encoded form, taken apart without copying. The views point into
// the bytes given to parse().
struct TreeNode {
  struct Item {
    ByteView bytes;  // the whole encoded entry
    std::string_view name;
    FixedEntry fixed() const;
    bool is_directory() const;
    // Of a directory whose entries are in the snapshot: the id of its tree. nullopt for anything
    // else, and for a directory that was left out.
    std::optional<ObjectId> tree() const;
  };
  struct Child {
    std::string_view first_name;
    ObjectId id;
  };
  bool is_leaf = true;
  std::uint8_t height = 0;      // 0 for a leaf
  std::vector<Item> items;      // of a leaf
  std::vector<Child> children;  // of an inner node

  // Checks order, lengths, types and names; entries themselves are fully checked by
  // decode_entry. Throws Corrupt.
  static TreeNode parse(ByteView bytes);
};

// `first` of each child must ascend. Height 1 stands above leaves.
Bytes encode_inner(std::uint8_t height, const std::vector<TreeNode::Child>& children);

// A List object.
Bytes encode_list(const Content& content);
Content decode_list(ByteView bytes);

}  // namespace snapferry
