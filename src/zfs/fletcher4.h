#pragma once

#include <array>
#include <cstdint>

#include "core/bytes.h"

namespace snapferry::zfs {

// The running checksum of a ZFS stream and of a resume token: four sums over little-endian
// 32-bit words (OpenZFS, module/zcommon/zfs_fletcher.c, "fletcher4").
class Fletcher4 {
 public:
  using Sums = std::array<std::uint64_t, 4>;

  // As the kernel does it, bytes behind the last whole word of `bytes` do not count.
  void add(ByteView bytes);
  const Sums& sums() const { return sums_; }

 private:
  Sums sums_{};
};

}  // namespace snapferry::zfs
