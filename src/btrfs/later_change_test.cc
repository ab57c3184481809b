// A snapshot counts as changed where a file of it was, and not where something else made the kernel
// write its inodes: deduplication, or the late write-back of what was received.

#include "btrfs/later_change.h"

#include <array>
#include <fstream>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

#include "btrfs/subvolume.h"
#include "btrfs/subvolume_table.h"
#include "btrfs/test_place.h"

namespace snapferry::btrfs {
namespace {

using testing::BtrfsImage;

constexpr std::size_t kSize = 1u << 20;

class LaterChange : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto reason = BtrfsImage::unavailable(); !reason.empty()) GTEST_SKIP() << reason;
    place_ = std::make_unique<BtrfsPlace>();
    place_->make("a");
    place_->write("a", "one", std::string(kSize, 'x'));
    place_->write("a", "two", std::string(kSize, 'x'));
    BtrfsImage::btrfs({"subvolume", "snapshot", "-r", place_->path("a"), at()});
  }

  std::string at() const { return place_->path("snapshot"); }
  platform::Fd open(const std::string& path) const { return platform::open_path(path, O_RDONLY); }
  // As it is on the disk, which is what a listing knows.
  Subvolume state() {
    const platform::Fd fd = open(at());
    sync_filesystem(fd.get(), at());
    const SubvolumeTable table(fd.get(), at());
    return *table.find(subvolume_id_of(fd.get(), at()));
  }
  void expect_changed(bool changed) {
    EXPECT_TRUE(state().may_have_changed());
    EXPECT_EQ(state().was_changed, changed);
    EXPECT_EQ(describe(open(at()).get(), at()).was_changed, changed);
  }

  std::unique_ptr<BtrfsPlace> place_;
};

TEST_F(LaterChange, IsNoneInASnapshotThatNobodyTouched) {
  EXPECT_FALSE(state().may_have_changed());
  EXPECT_FALSE(state().was_changed);
}

TEST_F(LaterChange, IsNoDeduplication) {
  const platform::Fd one = open(at() + "/one");
  const platform::Fd two = open(at() + "/two");
  alignas(file_dedupe_range)
      std::array<std::uint8_t, sizeof(file_dedupe_range) + sizeof(file_dedupe_range_info)>
          bytes{};
  auto* request = reinterpret_cast<file_dedupe_range*>(bytes.data());
  request->src_length = kSize;
  request->dest_count = 1;
  request->info[0].dest_fd = two.get();
  ASSERT_EQ(::ioctl(one.get(), FIDEDUPERANGE, request), 0);
  ASSERT_EQ(request->info[0].bytes_deduped, kSize);
  expect_changed(false);
}

TEST_F(LaterChange, IsWhatSomebodyWroteRemovedOrRenamed) {
  for (const char* change :
       {"echo new >one", "rm one", "mv one other", "chmod 600 one", "touch -d 2001-01-01 one"}) {
    BtrfsImage::btrfs({"property", "set", at(), "ro", "false"});
    BtrfsImage::run({"sh", "-c", "cd " + at() + " && " + change});
    BtrfsImage::btrfs({"property", "set", at(), "ro", "true"});
    SCOPED_TRACE(change);
    expect_changed(true);
    BtrfsImage::btrfs({"subvolume", "delete", at()});
    BtrfsImage::btrfs({"subvolume", "snapshot", "-r", place_->path("a"), at()});
  }
}

TEST_F(LaterChange, IsNoLateWriteBackOfWhatBtrfsReceived) {
  const std::string stream = place_->path("stream");
  BtrfsImage::btrfs({"send", "-f", stream, at()});
  BtrfsImage::btrfs({"subvolume", "delete", at()});
  BtrfsImage::btrfs({"receive", "-f", stream, place_->path("")});
  const Subvolume received = state();
  EXPECT_FALSE(received.received_uuid.is_zero());
  EXPECT_FALSE(received.was_changed);
}

Subvolume received(std::int64_t begun, std::int64_t ended) {
  Subvolume made;
  made.otransid = 10;
  made.rtransid = 11;
  made.otime = {begun, 0};
  made.rtime = {ended, 0};
  return made;
}

TEST(TellsOfChange, WhatIsLaterThanTheReceive) {
  const Subvolume made = received(100, 110);
  EXPECT_FALSE(tells_of_change({110, 0}, made, {1000, 0}));
  EXPECT_TRUE(tells_of_change({110, 1}, made, {1000, 0}));
  // As deduplication leaves it.
  EXPECT_FALSE(tells_of_change({50, 0}, made, {1000, 0}));
}

TEST(TellsOfChange, WhatIsFromBeforeAReceiveOfTheFuture) {
  const Subvolume made = received(5000, 5010);
  EXPECT_TRUE(tells_of_change({1000, 0}, made, {1000, 0}));
  // The late write-back of what was received.
  EXPECT_FALSE(tells_of_change({5005, 0}, made, {1000, 0}));
}

}  // namespace
}  // namespace snapferry::btrfs
