#pragma once

#include <sys/stat.h>

namespace snapferry::tree {

// Whether it is where something is mounted: a filesystem, or a part of one.
inline bool is_mount_point(const struct statx& stat) {
  return (stat.stx_attributes_mask & stat.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

}  // namespace snapferry::tree
