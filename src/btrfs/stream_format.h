#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

// The stream of `btrfs send`, versions 1 and 2 (fs/btrfs/send.h of Linux 6.0; all numbers
// little-endian):
//
//   stream    := magic version:u32 record…
//   magic     := "btrfs-stream\0"
//   record    := size:u32 command:u16 crc:u32 attribute…     size: of the attributes together
//   attribute := type:u16 size:u16 bytes                     of all but, in version 2,
//              | Data:u16 bytes                              the last one if it is Data
//
// crc is CRC-32C of the record with crc = 0. The first record is Subvol or Snapshot, the last End.
namespace snapferry::btrfs::stream_format {

inline constexpr char kMagicText[] = "btrfs-stream";
inline constexpr std::string_view kMagic{kMagicText, sizeof kMagicText};  // with the zero
inline constexpr std::size_t kStreamHeaderSize = 17;
inline constexpr std::size_t kRecordHeaderSize = 10;
inline constexpr std::size_t kCrcOffset = 6;
inline constexpr std::uint32_t kNewestVersion = 2;
// The kernel's own buffer has 64 KiB in version 1 and 144 KiB in version 2.
inline constexpr std::size_t kMaxRecordSize = 256u << 10;
inline constexpr std::size_t kMaxExtentSize = 128u << 10;  // compressed, on the disk or unpacked
inline constexpr std::size_t kMaxPathSize = 4095;
inline constexpr std::size_t kMaxNameSize = 255;

enum class Command : std::uint16_t {
  Subvol = 1,
  Snapshot = 2,
  Mkfile = 3,
  Mkdir = 4,
  Mknod = 5,
  Mkfifo = 6,
  Mksock = 7,
  Symlink = 8,
  Rename = 9,
  Link = 10,
  Unlink = 11,
  Rmdir = 12,
  SetXattr = 13,
  RemoveXattr = 14,
  Write = 15,
  Clone = 16,
  Truncate = 17,
  Chmod = 18,
  Chown = 19,
  Utimes = 20,
  End = 21,
  UpdateExtent = 22,  // stands for data that was left out; never asked for, always refused
  Fallocate = 23,     // from here on version 2
  Fileattr = 24,
  EncodedWrite = 25,
};
inline constexpr std::size_t kCommandCount = 26;

enum class Attribute : std::uint16_t {
  Uuid = 1,
  Ctransid = 2,
  Ino = 3,
  Size = 4,
  Mode = 5,
  Uid = 6,
  Gid = 7,
  Rdev = 8,
  Ctime = 9,
  Mtime = 10,
  Atime = 11,
  Otime = 12,
  XattrName = 13,
  XattrData = 14,
  Path = 15,
  PathTo = 16,
  PathLink = 17,
  FileOffset = 18,
  Data = 19,
  CloneUuid = 20,
  CloneCtransid = 21,
  ClonePath = 22,
  CloneOffset = 23,
  CloneLen = 24,
  FallocateMode = 25,  // from here on version 2
  FileattrFlags = 26,
  UnencodedFileLen = 27,
  UnencodedLen = 28,
  UnencodedOffset = 29,
  Compression = 30,
  Encryption = 31,
};
inline constexpr std::size_t kAttributeCount = 32;

}  // namespace snapferry::btrfs::stream_format
