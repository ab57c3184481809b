#include "zfs/partial_mark.h"

#include <gtest/gtest.h>

namespace snapferry::zfs {
namespace {

constexpr std::int64_t kNow = 1'800'000'000;

Partial partial(std::uint64_t to, std::uint64_t bytes) {
  Partial result;
  result.token = "1-2-3-4";
  result.to = Guid::from_number(to);
  result.bytes = bytes;
  return result;
}

TEST(PartialMark, IsOfOneStateAndOneTime) {
  EXPECT_EQ(partial_mark(partial(171, 4096), kNow), "00000000000000ab.4096@1800000000");
}

TEST(PartialMark, IsGivenUpOnceNothingCameForFourteenDays) {
  const auto mark = partial_mark(partial(1, 10), kNow);
  EXPECT_EQ(age_of_partial(partial(1, 10), mark, kNow), PartialAge::Waiting);
  EXPECT_EQ(age_of_partial(partial(1, 10), mark, kNow + kGivenUpAfter - 1), PartialAge::Waiting);
  EXPECT_EQ(age_of_partial(partial(1, 10), mark, kNow + kGivenUpAfter), PartialAge::GivenUp);
}

TEST(PartialMark, BeginsAnewWithEveryByteThatCame) {
  const auto mark = partial_mark(partial(1, 10), kNow);
  EXPECT_EQ(age_of_partial(partial(1, 11), mark, kNow + kGivenUpAfter), PartialAge::Unmarked);
  EXPECT_EQ(age_of_partial(partial(2, 10), mark, kNow + kGivenUpAfter), PartialAge::Unmarked);
  EXPECT_EQ(age_of_partial(partial(1, 1), mark, kNow + kGivenUpAfter), PartialAge::Unmarked);
}

TEST(PartialMark, ThatIsNoneOrFromTheFutureProvesNothing) {
  const auto state = partial(1, 10);
  EXPECT_EQ(age_of_partial(state, partial_mark(state, kNow + 1), kNow), PartialAge::Unmarked);
  for (const char* mark : {"", "-", "0000000000000001.10@", "0000000000000001.10@x",
                           "0000000000000001.10@-1", "0000000000000001.10@1e3"}) {
    EXPECT_EQ(age_of_partial(state, mark, kNow), PartialAge::Unmarked) << mark;
  }
}

}  // namespace
}  // namespace snapferry::zfs
