#include "btrfs/swap_files.h"

#include <gmock/gmock.h>

#include "btrfs/subvolume.h"
#include "btrfs/test_place.h"

namespace snapferry::btrfs {
namespace {

using testing::BtrfsImage;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(SwapFiles, AreReadFromTheTableOfTheKernel) {
  EXPECT_THAT(parse_swap_files("Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
                               "/dev/dm-1                               partition\t999\t0\t-2\n"
                               "/data/with\\040space\\134           file\t\t20476\t\t0\t\t-3\n"),
              ElementsAre("/data/with space\\"));
  EXPECT_THAT(parse_swap_files(""), IsEmpty());
}

TEST(SwapFiles, OfAVolumeAreNamedByARunAndBeforeOne) {
  if (const auto reason = BtrfsImage::unavailable(); !reason.empty()) GTEST_SKIP() << reason;
  BtrfsPlace place;
  place.make("a");
  place.make("b");
  const auto file = place.path("a") + "/swap";
  BtrfsImage::run({"touch", file});
  BtrfsImage::run({"chattr", "+C", file});
  BtrfsImage::run({"fallocate", "-l", "20M", file});
  BtrfsImage::run({"chmod", "600", file});
  BtrfsImage::run({"mkswap", file});
  try {
    BtrfsImage::run({"swapon", file});
  } catch (const std::exception& error) {
    GTEST_SKIP() << error.what();
  }
  const std::vector<std::string> volumes = {place.volume("a"), place.volume("b")};
  const auto before = BtrfsSource::rehearse(volumes);
  const auto frozen = BtrfsSource().freeze(volumes, "snapferry_t_2026-01-01T00:00:01Z");
  BtrfsImage::run({"swapoff", file});
  ASSERT_THAT(before, SizeIs(1));
  EXPECT_THAT(before[0].message, HasSubstr(kSwapFileInIt));
  EXPECT_THAT(before[0].message, HasSubstr(file));
  ASSERT_THAT(frozen.failed, SizeIs(1));
  EXPECT_EQ(frozen.failed[0].volume, place.volume("a"));
  EXPECT_THAT(frozen.failed[0].message, HasSubstr(kSwapFileInIt));
  EXPECT_THAT(frozen.frozen, SizeIs(1));
}

}  // namespace
}  // namespace snapferry::btrfs
