#include "wire/records.h"

#include <gtest/gtest.h>

#include "testing/errors.h"
#include "testing/fake_stream.h"

namespace snapferry::wire {
namespace {

Bytes with_length(std::uint32_t length, std::size_t size) {
  Bytes bytes;
  ByteWriter(bytes).u32(length);
  bytes.resize(bytes.size() + size, 'x');
  return bytes;
}

std::optional<Bytes> read(Bytes bytes, std::size_t limit = 1000) {
  const auto stream = testing::stream_of(std::move(bytes));
  return RecordReader(*stream).next(limit);
}

TEST(Records, EndWhereTheStreamDoes) {
  EXPECT_FALSE(read({}));
  EXPECT_EQ(read(with_length(0, 0)), Bytes{});
  EXPECT_EQ(read(with_length(3, 3)), (Bytes{'x', 'x', 'x'}));
}

TEST(Records, CutAnywhereAreRefused) {
  const Bytes whole = with_length(10, 10);
  for (std::size_t size = 1; size < whole.size(); ++size) {
    EXPECT_ERROR(read({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)}),
                 ErrorKind::Corrupt);
  }
}

TEST(Records, BeyondTheLimitAreRefusedBeforeTheyCome) {
  EXPECT_ERROR(read(with_length(1001, 0)), ErrorKind::Corrupt);
  EXPECT_ERROR(read(with_length(0xffffffff, 0)), ErrorKind::Corrupt);
  EXPECT_TRUE(read(with_length(1000, 1000)));
}

}  // namespace
}  // namespace snapferry::wire
