#include "stores/copy_ids.h"

#include <set>

#include <gtest/gtest.h>

namespace snapferry::stores {
namespace {

ReplicaState copy(const std::string& path, const std::vector<std::uint64_t>& guids) {
  ReplicaState state;
  state.volume = {"box", path};
  for (const auto guid : guids) {
    Point point;
    point.guid = Guid::from_number(guid);
    state.points.push_back(std::move(point));
  }
  return state;
}

std::string plain(std::uint64_t guid) { return Guid::from_number(guid).hex(); }

TEST(CopyIds, BeginWithTheGuidOfTheSnapshot) {
  const auto one = copy("zfs:a", {7, 8});
  const CopyIds ids({one, copy("zfs:b", {9})});
  EXPECT_TRUE(ids.id(one.volume, Guid::from_number(7)).hex().starts_with(plain(7)));
  EXPECT_EQ(ids.id(one.volume, Guid::from_number(7)), CopyIds().id({}, Guid::from_number(7)));
}

TEST(CopyIds, AreOfOneCopyEachAndPlainForTheOneThatWasNotSetAside) {
  const auto aside = copy("zfs:a.diverged-1", {7});
  const auto current = copy("zfs:b", {7});
  const auto other = copy("zfs:c", {7});
  for (const auto& replicas :
       {std::vector{aside, current, other}, std::vector{other, current, aside}}) {
    const CopyIds ids(replicas);
    const Guid guid = Guid::from_number(7);
    EXPECT_TRUE(ids.id(current.volume, guid).hex().starts_with(plain(7)));
    std::set<ObjectId> all;
    for (const auto& replica : replicas) {
      const auto id = ids.id(replica.volume, guid);
      EXPECT_TRUE(all.insert(id).second);
      // They differ in what a list shows of them.
      EXPECT_EQ(id.hex().starts_with(plain(7)), replica.volume == current.volume);
      EXPECT_EQ(id, CopyIds(replicas).id(replica.volume, guid));
    }
  }
}

TEST(CopyIds, OfSnapshotsThatOneCopyAloneHasStayPlainBesideSharedOnes) {
  const auto aside = copy("zfs:a.diverged-1", {7, 8});
  const CopyIds ids({copy("zfs:a", {7, 9}), aside});
  EXPECT_TRUE(ids.id(aside.volume, Guid::from_number(8)).hex().starts_with(plain(8)));
  EXPECT_FALSE(ids.id(aside.volume, Guid::from_number(7)).hex().starts_with(plain(7)));
}

}  // namespace
}  // namespace snapferry::stores
