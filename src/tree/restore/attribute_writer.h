#pragma once

#include <cstdint>

#include <sys/stat.h>

#include "core/entry.h"
#include "core/inode_attributes.h"
#include "tree/restore/losses.h"

namespace snapferry::tree {

// After these nothing else can be done to a file, not even to give it its name.
inline constexpr std::uint32_t kSealing = kAttributeImmutable | kAttributeAppendOnly;
// And these make every step slow that comes after them.
inline constexpr std::uint32_t kSetLast =
    kSealing | kAttributeSync | kAttributeDirectorySync | kAttributeJournalData;

// Gives files the inode attributes (chattr) and project ids of their entries, in two steps: most
// of them while a new file is still empty, since no-copy-on-write and compression are decided then;
// kSetLast when everything else is done. What is not known of an entry is
// left alone. What the filesystem or this user cannot have is a loss of the file. Descriptors
// are open, not with O_PATH. Safe from several threads.
class AttributeWriter {
 public:
  void prepare(int fd, const Entry& entry, Losses& losses) const;
  void seal(int fd, const Entry& entry, Losses& losses) const;
  static bool seals(const Entry& entry) { return (entry.attributes.value_or(0) & kSetLast) != 0; }

  // Whether prepare() or seal() would change what `stat` tells of attributes, which are some of
  // them.
  static bool differs(const struct statx& stat, const Entry& entry);
  // Whether what it describes can be neither written nor replaced nor removed.
  static bool is_sealed(const struct statx& stat);

 private:
  static void set(int fd, std::uint32_t wanted, std::uint32_t mask, Losses& losses);
};

}  // namespace snapferry::tree
