#include "tree/posix_acl.h"

#include <algorithm>

#include <gtest/gtest.h>
#include <sys/xattr.h>

#include "testing/backup_scene.h"

namespace snapferry::tree {
namespace {

constexpr std::uint32_t kNobody = 0xffffffff;

struct Item {
  std::uint16_t tag;
  std::uint16_t permissions;
  std::uint32_t id = kNobody;
};

// u:: 1, u: 2, g:: 4, g: 8, mask 16, o:: 32.
Bytes acl(const std::vector<Item>& items) {
  Bytes bytes{2, 0, 0, 0};
  for (const Item& item : items) {
    for (const std::uint16_t half : {item.tag, item.permissions}) {
      bytes.push_back(static_cast<std::uint8_t>(half));
      bytes.push_back(static_cast<std::uint8_t>(half >> 8));
    }
    for (unsigned shift = 0; shift < 32; shift += 8) {
      bytes.push_back(static_cast<std::uint8_t>(item.id >> shift));
    }
  }
  return bytes;
}

// "root" has another number on the source.
OwnerMap root_was(std::uint32_t id) { return OwnerMap({{id, "root"}}, {{id, "root"}}, false); }

TEST(PosixAcl, TellsWhomItNames) {
  OwnerIds users;
  OwnerIds groups;
  add_acl_ids(acl({{1, 7}, {2, 6, 70'000}, {4, 4}, {8, 4, 8}, {16, 7}, {32, 0}}), users, groups);
  EXPECT_EQ(users.ids(), std::set<std::uint32_t>{70'000});
  EXPECT_EQ(groups.ids(), std::set<std::uint32_t>{8});
}

TEST(PosixAcl, NamesTheSamePeopleElsewhere) {
  const Bytes before = acl({{1, 7}, {2, 4, 3}, {2, 6, 1502}, {4, 4}, {8, 5, 1502}, {32, 0}});
  EXPECT_EQ(map_acl(before, root_was(1502)),
            acl({{1, 7}, {2, 6, 0}, {2, 4, 3}, {4, 4}, {8, 5, 0}, {32, 0}}));
  EXPECT_EQ(map_acl(before, root_was(9)), before);
}

TEST(PosixAcl, GivesTwoThatBecomeOneWhatBothHad) {
  EXPECT_EQ(map_acl(acl({{1, 7}, {2, 6, 0}, {2, 5, 1502}, {4, 4}, {32, 0}}), root_was(1502)),
            acl({{1, 7}, {2, 4, 0}, {4, 4}, {32, 0}}));
}

TEST(PosixAcl, LeavesAloneWhatItDoesNotKnow) {
  OwnerIds ids;
  for (const Bytes& other : {Bytes{}, Bytes{1, 0, 0, 0}, Bytes{2, 0, 0, 0, 2, 0, 6}}) {
    EXPECT_EQ(map_acl(other, root_was(1502)), other);
    add_acl_ids(other, ids, ids);
    EXPECT_EQ(mode_without_acl(0664, other), 0604u);
  }
  EXPECT_TRUE(ids.ids().empty());
}

TEST(PosixAcl, LeavesAModeThatGivesNobodyMore) {
  // The mask shows as the rights of the group, which has fewer.
  EXPECT_EQ(mode_without_acl(0664, acl({{1, 6}, {2, 6, 7}, {4, 4}, {16, 6}, {32, 4}})), 0644u);
  // Who is named may have less than everyone.
  EXPECT_EQ(mode_without_acl(0644, acl({{1, 6}, {2, 0, 7}, {4, 4}, {16, 4}, {32, 4}})), 0600u);
  EXPECT_EQ(mode_without_acl(0644, acl({{1, 6}, {4, 4}, {8, 0, 7}, {16, 4}, {32, 4}})), 0640u);
  EXPECT_EQ(mode_without_acl(04755, acl({{1, 7}, {2, 7, 7}, {4, 5}, {16, 5}, {32, 5}})), 04755u);
}

TEST(PosixAcl, NamesOfItsUsersAreKeptWithABackup) {
  testing::BackupScene scene;
  scene.write("a", "1");
  const Bytes value = acl({{1, 6}, {2, 6, 1}, {4, 4}, {16, 6}, {32, 4}});
  if (::setxattr((scene.root / "a").c_str(), std::string(kAccessAcl).c_str(), value.data(),
                 value.size(), 0) != 0) {
    GTEST_SKIP() << "no ACLs here";
  }
  OwnerIds ids;
  ids.add(1);
  if (user_names(ids).empty()) GTEST_SKIP() << "user 1 has no name here";
  const auto has_name = [](const BackupResult& result) {
    return std::ranges::any_of(result.users, [](const OwnerName& owner) { return owner.id == 1; });
  };
  const BackupResult first = scene.back_up();
  EXPECT_TRUE(has_name(first));
  EXPECT_TRUE(has_name(scene.back_up_again(first))) << "also where nothing is read";
}

}  // namespace
}  // namespace snapferry::tree
