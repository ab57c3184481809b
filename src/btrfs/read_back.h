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
// Counts files and bytes. Throws Cancelled; everything else is in the result.
std::vector<Unreadable> read_back(int root, Progress* progress, const Cancellation* cancellation);

}  // namespace snapferry::btrfs
