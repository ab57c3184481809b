#pragma once

#include <string_view>

#include <sys/types.h>

#include "platform/metadata.h"

namespace snapferry::platform {

// Whether nobody but root and this user can change names in the open directory. There, and only
// there, a name stands for the same file from one call to the next.
bool is_private_directory(int directory);

// A file whose metadata are read and changed, by what there is to hold it by. None of it follows a
// symlink, opens anything or needs /proc. Borrows all that it is made of.
class MetadataFile {
 public:
  // A regular file or a directory, open for reading or writing.
  static MetadataFile opened(int fd) { return MetadataFile(fd, Kind::Open, -1, ""); }
  // What must not be opened (a device, a FIFO, a socket) or cannot be (a symlink): a descriptor
  // with O_PATH, and its name in a private directory. A system call for extended attributes takes
  // no such descriptor, so they go by the name.
  static MetadataFile named(int handle, int directory, const char* name) {
    return MetadataFile(handle, Kind::Named, directory, name);
  }
  // The same where others can change the name: it has no extended attributes then.
  static MetadataFile handle(int handle) { return MetadataFile(handle, Kind::Handle, -1, ""); }

  // The descriptor, for calls that take one with O_PATH: statx(2), fchownat(2), utimensat(2).
  int fd() const { return fd_; }
  bool has_xattrs() const { return kind_ != Kind::Handle; }

  // Each returns 0 or the errno. EOPNOTSUPP for a symlink's mode, and for the mode of a handle()
  // where the kernel has no fchmodat2(2) (Linux 6.6).
  int change_mode(mode_t mode) const;
  int set_xattr(const ExtendedAttribute& xattr) const;
  int remove_xattr(const char* name) const;

  ReadXattrs read_xattrs(std::string_view subject) const;

 private:
  enum class Kind { Open, Named, Handle };
  MetadataFile(int fd, Kind kind, int directory, const char* name)
      : fd_(fd), kind_(kind), directory_(directory), name_(name) {}

  int fd_;
  Kind kind_;
  int directory_;
  const char* name_;
};

// Whether the mode of MetadataFile::handle() can be changed.
bool can_change_mode_of_handle();

}  // namespace snapferry::platform
