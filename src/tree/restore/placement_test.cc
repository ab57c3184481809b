#include "tree/restore/placement.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"
#include "testing/errors.h"
#include "testing/temporary_directory.h"
#include "tree/restore/target.h"

namespace snapferry::tree {
namespace {

using platform::Fd;

class PlacementTest : public ::testing::Test {
 protected:
  void make_file(int directory, const std::string& name) {
    platform::open_at(directory, name.c_str(), O_CREAT | O_EXCL | O_WRONLY, 0600, name);
  }
  bool exists(const std::string& name) { return stat_at(fd_.get(), name).has_value(); }
  std::uint64_t inode(const std::string& name) { return stat_at(fd_.get(), name)->stx_ino; }

  testing::TemporaryDirectory directory_;
  Fd fd_ = platform::open_path(directory_.path(), O_RDONLY | O_DIRECTORY);
};

TEST_F(PlacementTest, GivesTheFinalNameOnlyWhenCommitted) {
  make_file(fd_.get(), "a");
  const auto place = [&](bool commit) {
    Placement placement(fd_.get(), "a", "temporary");
    make_file(placement.directory(), placement.name());
    placement.created();
    EXPECT_TRUE(exists("temporary"));
    if (commit) placement.commit(Placement::Expects::Something);
  };
  const std::uint64_t before = inode("a");
  place(false);
  EXPECT_FALSE(exists("temporary"));
  EXPECT_EQ(inode("a"), before);
  place(true);
  EXPECT_FALSE(exists("temporary"));
  EXPECT_NE(inode("a"), before);
}

TEST_F(PlacementTest, ReplacesNothingThatWasNotExpected) {
  make_file(fd_.get(), "a");
  const std::uint64_t before = inode("a");
  {
    Placement placement(fd_.get(), "a", "temporary");
    make_file(placement.directory(), placement.name());
    placement.created();
    EXPECT_ERROR(placement.commit(Placement::Expects::Nothing), ErrorKind::Conflict);
  }
  EXPECT_EQ(inode("a"), before);
  EXPECT_FALSE(exists("temporary"));
}

TEST_F(PlacementTest, InANookIsWhereNobodyElseCanChangeNames) {
  make_file(fd_.get(), "a");
  ASSERT_EQ(::fchmod(fd_.get(), 0777), 0);
  const auto place = [&](bool commit) {
    Placement placement = Placement::in_nook(fd_.get(), "a", "nook");
    EXPECT_TRUE(is_directory(*stat_at(fd_.get(), "nook")));
    EXPECT_EQ(stat_at(fd_.get(), "nook")->stx_mode & 07777, 0700u);
    make_file(placement.directory(), placement.name());
    placement.created();
    if (commit) placement.commit(Placement::Expects::Something);
  };
  const std::uint64_t before = inode("a");
  place(false);
  EXPECT_FALSE(exists("nook"));
  EXPECT_EQ(inode("a"), before);
  place(true);
  EXPECT_FALSE(exists("nook"));
  EXPECT_NE(inode("a"), before);
}

TEST_F(PlacementTest, InANookNeedsANameThatNothingHas) {
  ASSERT_EQ(::symlinkat("elsewhere", fd_.get(), "nook"), 0);
  EXPECT_THROW(Placement::in_nook(fd_.get(), "a", "nook"), Error);
  EXPECT_TRUE(exists("nook"));
}

TEST_F(PlacementTest, RefusesWhatIsNoName) {
  for (const std::string& name : {std::string(".."), std::string("d/f"), std::string("f\0x", 3)}) {
    EXPECT_THROW(Placement(fd_.get(), name, ""), Error) << name;
  }
}

}  // namespace
}  // namespace snapferry::tree
