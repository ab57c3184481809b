// Names that the snapshot tells apart and the target does not: each that cannot be restored is
// named, in every run, and costs none of the others.
#include <optional>

#include <sys/stat.h>

#include "testing/odd_filesystem.h"
#include "testing/restore_fixture.h"

namespace snapferry::testing {
namespace {

class RestoreOfAlikeNames : public Restore {
 protected:
  void SetUp() override {
    options_.delete_in_mount_point = true;
    options_.paths = {"README", "readme", "beside"};  // the root has no metadata
    if (const std::string reason = OddFilesystem::why_not(); !reason.empty()) {
      GTEST_SKIP() << reason;
    }
    ::mkdir(target_.c_str(), 0755);
    odd_.emplace(target_, OddFilesystem::Manners{.ignores_case = true});
  }

  // One of the pair is there, whole, and the other is named.
  void expect_one_of(const Node& root, const std::string& one, const std::string& other) {
    const RestoreStats stats = run(root);
    EXPECT_EQ(stats.failed, 1u);
    ASSERT_EQ(problems_.all.size(), 1u) << ::testing::PrintToString(problems_.all);
    EXPECT_NE(problems_.all[0].find("does not tell them apart"), std::string::npos)
        << problems_.all[0];
    const std::string found = content(at("readme"));
    EXPECT_TRUE(found == one || found == other) << found.substr(0, 20);
    EXPECT_EQ(content(at("beside")), "beside");
    problems_.all.clear();
  }

  std::optional<OddFilesystem> odd_;
};

TEST_F(RestoreOfAlikeNames, AreNamedInEveryRun) {
  for (const std::size_t size : {std::size_t{10}, std::size_t{5} << 20}) {
    const std::string upper = noise(size, 1);
    const std::string lower = noise(size + 1, 2);
    const Node root =
        directory("", {file("README", upper), file("beside", "beside"), file("readme", lower)});
    for (const bool deletes : {false, true, true}) {
      options_.delete_extra = deletes;
      expect_one_of(root, upper, lower);
    }
  }
}

TEST_F(RestoreOfAlikeNames, AreNoTroubleWhereOnlyOneIsRestored) {
  const Node root = directory("", {file("README", "1")});
  options_.paths = {"README"};
  EXPECT_EQ(run(root).failed, 0u);
  EXPECT_EQ(run(root).failed, 0u);
  EXPECT_EQ(content(at("README")), "1");
}

}  // namespace
}  // namespace snapferry::testing
