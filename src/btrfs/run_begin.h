#pragma once

#include <mutex>
#include <optional>

#include "btrfs/subvolume.h"

namespace snapferry::btrfs {

// When a run began to store, by the clock of the kernel that made its first subvolume. Each
// snapshot that the run brings is marked with that, in the field of its root item that is there for
// a time which the receiver sets (stime, linux/btrfs_tree.h), and which `btrfs receive` leaves 0.
// Safe from several threads.
class RunBegin {
 public:
  // `made` is when a subvolume of the run was made; that of the first call is returned by all.
  SubvolumeTime of_run_with(SubvolumeTime made) {
    const std::lock_guard lock(mutex_);
    if (!first_) first_ = made;
    return *first_;
  }

 private:
  std::mutex mutex_;
  std::optional<SubvolumeTime> first_;
};

}  // namespace snapferry::btrfs
