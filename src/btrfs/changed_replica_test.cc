// A copy that somebody changed is noticed before anything is laid on it, and is damage to verify;
// what moves blocks and changes nothing is neither.

#include <fstream>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <linux/btrfs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "btrfs/lineage.h"
#include "btrfs/test_place.h"
#include "testing/errors.h"

namespace snapferry::btrfs {
namespace {

using testing::BtrfsImage;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ChangedReplica : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto reason = BtrfsImage::unavailable(); !reason.empty()) GTEST_SKIP() << reason;
    place_ = std::make_unique<BtrfsPlace>();
    store_ = place_->store();
    place_->make("a");
    place_->write("a", "file", "one");
    first_ = freeze(1);
    receive(first_, std::nullopt);
    let_clock_tick();
  }

  static std::string name(int number) {
    return "snapferry_t_2026-01-01T00:00:0" + std::to_string(number) + "Z";
  }
  Point freeze(int number) {
    return source_.freeze({place_->volume("a")}, name(number)).frozen.at(0).snapshot;
  }
  void receive(const Point& to, const std::optional<Point>& base) {
    ReceiveRequest request;
    request.volume = {"web1", place_->volume("a")};
    request.type = VolumeType::Subvolume;
    request.stream.volume = place_->volume("a");
    request.stream.to = to;
    request.stream.base = base;
    const auto stream = source_.send(request.stream);
    store_->receive(request, *stream);
  }

  ReplicaState state() { return store_->inventory("web1").at(0); }
  std::vector<std::string> damage() {
    std::vector<std::string> messages;
    for (const auto& found : store_->verify(state(), true, nullptr, nullptr)) {
      messages.push_back(found.snapshot + " " + found.message);
    }
    return messages;
  }
  std::string path() {
    const auto volume = place_->volume("a").substr(std::string("btrfs:/").size());
    return place_->image() / ("store/web1/" + escape_path(volume) + "/" + name(1));
  }
  // Not with `btrfs property set`, which takes the received_uuid away.
  void set_flags(std::uint64_t flags) {
    const platform::Fd fd(::open(path().c_str(), O_RDONLY));
    ASSERT_EQ(::ioctl(fd.get(), BTRFS_IOC_SUBVOL_SETFLAGS, &flags), 0);
  }

  std::unique_ptr<BtrfsPlace> place_;
  std::unique_ptr<Store> store_;
  BtrfsSource source_;
  Point first_;
};

TEST_F(ChangedReplica, IsNoticedInTheListingByVerifyAndByReceive) {
  EXPECT_EQ(state().changed, "");
  set_flags(0);
  EXPECT_THAT(state().changed, HasSubstr(name(1) + " was made writable"));
  std::ofstream(path() + "/file") << "by hand";
  set_flags(BTRFS_SUBVOL_RDONLY);
  EXPECT_THAT(state().changed, HasSubstr(name(1) + " was changed after it was received"));
  EXPECT_THAT(damage(), ::testing::ElementsAre(HasSubstr("was changed after")));
  place_->write("a", "file", "two");
  const Point second = freeze(2);
  EXPECT_ERROR(receive(second, first_), ErrorKind::Conflict);
  EXPECT_EQ(state().points.size(), 1u);
}

TEST_F(ChangedReplica, IsNoticedWhereTheOtherToolsTookItsIdentityAway) {
  BtrfsImage::btrfs({"property", "set", "-f", path(), "ro", "false"});
  EXPECT_NE(state().changed, "");
  EXPECT_EQ(damage().size(), 1u);
  // The administrator may still remove it.
  EXPECT_THAT(store_->destroy(state().volume, state().points), IsEmpty());
  EXPECT_TRUE(store_->inventory("web1").empty());
}

TEST_F(ChangedReplica, IsNotWhatWasOnlyMovedOrTouched) {
  set_flags(0);
  set_flags(BTRFS_SUBVOL_RDONLY);
  BtrfsImage::btrfs({"balance", "start", "--full-balance", place_->image().path()});
  EXPECT_EQ(state().changed, "");
  EXPECT_THAT(damage(), IsEmpty());
  place_->write("a", "file", "two");
  receive(freeze(2), first_);
  EXPECT_EQ(state().points.size(), 2u);
}

}  // namespace
}  // namespace snapferry::btrfs
