#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "core/entry.h"

namespace snapferry {

// One file of any type in a directory of a snapshot, as a view shows it.
struct ViewedFile {
  // Without content and tree; link_device is 0 for what lies in the snapshot itself. A directory on
  // which something is mounted, or that is a subvolume, is a mount_point, as far as the agent
  // tells.
  Entry entry;
  // Of a regular file: made of its inode, size and times, so that it is another number once the
  // file was written to.
  std::uint64_t version = 0;
  bool sparse = false;  // of a regular file: it may have holes
  bool operator==(const ViewedFile&) const = default;
};

// Some entries of a directory, in order of name bytes.
struct DirectoryPart {
  std::uint32_t total = 0;  // entries of the whole directory
  // Of the first part of a directory with several: the names that they begin with, this one too.
  std::vector<std::string> part_names;
  std::vector<ViewedFile> files;
  bool operator==(const DirectoryPart&) const = default;
};

// Some of the content of a regular file.
struct FileRange {
  std::string directory;  // from the root of the snapshot: "", "home/alice"
  std::string name;
  std::uint64_t version = 0;  // as it was listed
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  bool operator==(const FileRange&) const = default;
};

// Where data is, in bytes from the begin of a file.
struct DataRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  bool operator==(const DataRange&) const = default;
};

// The files of one snapshot, read-only, for as long as this lives. Nothing is followed: no symlink,
// no mount point, no subvolume within. Implemented by view::DirectoryView and
// remote::RemoteView; tests use testing::FakeStore's.
//
// Paths are relative to the root of the snapshot, "" is the root itself; what is not such a path
// throws InvalidArgument. Every method throws NotFound, PermissionDenied or Unavailable as the
// system or the connection does, with the path in the message. Safe from several threads.
class SnapshotView {
 public:
  static constexpr std::uint32_t kFilesInPart = 128;       // of each part but the last
  static constexpr std::uint64_t kUnit = 4096;             // data is told apart from holes by these
  static constexpr std::uint64_t kMaxRead = 1u << 20;      // bytes at once
  static constexpr std::uint64_t kMaxLookAt = 256u << 20;  // bytes to look for holes in at once

  virtual ~SnapshotView() = default;

  // The root directory, without a name.
  virtual Entry root() = 0;

  // The part of the directory that begins with its entry number `first`, a multiple of
  // kFilesInPart; empty behind the end. A mount point or a subvolume has no entries.
  virtual DirectoryPart list(const std::string& directory, std::uint32_t first) = 0;

  // Where in the range, at most kMaxLookAt, data is; ascending, apart, within the range and the
  // file, each beginning at a multiple of kUnit. The rest reads as zeros. Throws NotFound where the
  // file has another version.
  virtual std::vector<DataRange> data_in(const FileRange& range) = 0;

  // The bytes of the range, at most kMaxRead; fewer where the file ends before. Throws NotFound
  // where it has another version.
  virtual Bytes read(const FileRange& range) = 0;

  // An open descriptor of the root directory, for a process that confines itself to it; -1: it is
  // none of this machine.
  virtual int descriptor() const { return -1; }
};

// True for "" and for parts that a directory can hold (core/tree_node.h) with a '/' between.
bool is_view_path(std::string_view path);

// `name` in `directory`.
std::string view_path(std::string_view directory, std::string_view name);

}  // namespace snapferry
