#include "replication/not_covered.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/fake_source.h"

namespace snapferry::replication {
namespace {

using ::testing::ElementsAre;
using testing::FakeHost;
using testing::FakeSource;
using ::testing::IsEmpty;

struct NotCoveredTest : ::testing::Test {
  NotCoveredTest() {
    for (const char* name : {"home", "home/alice", "home/alice/mail", "home/bob", "homes", "www"})
      host.make(std::string("zfs:tank/") + name);
  }
  std::vector<std::string> of(const std::vector<std::string>& patterns) {
    return not_covered(source, patterns, source.inventory(patterns));
  }

  FakeHost host;
  FakeSource source{host};
};

TEST_F(NotCoveredTest, NamesWhatIsBelowAndNothingElse) {
  EXPECT_THAT(of({"zfs:tank/home"}),
              ElementsAre("zfs:tank/home/alice", "zfs:tank/home/alice/mail", "zfs:tank/home/bob"));
  EXPECT_THAT(of({"zfs:tank/home/*"}), ElementsAre("zfs:tank/home/alice/mail"));
  EXPECT_THAT(of({"zfs:tank/home", "zfs:tank/home/*"}), ElementsAre("zfs:tank/home/alice/mail"));
}

TEST_F(NotCoveredTest, KnowsWhatAnotherPatternCovers) {
  EXPECT_THAT(of({"zfs:tank/home", "zfs:tank/home/alice/**"}), ElementsAre("zfs:tank/home/bob"));
  EXPECT_THAT(of({"zfs:tank/home/**"}), IsEmpty());
  EXPECT_THAT(of({"zfs:**"}), IsEmpty());
}

TEST_F(NotCoveredTest, LeavesOutWhatSomebodyExcluded) {
  host.set_excluded("zfs:tank/home/bob", true);
  host.set_excluded("zfs:tank/home/alice/mail", true);
  EXPECT_THAT(of({"zfs:tank/home"}), ElementsAre("zfs:tank/home/alice"));
}

}  // namespace
}  // namespace snapferry::replication
