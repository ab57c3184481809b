// What the kernel answers to the calls of zfs/pool_calls.h: what the fake of the tests beside the
// code stands for.

#include <cerrno>
#include <map>

#include <gmock/gmock.h>

#include "zfs/pool_calls.h"
#include "zfs_place.h"

namespace snapferry::testing {
namespace {

using ::testing::IsEmpty;
using zfs::PoolChange;
using zfs::PoolOutcome;

using Errors = std::map<std::string, int>;

class ZfsPoolCallsTest : public ZfsPlaceTest {
 protected:
  void SetUp() override {
    ZfsPlaceTest::SetUp();
    if (!place_) return;
    for (const char* name : {"a", "b"}) {
      place_->make(name);
      place_->snapshot(name, "s");
    }
  }

  std::string a(const std::string& rest) { return place_->dataset("a") + rest; }
  std::string b(const std::string& rest) { return place_->dataset("b") + rest; }

  PoolOutcome change(PoolChange change, const std::vector<zfs::PoolItem>& items) {
    return zfs::system_pool_calls().change(change, items);
  }

  // Names, one after another.
  std::string listed(const std::string& types) {
    return command({"zfs", "list", "-H", "-r", "-t", types, "-o", "name", place_->dataset("a"),
                    place_->dataset("b")});
  }
};

TEST_F(ZfsPoolCallsTest, TakesAllSnapshotsOrNone) {
  auto outcome = change(PoolChange::Snapshot, {{a("@t")}, {place_->dataset("gone@t")}});
  EXPECT_EQ(outcome.error, ENOENT);
  EXPECT_EQ(outcome.errors, (Errors{{place_->dataset("gone@t"), ENOENT}}));
  outcome = change(PoolChange::Snapshot, {{a("@t")}, {b("@s")}});
  EXPECT_EQ(outcome.error, EEXIST);
  EXPECT_EQ(outcome.errors, (Errors{{b("@s"), EEXIST}}));
  EXPECT_EQ(listed("snapshot"), a("@s") + "\n" + b("@s") + "\n");
  outcome = change(PoolChange::Snapshot, {{a("@t")}, {b("@t")}});
  EXPECT_EQ(outcome.error, 0);
  EXPECT_THAT(outcome.errors, IsEmpty());
  EXPECT_EQ(property(a("@t"), "createtxg"), property(b("@t"), "createtxg"));
}

TEST_F(ZfsPoolCallsTest, HoldsAndReleases) {
  auto outcome =
      change(PoolChange::Hold, {{a("@s"), "red"}, {b("@s"), "red"}, {a("@gone"), "red"}});
  EXPECT_EQ(outcome.error, 0);
  EXPECT_EQ(outcome.errors, (Errors{{a("@gone"), ENOENT}}));
  EXPECT_EQ(property(b("@s"), "userrefs"), "1");
  outcome = change(PoolChange::Hold, {{a("@s"), "red"}});
  EXPECT_EQ(outcome.error, EEXIST);
  EXPECT_EQ(outcome.errors, (Errors{{a("@s"), EEXIST}}));

  change(PoolChange::Release, {{b("@s"), "red"}});
  outcome = change(PoolChange::Release, {{a("@s"), "red"}, {b("@s"), "red"}});
  EXPECT_EQ(outcome.error, 0);
  EXPECT_EQ(outcome.errors, (Errors{{b("@s"), ENOENT}}));
  EXPECT_EQ(property(a("@s"), "userrefs"), "0");
  outcome = change(PoolChange::Release, {{a("@s"), "red"}});
  EXPECT_EQ(outcome.error, 0);
  EXPECT_EQ(outcome.errors, (Errors{{a("@s"), ENOENT}}));
}

TEST_F(ZfsPoolCallsTest, MakesBookmarks) {
  auto outcome = change(PoolChange::Bookmark, {{a("#m"), a("@s")}, {b("#m"), b("@s")}});
  EXPECT_EQ(outcome.error, 0);
  EXPECT_EQ(listed("bookmark"), a("#m") + "\n" + b("#m") + "\n");
  outcome = change(PoolChange::Bookmark, {{a("#m"), a("@s")}, {a("#n"), a("@s")}});
  EXPECT_EQ(outcome.error, EEXIST);
  EXPECT_EQ(outcome.errors, (Errors{{a("#m"), EEXIST}}));
  EXPECT_EQ(listed("bookmark"), a("#m") + "\n" + b("#m") + "\n");
  outcome = change(PoolChange::DestroyBookmarks, {{a("#m")}, {b("#m")}, {b("#gone")}});
  EXPECT_EQ(outcome.error, 0);
  EXPECT_EQ(listed("bookmark"), "");
}

TEST_F(ZfsPoolCallsTest, DestroysNothingWhereOneIsHeld) {
  place_->hold("b", "s", "red");
  auto outcome = change(PoolChange::DestroySnapshots, {{a("@s")}, {b("@s")}});
  EXPECT_EQ(outcome.error, EBUSY);
  EXPECT_EQ(outcome.errors, (Errors{{b("@s"), EBUSY}}));
  EXPECT_EQ(listed("snapshot"), a("@s") + "\n" + b("@s") + "\n");
  outcome = change(PoolChange::DestroySnapshots, {{a("@s")}, {a("@gone")}});
  EXPECT_EQ(outcome.error, 0);
  EXPECT_EQ(listed("snapshot"), b("@s") + "\n");
}

TEST_F(ZfsPoolCallsTest, MakesFilesystemsThatNeverMount) {
  const auto create = [&](const std::string& name) {
    return zfs::system_pool_calls().create(
        {.name = name, .never_mounts = true, .user_properties = {{"snapferry:x", "y"}}});
  };
  EXPECT_EQ(create(a("/new")), 0);
  EXPECT_EQ(property(a("/new"), "canmount"), "off");
  EXPECT_EQ(property(a("/new"), "mountpoint"), "none");
  EXPECT_EQ(property(a("/new"), "mounted"), "no");
  EXPECT_EQ(property(a("/new"), "snapferry:x"), "y");
  EXPECT_EQ(create(a("/new")), EEXIST);
  EXPECT_EQ(create(a("/gone/new")), ENOENT);
  EXPECT_EQ(zfs::system_pool_calls().create({.name = a("/plain")}), 0);
  EXPECT_EQ(property(a("/plain"), "canmount"), "on");
  EXPECT_EQ(property(a("/plain"), "mounted"), "no");
}

}  // namespace
}  // namespace snapferry::testing
