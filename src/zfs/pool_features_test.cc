#include "zfs/pool_features.h"

#include <gtest/gtest.h>

#include "testing/fake_commands.h"

namespace snapferry::zfs {
namespace {

constexpr StreamFeatures kAll{
    .large_blocks = true, .embedded = true, .compressed = true, .raw = true, .resumable = true};
constexpr const char* kNew =
    "size\t4G\nfeature@lz4_compress\tactive\nfeature@embedded_data\tactive\n"
    "feature@large_blocks\tenabled\nfeature@encryption\tenabled\nfeature@zstd_compress\tenabled\n";

TEST(PoolFeatures, APoolThatHasAllTakesAll) { EXPECT_EQ(without_missing(kAll, kNew), kAll); }

TEST(PoolFeatures, WhatIsDisabledOrUnknownThereIsNotUsed) {
  const auto old =
      without_missing(kAll, "feature@lz4_compress\tactive\nfeature@large_blocks\tdisabled\n");
  EXPECT_FALSE(old.large_blocks || old.embedded || old.compressed || old.raw);
  EXPECT_TRUE(old.resumable);
}

TEST(PoolFeatures, NothingIsGivenThatTheSystemLacks) {
  EXPECT_EQ(without_missing({}, kNew), StreamFeatures{});
}

TEST(PoolFeatures, APoolThatDoesNotSayIsLeftToTheKernel) {
  testing::FakeCommands commands;
  commands.expect("zpool get -H -o property,value all b", {"", 1, "permission denied\n"});
  EXPECT_EQ(receivable(commands, "b", kAll), kAll);
  EXPECT_EQ(receivable(commands, "b", kAll), kAll);  // no such program
  commands.expect("zpool get -H -o property,value all b", {"feature@encryption\tenabled\n"});
  EXPECT_FALSE(receivable(commands, "b", kAll).large_blocks);
}

TEST(PoolFeatures, AreNamedForPeople) {
  EXPECT_EQ(names_of({.large_blocks = true, .embedded = true}),
            "large blocks (-L), embedded data (-e)");
}

}  // namespace
}  // namespace snapferry::zfs
