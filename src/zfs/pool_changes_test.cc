#include "zfs/pool_changes.h"

#include <algorithm>
#include <cerrno>

#include <gmock/gmock.h>

#include "zfs/test_pool_calls.h"

namespace snapferry::zfs {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<PoolItem> hold(const std::vector<std::string>& names) {
  std::vector<PoolItem> items;
  for (const auto& name : names) items.push_back({name, "tag"});
  return items;
}

TEST(ChangeAll, TakesOneCallForEachPool) {
  FakePoolCalls calls;
  EXPECT_THAT(change_all(calls, PoolChange::Hold, hold({"one/a@s", "two@s", "one/b@s"})),
              IsEmpty());
  EXPECT_THAT(calls.calls(), ElementsAre("hold one/a@s=tag one/b@s=tag", "hold two@s=tag"));
  EXPECT_THAT(change_all(calls, PoolChange::Hold, {}), IsEmpty());
  EXPECT_EQ(calls.calls().size(), 2u);
}

TEST(ChangeAll, GoesOnWithoutThoseToBlame) {
  FakePoolCalls calls;
  calls.answer({.error = EBUSY, .errors = {{"one/b@s", EBUSY}}});
  const auto refused =
      change_all(calls, PoolChange::DestroySnapshots, {{"one/a@s"}, {"one/b@s"}, {"one/c@s"}});
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused[0].item.name, "one/b@s");
  EXPECT_EQ(refused[0].error, EBUSY);
  EXPECT_THAT(calls.calls(),
              ElementsAre("destroy one/a@s one/b@s one/c@s", "destroy one/a@s one/c@s"));
}

TEST(ChangeAll, TakesAnErrorOfOneForNoneOfTheOthersWhereAllElseWasDone) {
  FakePoolCalls calls;
  calls.answer({.error = 0, .errors = {{"one/a@s", ENOENT}}});
  const auto refused = change_all(calls, PoolChange::Hold, hold({"one/a@s", "one/b@s"}));
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused[0].error, ENOENT);
  EXPECT_EQ(calls.calls().size(), 1u);
}

TEST(ChangeAll, TriesEachWhereNobodySaysWhichIsToBlame) {
  FakePoolCalls calls;
  calls.answer({.error = EPERM});
  calls.answer({});
  calls.answer({.error = EPERM});
  const auto refused = change_all(calls, PoolChange::Hold, hold({"one/a@s", "one/b@s"}));
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused[0].item.name, "one/b@s");
  EXPECT_EQ(refusal(PoolChange::Hold, refused[0]),
            "one/b@s: cannot be held: permission denied; run it as root, or grant it with zfs "
            "allow");
  EXPECT_THAT(calls.calls(),
              ElementsAre("hold one/a@s=tag one/b@s=tag", "hold one/a@s=tag", "hold one/b@s=tag"));
}

TEST(ChangeAll, GivesNoNameTwiceInOneCall) {
  FakePoolCalls calls;
  change_all(calls, PoolChange::Release, {{"one@s", "red"}, {"one@s", "blue"}});
  EXPECT_THAT(calls.calls(), ElementsAre("release one@s=red", "release one@s=blue"));
}

TEST(ChangeAll, BoundsWhatOneCallChanges) {
  FakePoolCalls calls;
  std::vector<PoolItem> items;
  for (int i = 0; i < 2500; ++i) items.push_back({"one@" + std::to_string(i)});
  change_all(calls, PoolChange::DestroySnapshots, items);
  ASSERT_EQ(calls.calls().size(), 3u);
  EXPECT_EQ(std::count(calls.calls()[2].begin(), calls.calls()[2].end(), ' '), 500);
}

}  // namespace
}  // namespace snapferry::zfs
