#pragma once

#include <cstdint>

namespace snapferry {

// What chattr(1) sets: the flags of FS_IOC_GETFLAGS (linux/fs.h, FS_*_FL) that a user can set and
// that mean the same on every filesystem. Everything else that the call returns says how a
// filesystem lays a file out (extents, inline data), and is not kept.
enum InodeAttribute : std::uint32_t {
  kAttributeCompress = 0x4,
  kAttributeSync = 0x8,
  kAttributeImmutable = 0x10,
  kAttributeAppendOnly = 0x20,
  kAttributeNoDump = 0x40,
  kAttributeNoAccessTime = 0x80,
  kAttributeNoCompress = 0x400,
  kAttributeJournalData = 0x4000,
  kAttributeNoTailMerging = 0x8000,
  kAttributeDirectorySync = 0x10000,
  kAttributeTopDirectory = 0x20000,
  kAttributeNoCopyOnWrite = 0x800000,
  kAttributeDirectAccess = 0x2000000,
  kAttributeProjectInherit = 0x20000000,
  kAttributeCaseFolding = 0x40000000,
};

// All of them. No other bit occurs in an Entry.
inline constexpr std::uint32_t kInodeAttributes =
    kAttributeCompress | kAttributeSync | kAttributeImmutable | kAttributeAppendOnly |
    kAttributeNoDump | kAttributeNoAccessTime | kAttributeNoCompress | kAttributeJournalData |
    kAttributeNoTailMerging | kAttributeDirectorySync | kAttributeTopDirectory |
    kAttributeNoCopyOnWrite | kAttributeDirectAccess | kAttributeProjectInherit |
    kAttributeCaseFolding;

}  // namespace snapferry
