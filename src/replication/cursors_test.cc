#include "replication/cursors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "replication/test_notation.h"
#include "replication/test_scene.h"

namespace snapferry::replication {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::int64_t kDay = 86400;

// A snapshot of set "main" or a bookmark of one of its cursors, so many days after the first.
std::string at(char kind, int day, int guid) {
  return (kind == 'M' ? "@M" : std::string("#") + kind) + std::to_string(day * kDay) + "," +
         std::to_string(guid) + " ";
}

TEST(Cursors, AreToldByTheNamesOfBookmarks) {
  const auto found = cursors_of({volume("#C1,1 @M1,1! #D5,2 #D7,3 @M9,4 #mine,4", "zfs:tank/b"),
                                 volume("#C2,1 @M2,1!", "zfs:tank/a"), volume("@M1,1", "zfs:c")});
  ASSERT_THAT(found, SizeIs(3));
  EXPECT_EQ(found[0], (Cursor{"zfs:tank/a", "main", "00000000", 2, 0, points("#C2,1")}));
  EXPECT_EQ(found[1], (Cursor{"zfs:tank/b", "main", "00000000", 1, 8, points("#C1,1")}));
  EXPECT_EQ(found[2], (Cursor{"zfs:tank/b", "main", "dddddddd", 7, 2, points("#D5,2 #D7,3")}));
}

TEST(Cursors, TellWhichStoreOthersHaveGoneOnWithout) {
  const auto behind = [](int days) {
    return absent_stores({volume(at('D', 1, 1) + at('C', 1 + days, 2) + at('M', 1 + days, 2))});
  };
  EXPECT_THAT(behind(29), IsEmpty());
  EXPECT_THAT(behind(30), ElementsAre(AbsentStore{"main", "dddddddd", kDay, 1}));
}

// One volume that nothing was written to does not hide that its store is gone, and one that is
// not backed up to it any more does not make it one.
TEST(Cursors, OfAStoreAreSeenTogether) {
  const auto old = volume(at('D', 1, 1) + at('C', 90, 2) + at('M', 90, 2));
  const auto still = volume(at('C', 2, 1) + at('D', 2, 1) + at('M', 2, 1), "zfs:tank/still");
  EXPECT_THAT(absent_stores({old, still}),
              ElementsAre(AbsentStore{"main", "dddddddd", 2 * kDay, 2}));
  const auto fresh = volume(at('C', 90, 1) + at('D', 90, 1) + at('M', 90, 1), "zfs:tank/fresh");
  EXPECT_THAT(absent_stores({old, fresh}), IsEmpty());
}

TEST(Cursors, AreReleasedWithWhatOnlyTheyKept) {
  const auto source = volume("@M1,1! #D1,1 @O2,2! @b,3! @M4,4!! #C4,4");
  const auto found = cursors_of({source});
  ASSERT_THAT(found, SizeIs(2));
  EXPECT_EQ(short_text(release_of(source, found[1])),
            "release @M1, release @M4, destroy @M1, destroy #D1");
  EXPECT_EQ(release_of(source, found[1]).cursor, kOtherCursor);
}

TEST(Cursors, OfAStoreThatIsGoneLeaveNothingBehindOnRequest) {
  Scene scene;
  testing::FakeDisk gone;
  testing::FakeSource source(scene.host);
  testing::FakeStore store(gone);
  scene.make("a");
  scene.run(source, store);
  scene.clock.advance({40 * kDay});
  scene.write("a", "two");
  const RunReport report = scene.run();
  ASSERT_THAT(report.absent, SizeIs(1));
  EXPECT_EQ(report.absent[0].store, gone.identity().substr(0, 8));

  const auto volumes = source.inventory({scene.name("a")});
  for (const Cursor& cursor : cursors_of(volumes)) {
    if (cursor.store != report.absent[0].store) continue;
    EXPECT_THAT(source.settle({release_of(volumes.at(0), cursor)}), IsEmpty());
  }
  EXPECT_EQ(scene.what_is_wrong("a", scene.replica("a")), "");
  EXPECT_THAT(scene.host.tags(scene.name("a")), ElementsAre(scene.cursor()));
  EXPECT_THAT(scene.points("a"), SizeIs(2));
  EXPECT_THAT(scene.run().absent, IsEmpty());
}

}  // namespace
}  // namespace snapferry::replication
