// What only a source on btrfs does; tests/ and the contract suite have the rest.

#include "btrfs/source.h"

#include <atomic>
#include <barrier>
#include <filesystem>
#include <optional>
#include <set>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/btrfs_image.h"
#include "testing/errors.h"

namespace snapferry::btrfs {
namespace {

using testing::BtrfsImage;

TEST(BtrfsSource, FreezesNothingBehindASymlink) {
  if (const auto reason = BtrfsImage::unavailable(); !reason.empty()) GTEST_SKIP() << reason;
  const BtrfsImage image;
  std::filesystem::create_directory(image / "secret");
  BtrfsImage::btrfs({"subvolume", "create", image / "secret/keys"});
  BtrfsImage::btrfs({"subvolume", "create", image / "home"});
  std::filesystem::create_directory_symlink(image / "secret", image / "home/link");
  std::filesystem::create_directory_symlink(image / "secret/keys", image / "home/keys");
  BtrfsSource source;
  for (const auto* volume : {"home/link/keys", "home/keys"}) {
    const auto result =
        source.freeze({"btrfs:" + (image / volume)}, "snapferry_t_2026-01-01T00:00:00Z");
    EXPECT_TRUE(result.frozen.empty()) << volume;
    ASSERT_EQ(result.failed.size(), 1u) << volume;
    EXPECT_THAT(result.failed[0].message, ::testing::HasSubstr("symlink")) << volume;
  }
  EXPECT_FALSE(std::filesystem::exists(image / "secret/.snapferry"));
  EXPECT_FALSE(std::filesystem::exists(image / "home/.snapferry"));
}

// Names and points of volumes that share a filesystem.
class SharedFilesystem : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto reason = BtrfsImage::unavailable(); !reason.empty()) GTEST_SKIP() << reason;
    image_.emplace();
    std::filesystem::create_directory(*image_ / "v");
  }
  std::string make(const std::string& name) {
    BtrfsImage::btrfs({"subvolume", "create", *image_ / ("v/" + name)});
    return volume(name);
  }
  std::string volume(const std::string& name) const { return "btrfs:" + (*image_ / ("v/" + name)); }
  Point freeze(const std::string& volume, int second) {
    const auto freeze =
        source_.freeze({volume}, "snapferry_t_2026-01-01T00:00:0" + std::to_string(second) + "Z");
    EXPECT_TRUE(freeze.failed.empty());
    return freeze.frozen.at(0).snapshot;
  }
  static StreamRequest asked(const std::string& volume, const Point& to) {
    StreamRequest request;
    request.volume = volume;
    request.to = to;
    return request;
  }
  void expect_unknown(const StreamRequest& request) {
    EXPECT_ERROR(source_.send(request), ErrorKind::NotFound);
  }

  std::optional<BtrfsImage> image_;
  BtrfsSource source_;
};

TEST_F(SharedFilesystem, SendsNoSnapshotOfAnotherVolumeByItsGuidAlone) {
  const auto secret = freeze(make("secret"), 1);
  const auto open = make("public");
  const auto own = freeze(open, 1);
  expect_unknown(asked(open, secret));
  auto request = asked(open, own);
  request.base = secret;
  expect_unknown(request);
  request.base = own;
  request.intermediates = {secret};
  expect_unknown(request);
  request = asked(open, own);
  request.clone_sources = {secret};
  expect_unknown(request);
  EXPECT_NO_THROW(source_.send(asked(open, own)));
}

TEST_F(SharedFilesystem, ACloneHasTheHistoryUpToItAndNotWhatTheOriginalBecame) {
  const auto home = make("home");
  const auto before = freeze(home, 1);
  const auto early = freeze(home, 2);
  BtrfsImage::btrfs({"subvolume", "snapshot", *image_ / ("v/.snapferry/home/" + early.name),
                     *image_ / "v/clone"});
  const auto later = freeze(home, 3);
  EXPECT_EQ(source_.inventory({volume("clone")}).at(0).points, (std::vector{before, early}));
  expect_unknown(asked(volume("clone"), later));
  EXPECT_EQ(source_.inventory({home}).at(0).points, (std::vector{before, early, later}));
}

