#pragma once

namespace snapferry::tree {

// How far a filesystem can be believed about its files.
struct FilesystemTraits {
  // A window into the kernel: sizes mean nothing, and some files never end.
  bool is_pseudo = false;
  // It answers for what it holds itself: a file that is said to be empty is empty, and what is said
  // to be a hole holds no data. Not so of FUSE and of what is far away; and what is not known is
  // not believed, which costs reading and never content.
  bool is_local = false;
};

// Of the filesystem that an open file (O_PATH too) is on.
FilesystemTraits traits_of_filesystem(int fd);

}  // namespace snapferry::tree
