#pragma once

#include <array>
#include <ctime>
#include <string>
#include <utility>
#include <vector>

#include "btrfs/stream_inspector.h"
#include "core/guid.h"
#include "platform/fd.h"

namespace snapferry::btrfs {

// Carries out the records of a stream below one directory, the root of the subvolume that is being
// received; what `btrfs receive` does, but confined whatever the records say. Every path is opened
// relative to a descriptor with openat2(2), beneath it and through no symlink
// (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS, Linux 5.6), the last part never followed; content goes
// into regular files alone, never into a device that the stream made; data is reflinked
// (clone_range.h) from descriptors that the caller chose, never from what a look-up by uuid comes
// up with. Needs root, for owners, devices and extended attributes.
//
// Fileattr is passed over, as `btrfs receive` of btrfs-progs 6.2 to 6.17 does.
class SubvolumeWriter {
 public:
  struct CloneSource {
    Guid guid;
    int directory;  // its root; borrowed
  };

  SubvolumeWriter(platform::Fd root, std::vector<CloneSource> sources,
                  const StreamInspector& inspector);

  // Any command but Subvol, Snapshot and End. Throws Corrupt where the record does not fit what is
  // there or would lead out of it, NoSpace, Unavailable, PermissionDenied; each with the
  // place in the stream.
  void apply(const StreamRecord& record);

  // To be called behind the last record. A file in the making passes through the root directory,
  // whose times the stream only tells where they changed at its source: sets them right.
  void finish();

  int root() const { return root_.get(); }

 private:
  // A directory and a name in it; "." for the root.
  struct Entry {
    platform::Fd directory;
    std::string name;
  };

  void make(const StreamRecord& record);
  void rename(const StreamRecord& record);
  void link(const StreamRecord& record);
  void remove(const StreamRecord& record, int flags);
  void set_attribute(const StreamRecord& record);
  void remove_attribute(const StreamRecord& record);
  void write(const StreamRecord& record);
  void write_encoded(const StreamRecord& record);
  void clone(const StreamRecord& record);
  void truncate(const StreamRecord& record);
  void allocate(const StreamRecord& record);
  void change_mode(const StreamRecord& record);
  void change_owner(const StreamRecord& record);
  void change_times(const StreamRecord& record);

  Entry entry(int root, std::string_view path) const;
  platform::Fd open_file(int root, std::string_view path, int flags) const;
  int file_to_write(std::string_view path);
  void check(long result) const;
  [[noreturn]] void fail(int error) const;

  platform::Fd root_;
  std::array<timespec, 2> root_times_{};  // last access and modification
  std::vector<CloneSource> sources_;
  const StreamInspector& inspector_;
  std::string written_path_;  // of the file that is open, because writes come in rows
  platform::Fd written_;
};

}  // namespace snapferry::btrfs