TEST_F(SharedFilesystem, NamesOfSnapshotsAreCarriedHoweverTheyLook) {
  const auto home = make("home");
  const std::string longest(255, 'x');
  for (const auto& name :
       {std::string(".hidden"), std::string("@,#%"), std::string("-rf"), longest}) {
    BtrfsImage::btrfs({"subvolume", "snapshot", "-r", *image_ / "v/home", *image_ / name});
  }
  const auto deep = *image_ / ("deep/" + std::string(200, 'd') + "/" + std::string(200, 'e'));
  for (const auto* number : {"1", "2"}) {
    std::filesystem::create_directories(deep + "/" + number);
    BtrfsImage::btrfs(
        {"subvolume", "snapshot", "-r", *image_ / "v/home", deep + "/" + number + "/snapshot"});
  }
  const auto points = source_.inventory({home}).at(0).points;
  ASSERT_EQ(points.size(), 6u);
  std::set<std::string> names;
  for (const auto& point : points) {
    EXPECT_LE(point.name.size(), 255u);
    EXPECT_NE(point.name.front(), '.');
    EXPECT_EQ(point.name.find('/'), std::string::npos);
    names.insert(point.name);
    EXPECT_NO_THROW(source_.send(asked(home, point)));
  }
  EXPECT_EQ(names.size(), 6u);
}

TEST_F(SharedFilesystem, RehearsesAFreezeWithoutMakingAnything) {
  const auto home = make("home");
  const auto before = testing::describe_tree(image_->path());
  EXPECT_TRUE(BtrfsSource::rehearse({home}).empty());
  EXPECT_EQ(BtrfsSource::rehearse({volume("gone")}).size(), 1u);
  EXPECT_EQ(testing::describe_tree(image_->path()), before);
  image_->unmount();
  image_->mount("ro");
  const auto failures = BtrfsSource::rehearse({home});
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_THAT(failures[0].message, ::testing::HasSubstr("read-only"));
}

TEST_F(SharedFilesystem, NamesTheAttributeThatKeepsSnapshotsFromBeingMade) {
  const auto home = make("home");
  const auto refused = [&](const std::string& directory) {
    BtrfsImage::run({"chattr", "+i", directory});
    const auto rehearsed = BtrfsSource::rehearse({home});
    const auto frozen = source_.freeze({home}, "snapferry_t_2026-01-01T00:00:05Z");
    BtrfsImage::run({"chattr", "-i", directory});
    ASSERT_EQ(rehearsed.size(), 1u);
    EXPECT_THAT(rehearsed[0].message, ::testing::HasSubstr("chattr -i"));
    ASSERT_EQ(frozen.failed.size(), 1u);
    EXPECT_THAT(frozen.failed[0].message, ::testing::HasSubstr("chattr -i"));
  };
  refused(*image_ / "v");
  (void)freeze(home, 1);
  refused(*image_ / "v/.snapferry/home");
  EXPECT_TRUE(BtrfsSource::rehearse({home}).empty());
}

// The name is taken for none of them, or for all; the run then takes another one.
TEST_F(SharedFilesystem, OfRunsThatTakeOneNameAtOnceOneHasIt) {
  const std::vector<std::string> volumes = {make("home"), make("srv")};
  constexpr int kRuns = 8;
  std::atomic<int> successful = 0;
  std::atomic<int> refused = 0;
  std::barrier start(kRuns);
  std::vector<std::thread> runs;
  for (int i = 0; i < kRuns; ++i) {
    runs.emplace_back([&] {
      start.arrive_and_wait();
      try {
        const auto result = BtrfsSource().freeze(volumes, "snapferry_t_2026-01-01T00:00:05Z");
        if (result.failed.empty() && result.frozen.size() == 2) ++successful;
      } catch (const Error& error) {
        if (error.kind() == ErrorKind::AlreadyExists) ++refused;
      }
    });
  }
  for (auto& run : runs) run.join();
  EXPECT_LE(successful, 1);
  EXPECT_EQ(successful + refused, kRuns);
}

}  // namespace
}  // namespace snapferry::btrfs
