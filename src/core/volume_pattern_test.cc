#include "core/volume_pattern.h"

#include <gtest/gtest.h>

#include "testing/errors.h"

namespace snapferry {
namespace {

bool matches(std::string_view pattern, std::string_view volume) {
  return VolumePattern::parse(pattern).matches(volume);
}

TEST(VolumePattern, WithoutWildcardsIsOneVolume) {
  EXPECT_TRUE(matches("zfs:tank/home", "zfs:tank/home"));
  EXPECT_FALSE(matches("zfs:tank/home", "zfs:tank/home/alice"));
  EXPECT_FALSE(matches("zfs:tank/home", "zfs:tank"));
  EXPECT_FALSE(matches("zfs:tank/home", "zfs:tank/home2"));
  EXPECT_FALSE(matches("zfs:tank/home", "btrfs:tank/home"));
}

TEST(VolumePattern, RecursiveIsTheVolumeAndAllBelow) {
  EXPECT_TRUE(matches("zfs:tank/**", "zfs:tank"));
  EXPECT_TRUE(matches("zfs:tank/**", "zfs:tank/home/alice"));
  EXPECT_FALSE(matches("zfs:tank/**", "zfs:tank2/home"));
  EXPECT_TRUE(matches("zfs:**", "zfs:anything/at/all"));
  EXPECT_TRUE(matches("btrfs:/**", "btrfs:/mnt/data"));
  EXPECT_TRUE(matches("btrfs:/**", "btrfs:/"));
  EXPECT_TRUE(matches("btrfs:/mnt/**", "btrfs:/mnt"));
  EXPECT_TRUE(matches("btrfs:/mnt/**", "btrfs:/mnt/a/b"));
  EXPECT_FALSE(matches("btrfs:/mnt/**", "btrfs:/mnt2"));
}

TEST(VolumePattern, WildcardsStayInsideAPart) {
  EXPECT_TRUE(matches("zfs:tank/*/data", "zfs:tank/a/data"));
  EXPECT_FALSE(matches("zfs:tank/*/data", "zfs:tank/a/b/data"));
  EXPECT_TRUE(matches("zfs:tank/ho?e", "zfs:tank/home"));
  EXPECT_TRUE(matches("zfs:tank/a*c*e", "zfs:tank/abcde"));
  EXPECT_FALSE(matches("zfs:tank/a*c*e", "zfs:tank/abcd"));
  EXPECT_TRUE(matches("zfs:*/home/**", "zfs:tank/home/alice"));
}

TEST(VolumePattern, SaysWhereAListingBegins) {
  EXPECT_EQ(VolumePattern::parse("zfs:tank/home").literal_prefix(), "tank/home");
  EXPECT_EQ(VolumePattern::parse("zfs:tank/**").literal_prefix(), "tank");
  EXPECT_EQ(VolumePattern::parse("zfs:tank/a*/b").literal_prefix(), "tank");
  EXPECT_EQ(VolumePattern::parse("zfs:**").literal_prefix(), "");
  EXPECT_EQ(VolumePattern::parse("btrfs:/*").literal_prefix(), "/");
  EXPECT_EQ(VolumePattern::parse("btrfs:/mnt/*").literal_prefix(), "/mnt");
}

TEST(VolumePattern, RefusesWhatIsNone) {
  for (const char* text : {"", "tank", ":tank", "zfs:", "zfs:tank/", "zfs:tank//home", "zfs:a/../b",
                           "zfs:**/a", "zfs:tank/a**", "btrfs://"}) {
    EXPECT_ERROR(VolumePattern::parse(text), ErrorKind::InvalidArgument);
  }
}

TEST(VolumePattern, CoversNoMoreThanItMatches) {
  const auto covers = [](const char* wide, const char* narrow) {
    return VolumePattern::parse(wide).covers(VolumePattern::parse(narrow));
  };
  EXPECT_TRUE(covers("btrfs:/s/**", "btrfs:/s/n*"));
  EXPECT_TRUE(covers("zfs:tank/**", "zfs:tank/**"));
  EXPECT_TRUE(covers("zfs:tank/**", "zfs:tank"));
  EXPECT_TRUE(covers("zfs:tank/**", "zfs:tank/a/*/c"));
  EXPECT_TRUE(covers("zfs:tank/*/**", "zfs:tank/a/**"));
  EXPECT_TRUE(covers("zfs:**", "zfs:tank/**"));
  EXPECT_TRUE(covers("btrfs:/**", "btrfs:/a*"));
  EXPECT_TRUE(covers("zfs:tank/a*", "zfs:tank/ab*c"));
  EXPECT_TRUE(covers("zfs:tank/a?", "zfs:tank/ab"));
  EXPECT_FALSE(covers("zfs:tank/*", "zfs:tank/**"));
  EXPECT_FALSE(covers("zfs:tank/*/**", "zfs:tank/**"));
  EXPECT_FALSE(covers("zfs:tank/*", "zfs:tank/a/b"));
  EXPECT_FALSE(covers("zfs:tank/?", "zfs:tank/*"));
  EXPECT_FALSE(covers("zfs:tank/a*", "zfs:tank/*"));
  EXPECT_FALSE(covers("zfs:tank", "zfs:tank/**"));
  EXPECT_FALSE(covers("zfs:tank/**", "btrfs:/tank"));
  EXPECT_FALSE(covers("btrfs:/a", "btrfs:/"));
}

}  // namespace
}  // namespace snapferry
