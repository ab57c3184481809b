#include "zfs/property_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace snapferry::zfs {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(PropertyRules, WhatMountsSharesOrRunsSomethingStaysWhereItIs) {
  for (const char* name : {"mountpoint", "canmount", "sharenfs", "sharesmb", "exec", "setuid",
                           "devices", "overlay", "volmode", "keylocation"}) {
    EXPECT_EQ(use_of(name), PropertyUse::Stays) << name;
  }
  EXPECT_EQ(use_of("acltype"), PropertyUse::Reads);
  EXPECT_EQ(use_of("quota"), PropertyUse::Restores);
  EXPECT_EQ(use_of("com.example:owner"), PropertyUse::Restores);
  EXPECT_EQ(use_of("casesensitivity"), PropertyUse::Streams);
  EXPECT_EQ(use_of("used"), PropertyUse::None);
}

TEST(PropertyRules, OwnBooksAndNamesThatAreOptionsAreNobodysProperties) {
  for (const char* name : {"snapferry:identity", "snapferry:placeholder", "snapferry:unchanged.0",
                           "snapferry:source", "snapferry:source.0", "-r:x", "a b:c", "A:b"}) {
    EXPECT_EQ(use_of(name), PropertyUse::None) << name;
  }
  EXPECT_EQ(use_of("snapferry:exclude"), PropertyUse::Restores);
}

TEST(PropertyRules, AReplicaIsReadAsTheVolumeWas) {
  const auto reading = [](const VolumeProperties& properties) {
    return reading_assignments(VolumeType::Filesystem, &properties);
  };
  EXPECT_THAT(reading({{"acltype", "posix"}, {"xattr", "sa"}}),
              ElementsAre("acltype=posixacl", "xattr=sa"));
  EXPECT_THAT(reading({}), ElementsAre("acltype=off", "xattr=on"));
  EXPECT_THAT(reading_assignments(VolumeType::Filesystem, nullptr),
              ElementsAre("acltype=posixacl", "xattr=on"));
  EXPECT_TRUE(reading_assignments(VolumeType::Zvol, nullptr).empty());
}

TEST(PropertyRules, LimitsAreNotGivenToADatasetBeforeItIsFull) {
  const VolumeProperties properties = {
      {"acltype", "posix"}, {"a:b", "c"}, {"mountpoint", "/x"}, {"quota", "1"}, {"utf8only", "on"}};
  EXPECT_THAT(initial_assignments(VolumeType::Filesystem, properties),
              ElementsAre("a:b=c", "acltype=posixacl"));
  EXPECT_THAT(initial_assignments(VolumeType::Zvol, properties), ElementsAre("a:b=c"));
}

TEST(PropertyRules, DescribeWhatWasDecidedAboutAVolume) {
  const auto all = parse_descriptions(
      "tank/a\tused\t24576\t-\n"
      "tank/a\tmountpoint\t/tank/a\tinherited from tank\n"
      "tank/a\tsharenfs\ton\tlocal\n"
      "tank/a\tacltype\tposix\tinherited from tank\n"
      "tank/a\tutf8only\toff\t-\n"
      "tank/a\tcasesensitivity\tinsensitive\t-\n"
      "tank/a\tcom.example:note\ta b\tlocal\n"
      "tank/a\tcom.example:zone\tx\tinherited from tank\n"
      "tank/a\tsnapferry:identity\t00000000000000aa@tank\tlocal\n"
      "tank/b\tquota\t1073741824\treceived\n"
      "tank/b\trefquota\t0\tlocal\n"
      "tank/b\tsnapshot_limit\t18446744073709551615\tlocal\n"
      "tank/b\tcom.example:torn\tone\n"
      "two\tlocal\n"
      "tank/other\tquota\t1\tlocal\n",
      {"tank/b", "tank/a", "tank/gone"});
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].volume, "zfs:tank/b");
  EXPECT_THAT(all[0].properties, ElementsAre(Pair("quota", "1073741824")));
  EXPECT_THAT(all[1].properties,
              ElementsAre(Pair("acltype", "posix"), Pair("casesensitivity", "insensitive"),
                          Pair("com.example:note", "a b"), Pair("sharenfs", "on")));
}

}  // namespace
}  // namespace snapferry::zfs
