#include "btrfs/expected_note.h"

#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "platform/fd.h"
#include "testing/temporary_directory.h"

namespace snapferry::btrfs {
namespace {

namespace fs = std::filesystem;
using Names = std::set<std::string>;

class ExpectedNote : public ::testing::Test {
 protected:
  void ask(const std::string& name) {
    change_expected(host_.get(), {.set = "default", .missing = {name}}, room_.path());
  }
  HostExpectations read() { return read_expected(host_.get(), room_.path()); }
  void write(const std::string& file, const std::string& text) {
    std::ofstream(room_ / file) << text;
  }

  testing::TemporaryDirectory room_;
  platform::Fd host_{::open(room_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
};

TEST_F(ExpectedNote, IsThereAsLongAsAnythingIsExpected) {
  EXPECT_TRUE(read().empty());
  ask("btrfs:/a");
  EXPECT_EQ(read().awaited.at("default"), Names{"btrfs:/a"});
  change_expected(host_.get(), {.set = "default", .settled = {"btrfs:/a"}}, room_.path());
  EXPECT_FALSE(fs::exists(room_ / ".expected"));
}

TEST_F(ExpectedNote, SweepsWhatAKilledProcessLeft) {
  write(".expected.new-1", "a default btrfs:/half");
  write(".expectedly", "of another name");
  ask("btrfs:/a");
  EXPECT_FALSE(fs::exists(room_ / ".expected.new-1"));
  EXPECT_TRUE(fs::exists(room_ / ".expectedly"));
}

TEST_F(ExpectedNote, ThatCannotTakeItsPlaceLeavesNothingBehind) {
  fs::create_directory(room_ / ".expected");
  EXPECT_TRUE(read().empty()) << "whoever may write there can do so much";
  EXPECT_THROW(ask("btrfs:/a"), Error);
  EXPECT_EQ(std::distance(fs::directory_iterator(room_.path()), {}), 1);
}

TEST_F(ExpectedNote, ThatIsTornHidesNoneOfWhatCanBeRead) {
  write(".expected", "a default btrfs:/a;a default btrfs:%4");
  ask("btrfs:/b");
  EXPECT_EQ(read().awaited.at("default"), (Names{"btrfs:/a", "btrfs:/b"}));
}

TEST_F(ExpectedNote, ThatCannotBeReadIsAFailure) {
  EXPECT_THROW(read_expected(-1, room_.path()), Error);
}

}  // namespace
}  // namespace snapferry::btrfs
