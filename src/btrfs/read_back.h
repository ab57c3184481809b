#pragma once

#include <string>
#include <vector>

#include "core/cancellation.h"
#include "core/progress.h"

namespace snapferry::btrfs {

// A file or directory that could not be read.
struct Unreadable {
  std::string path;  // relative to the root
  std::string message;
};

// Reads all data of all files below the directory `root` from the disk: what the page cache holds
// of them is dropped first. Follows no symlink, and opens nothing but files and directories.
// Holes are passed over, so that a file costs what it has, whatever size it claims. One directory
// and one file are open at a time. Counts files and bytes. Damage is in the result; Cancelled is
// thrown, and what this machine lacks (descriptors, memory, permission), which says nothing about
// the data.
std::vector<Unreadable> read_back(int root, Progress* progress, const Cancellation* cancellation);

}  // namespace snapferry::btrfs
