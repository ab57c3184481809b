#include "zfs/nvlist.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "testing/errors.h"
#include "testing/zfs_stream_builder.h"

namespace snapferry::zfs {
namespace {

using testing::NvlistBuilder;

NvlistBuilder sample() {
  return NvlistBuilder()
      .flag("flag")
      .number("number", 42)
      .text("text", "words")
      .list("list", NvlistBuilder().number("inner", 1).bytes("bytes", Bytes(5)))
      .flag("last");
}

TEST(Nvlist, ReadsEveryTypeThatOccurs) {
  const auto pairs = parse_nvlist(sample().pack(), "list");
  ASSERT_EQ(pairs.size(), 5u);
  EXPECT_NE(find_pair(pairs, "flag", NvPair::Type::Boolean), nullptr);
  EXPECT_EQ(find_pair(pairs, "number", NvPair::Type::Uint64)->number, 42u);
  EXPECT_EQ(find_pair(pairs, "text", NvPair::Type::String)->text, "words");
  EXPECT_EQ(find_pair(pairs, "list", NvPair::Type::Nvlist)->pairs.size(), 2u);
  EXPECT_EQ(find_pair(pairs, "number", NvPair::Type::String), nullptr);
}

TEST(Nvlist, CutOffAnywhereIsCorrupt) {
  const auto packed = sample().pack();
  for (std::size_t size = 0; size < packed.size(); ++size) {
    EXPECT_ERROR(parse_nvlist(ByteView(packed).first(size), "list"), ErrorKind::Corrupt);
  }
}

TEST(Nvlist, GoesOnlySoDeep) {
  NvlistBuilder list;
  for (int depth = 0; depth < 10; ++depth) list = NvlistBuilder().list("list", list);
  EXPECT_ERROR(parse_nvlist(list.pack(), "list"), ErrorKind::Corrupt);
}

TEST(Nvlist, HasEachNameOnce) {
  const auto twice = NvlistBuilder().text("name", "shown").text("name", "meant");
  EXPECT_ERROR(parse_nvlist(twice.pack(), "list"), ErrorKind::Corrupt);
  EXPECT_ERROR(parse_nvlist(NvlistBuilder().list("list", twice).pack(), "list"),
               ErrorKind::Corrupt);
  const auto apart = NvlistBuilder().number("name", 1).list("list", NvlistBuilder().flag("name"));
  EXPECT_EQ(parse_nvlist(apart.pack(), "list").size(), 2u);
}

TEST(Nvlist, HasOnlySoManyPairs) {
  NvlistBuilder list;
  for (int i = 0; i < 5000; ++i) list.flag("f" + std::to_string(i));
  EXPECT_ERROR(parse_nvlist(list.pack(), "list"), ErrorKind::Corrupt);
}

TEST(Nvlist, OfAnotherEncodingByteOrderOrVersionIsRefused) {
  for (const std::size_t at : {0u, 1u, 4u}) {
    auto packed = sample().pack();
    packed[at] ^= 1;
    EXPECT_ERROR(parse_nvlist(packed, "list"), ErrorKind::Corrupt);
  }
}

}  // namespace
}  // namespace snapferry::zfs
