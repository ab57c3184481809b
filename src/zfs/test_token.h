#pragma once

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "core/bytes.h"
#include "testing/zfs_stream_builder.h"
#include "zfs/fletcher4.h"

namespace snapferry::zfs {

// A resume token that says what `list` does. For tests of this room only.
inline std::string token_of(const testing::NvlistBuilder& list, int version = 1) {
  const auto packed = list.pack();
  Bytes compressed(::compressBound(packed.size()));
  uLongf size = compressed.size();
  EXPECT_EQ(::compress2(compressed.data(), &size, packed.data(), packed.size(), 6), Z_OK);
  compressed.resize(size);
  Fletcher4 sum;
  sum.add(compressed);
  return fmt::format("{}-{:x}-{:x}-{}", version, sum.sums()[0], packed.size(), to_hex(compressed));
}

}  // namespace snapferry::zfs
