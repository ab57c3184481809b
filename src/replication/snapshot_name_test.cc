#include "replication/snapshot_name.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/error.h"
#include "testing/errors.h"
#include "testing/time_zone.h"

namespace snapferry::replication {
namespace {

constexpr std::int64_t kTime = 1'795'499'117;  // 2026-11-24T05:45:17Z

TEST(SnapshotName, IsComposedAsDocumented) {
  EXPECT_EQ(snapshot_name("main", kTime), "snapferry_main_2026-11-24T05:45:17Z");
  EXPECT_EQ(cursor_tag("main", "0123456789abcdef"), "snapferry_main_01234567");
  EXPECT_EQ(bookmark_name("snapferry_main_01234567", kTime),
            "snapferry_main_01234567_2026-11-24T05:45:17Z");
}

TEST(SnapshotName, OfSimplesnapIsInLocalTime) {
  const testing::LocalTimeZone zone(testing::kCentralEurope);
  EXPECT_EQ(simplesnap_name("main_set", kTime), "__simplesnap_main_set_2026-11-24T06:45:17__");
  const auto parsed = parse_snapshot_name("__simplesnap_main_set_2026-11-24T06:45:17__");
  EXPECT_EQ(parsed, (SnapshotName{NameStyle::Simplesnap, "main_set", kTime}));
}

TEST(SnapshotName, ParsesWhatWasComposed) {
  for (const char* set : {"a", "main", "usb-disk.2", "10:30"}) {
    EXPECT_EQ(parse_snapshot_name(snapshot_name(set, kTime)),
              (SnapshotName{NameStyle::Snapferry, set, kTime}));
    EXPECT_TRUE(is_of_set(snapshot_name(set, kTime), set));
    EXPECT_FALSE(is_of_set(snapshot_name(set, kTime), "other"));
  }
}

TEST(SnapshotName, OfASetWhoseNameBeginsLikeAnotherIsApart) {
  EXPECT_FALSE(is_of_set("__simplesnap_main_x_2026-11-24T06:45:17__", "main"));
  EXPECT_TRUE(is_of_set("__simplesnap_main_x_2026-11-24T06:45:17__", "main_x"));
  EXPECT_FALSE(is_of_set("snapferry_main-x_2026-11-24T05:45:17Z", "main"));
  EXPECT_FALSE(is_bookmark_of("snapferry_a_01234567_2026-11-24T05:45:17Z", "snapferry_a_0123456"));
}

TEST(SnapshotName, OfOthersIsNotParsed) {
  for (const char* name :
       {"", "snapferry_", "snapferry_main", "snapferry_main_", "snapferry__2026-11-24T05:45:17Z",
        "snapferry_main_2026-11-24T05:45:17", "snapferry_main_2026-13-24T05:45:17Z",
        "snapferry_main_2026-02-30T05:45:17Z", "snapferry_main_2026-11-24T24:45:17Z",
        "snapferry_main_2026-11-24T05:45:17Zx", "snapferry_ma_in_2026-11-24T05:45:17Z",
        "snapferry_ma/in_2026-11-24T05:45:17Z", "xsnapferry_main_2026-11-24T05:45:17Z",
        "__simplesnap_main_2026-11-24T05:45:17_", "__simplesnap_main_2026-11-24T05:45:17Z__",
        "__simplesnap__2026-11-24T05:45:17__", "__simplesnap_m-n_2026-11-24T05:45:17__",
        "autosnap_2026-11-24_05:45:17_hourly", "daily"}) {
    EXPECT_FALSE(parse_snapshot_name(name)) << name;
  }
}

TEST(SnapshotName, CutAnywhereIsNotParsed) {
  for (const std::string& name : {snapshot_name("a", kTime), simplesnap_name("a", kTime)}) {
    for (std::size_t size = 0; size < name.size(); ++size) {
      EXPECT_FALSE(parse_snapshot_name(std::string_view(name).substr(0, size))) << size;
    }
  }
}

TEST(BookmarkName, TellsSetAndStore) {
  const std::string name = bookmark_name(cursor_tag("a-b", "0123456789abcdef"), kTime);
  EXPECT_EQ(parse_bookmark_name(name), (BookmarkName{"a-b", "01234567", kTime}));
}

TEST(BookmarkName, IsNothingElse) {
  const std::string name = bookmark_name(cursor_tag("main", "0123456789abcdef"), kTime);
  for (std::size_t size = 0; size < name.size(); ++size) {
    EXPECT_FALSE(parse_bookmark_name(std::string_view(name).substr(0, size))) << size;
  }
  for (const std::string& other : {name + "Z", snapshot_name("main", kTime), std::string("daily"),
                                   bookmark_name("snapferry_main_0123456", kTime),
                                   bookmark_name("snapferry_main_X1234567", kTime),
                                   bookmark_name("snapferry_m_n_01234567", kTime),
                                   bookmark_name("snapferry__01234567", kTime)}) {
    EXPECT_FALSE(parse_bookmark_name(other)) << other;
  }
}

TEST(SetName, IsRefusedWithWhatIsAllowed) {
  for (const char* set : {"", "a_b", "a b", "a/b", "a@b", "\xc3\xa4", "a\n"}) {
    EXPECT_ERROR(check_set_name(set), ErrorKind::InvalidArgument);
  }
  EXPECT_ERROR(check_set_name(std::string(65, 'a')), ErrorKind::InvalidArgument);
  check_set_name("Main-set.2:x");
  try {
    check_set_name("my set");
  } catch (const Error& error) {
    EXPECT_EQ(error.message(),
              "set 'my set': not a name for a set; use 1 to 64 letters, digits, '.', ':' and '-'");
  }
}

RC_GTEST_PROP(SnapshotName, RoundTripsForEveryTime, ()) {
  const auto time = *rc::gen::inRange<std::int64_t>(0, 250'000'000'000);
  RC_ASSERT(parse_snapshot_name(snapshot_name("s", time)) ==
            (SnapshotName{NameStyle::Snapferry, "s", time}));
}

}  // namespace
}  // namespace snapferry::replication
