#include "core/wall_time.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/error.h"
#include "testing/errors.h"
#include "testing/time_zone.h"

namespace snapferry {
namespace {

using testing::kCentralEurope;
using testing::LocalTimeZone;

constexpr std::int64_t kDay = 24 * 60 * 60;
constexpr std::int64_t kMarchNoon = 1'772'366'400;  // 2026-03-01T12:00:00Z

TEST(ParseDuration, TakesEveryUnitAndSums) {
  EXPECT_EQ(parse_duration("0s").seconds, 0);
  EXPECT_EQ(parse_duration("90s").seconds, 90);
  EXPECT_EQ(parse_duration("15m").seconds, 900);
  EXPECT_EQ(parse_duration("12h").seconds, 43'200);
  EXPECT_EQ(parse_duration("2d").seconds, 2 * kDay);
  EXPECT_EQ(parse_duration("1w").seconds, 7 * kDay);
  EXPECT_EQ(parse_duration("3M").seconds, 90 * kDay);
  EXPECT_EQ(parse_duration("1y").seconds, 365 * kDay);
  EXPECT_EQ(parse_duration("1d12h").seconds, 36 * 60 * 60);
  EXPECT_EQ(parse_duration("1y2M3w4d5h6m7s").seconds, 450 * kDay + 5 * 3600 + 6 * 60 + 7);
}

TEST(ParseDuration, RefusesEverythingElse) {
  for (const char* text :
       {"", "5", "d", "-1d", "+1d", "1.5d", "1 d", " 1d", "1d ", "1D", "1d5", "1dd", "d1", "1min",
        "99999999999999999999s", "9223372036854775807y", "10001y", "9999y9999y", "forever"}) {
    EXPECT_ERROR(parse_duration(text), ErrorKind::InvalidArgument);
  }
}

TEST(FormatDuration, ShowsTheTwoLargestUnits) {
  EXPECT_EQ(format_duration({0}), "0s");
  EXPECT_EQ(format_duration({4}), "4s");
  EXPECT_EQ(format_duration({59}), "59s");
  EXPECT_EQ(format_duration({15 * 60}), "15m 0s");
  EXPECT_EQ(format_duration({3600 + 120 + 3}), "1h 2m");
  EXPECT_EQ(format_duration({2 * kDay + 3 * 3600 + 59}), "2d 3h");
  EXPECT_EQ(format_duration({-90}), "-1m 30s");
  EXPECT_EQ(format_duration({INT64_MIN}).front(), '-');
}

TEST(FormatUtc, WritesKnownTimes) {
  EXPECT_EQ(format_utc({0, 0}), "1970-01-01T00:00:00Z");
  EXPECT_EQ(format_utc({-1, 999'999'999}), "1969-12-31T23:59:59Z");
  EXPECT_EQ(format_utc({kMarchNoon, 5}), "2026-03-01T12:00:00Z");
  EXPECT_EQ(format_utc({951'782'400, 0}), "2000-02-29T00:00:00Z");
  EXPECT_EQ(format_utc({253'402'300'799, 0}), "9999-12-31T23:59:59Z");
  EXPECT_EQ(format_utc({-62'135'596'800, 0}), "0001-01-01T00:00:00Z");
}

TEST(FormatUtc, WritesAnyNumberWithoutFailing) {
  for (const std::int64_t seconds : {INT64_MIN, INT64_MIN + 1, INT64_MAX, INT64_MAX - 1}) {
    EXPECT_FALSE(format_utc({seconds, 0}).empty());
    EXPECT_FALSE(format_local({seconds, 0}).empty());
  }
}

TEST(FormatLocal, FollowsTheTimeZone) {
  const LocalTimeZone zone(kCentralEurope);
  EXPECT_EQ(format_local({kMarchNoon, 0}), "2026-03-01 13:00:00");
  EXPECT_EQ(format_local({kMarchNoon + 180 * kDay, 0}), "2026-08-28 14:00:00");
}

TEST(ParseTime, TakesLocalTimes) {
  const LocalTimeZone zone(kCentralEurope);
  EXPECT_EQ(parse_time("2026-03-01 13:00").seconds, kMarchNoon);
  EXPECT_EQ(parse_time("2026-03-01T13:00").seconds, kMarchNoon);
  EXPECT_EQ(parse_time("2026-03-01 13:00:07").seconds, kMarchNoon + 7);
  EXPECT_EQ(parse_time("2026-03-01T13:00:07").seconds, kMarchNoon + 7);
  EXPECT_EQ(parse_time("2026-08-28 14:00").seconds, kMarchNoon + 180 * kDay);
}

TEST(ParseTime, ADateMeansItsLastSecond) {
  const LocalTimeZone zone(kCentralEurope);
  EXPECT_EQ(format_local(parse_time("2026-03-01")), "2026-03-01 23:59:59");
  EXPECT_EQ(format_utc(parse_time("2026-03-01Z")), "2026-03-01T23:59:59Z");
  EXPECT_EQ(format_utc(parse_time("2024-02-29Z")), "2024-02-29T23:59:59Z");
}

TEST(ParseTime, TakesZones) {
  EXPECT_EQ(parse_time("2026-03-01T12:00:00Z").seconds, kMarchNoon);
  EXPECT_EQ(parse_time("2026-03-01 13:00+01:00").seconds, kMarchNoon);
  EXPECT_EQ(parse_time("2026-03-01T06:30:00-05:30").seconds, kMarchNoon);
  EXPECT_EQ(parse_time("2026-03-02T00:00:00+12:00").seconds, kMarchNoon);
}

TEST(ParseTime, TakesSecondsSince1970) {
  EXPECT_EQ(parse_time("@0").seconds, 0);
  EXPECT_EQ(parse_time("@1772366400").seconds, kMarchNoon);
  EXPECT_EQ(parse_time("@-5").seconds, -5);
}

TEST(ParseTime, AnHourThatComesTwiceIsTheSecond) {
  const LocalTimeZone zone(kCentralEurope);
  EXPECT_EQ(format_utc(parse_time("2026-10-25 02:30")), "2026-10-25T01:30:00Z");
}

TEST(ParseTime, AnHourThatIsLeftOutIsBesideTheGap) {
  const LocalTimeZone zone(kCentralEurope);
  const std::int64_t change = parse_time("2026-03-29T01:00:00Z").seconds;
  EXPECT_LE(std::abs(parse_time("2026-03-29 02:30").seconds - change), 3600);
}

TEST(ParseTime, RefusesEverythingElse) {
  for (const char* text : {"",
                           " ",
                           "now",
                           "2026",
                           "2026-03",
                           "2026-3-1",
                           "26-03-01",
                           "2026-00-01",
                           "2026-13-01",
                           "2026-01-00",
                           "2026-01-32",
                           "2026-02-29",
                           "1900-02-29",
                           "2026-04-31",
                           "2026-03-01T",
                           "2026-03-01 12",
                           "2026-03-01 1:00",
                           "2026-03-01 24:00",
                           "2026-03-01 12:60",
                           "2026-03-01 12:00:60",
                           "2026-03-01 12:00:0",
                           "2026-03-01  12:00",
                           "2026-03-01 12:00 Z",
                           "2026-03-01 12:00z",
                           "2026-03-01 12:00+1",
                           "2026-03-01 12:00+0100",
                           "2026-03-01 12:00+24:00",
                           "2026-03-01 12:00Zx",
                           "2026-03-01x",
                           " 2026-03-01",
                           "@",
                           "@x",
                           "@1x",
                           "@--1",
                           "@1.5",
                           "@99999999999999999999"}) {
    EXPECT_ERROR(parse_time(text), ErrorKind::InvalidArgument);
  }
}

RC_GTEST_PROP(WallTimeProperty, UtcTextParsesBack, ()) {
  const auto seconds = *rc::gen::inRange<std::int64_t>(-62'167'219'200, 253'402'300'800);
  RC_ASSERT(parse_time(format_utc({seconds, 0})).seconds == seconds);
}

RC_GTEST_PROP(WallTimeProperty, LocalTextParsesBackOrIsTheLaterOfTwo, ()) {
  const LocalTimeZone zone(kCentralEurope);
  const auto seconds = *rc::gen::inRange<std::int64_t>(0, 4'000'000'000);
  const std::string text = format_local({seconds, 0});
  const std::int64_t parsed = parse_time(text).seconds;
  RC_ASSERT(parsed == seconds || parsed == seconds + 3600);
  RC_ASSERT(format_local({parsed, 0}) == text);
}

RC_GTEST_PROP(WallTimeProperty, AnyTextParsesOrIsInvalidArgument, (const std::string& text)) {
  try {
    parse_time(text);
  } catch (const Error& error) {
    RC_ASSERT(error.kind() == ErrorKind::InvalidArgument);
  }
  try {
    RC_ASSERT(parse_duration(text).seconds >= 0);
  } catch (const Error& error) {
    RC_ASSERT(error.kind() == ErrorKind::InvalidArgument);
  }
}

RC_GTEST_PROP(WallTimeProperty, DurationsOfOneUnitParse, ()) {
  const auto number = *rc::gen::inRange<std::int64_t>(0, 1'000'000);
  RC_ASSERT(parse_duration(std::to_string(number) + "h").seconds == number * 3600);
}

}  // namespace
}  // namespace snapferry
