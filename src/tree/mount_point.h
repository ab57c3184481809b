#pragma once

#include <sys/stat.h>

namespace snapferry::tree {

// Whether something is mounted there, a filesystem or a part of one; false where the kernel does
// not tell (before Linux 5.8).
inline bool is_mount_point(const struct statx& stat) {
  return (stat.stx_attributes_mask & stat.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

}  // namespace snapferry::tree
