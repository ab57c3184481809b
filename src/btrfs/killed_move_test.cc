#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "btrfs/store_layout.h"
#include "btrfs/test_place.h"
#include "testing/killed_child.h"

// A replica that gets another name while its store is killed at any moment.
namespace snapferry::btrfs {
namespace {

struct Names {
  const char* name;
  std::string from;
  std::string to;
};

// Longer than the name of a directory can be.
std::string long_path(char letter) {
  return "btrfs:/" + std::string(200, letter) + "/" + std::string(150, letter);
}

class KilledMove : public ::testing::TestWithParam<Names> {
 protected:
  void SetUp() override {
    if (const auto reason = testing::BtrfsImage::unavailable(); !reason.empty()) {
      GTEST_SKIP() << reason;
    }
    place_ = std::make_unique<BtrfsPlace>();
  }

  static VolumeName replica(const std::string& path) { return {"web1", path}; }

  Point keep(const std::string& path) {
    place_->make("a");
    place_->write("a", "file", "one");
    const auto source = place_->source();
    const auto volume = place_->volume("a");
    ReceiveRequest request;
    request.volume = replica(path);
    request.type = VolumeType::Subvolume;
    request.stream.volume = volume;
    request.stream.to =
        source->freeze({volume}, "snapferry_t_2026-01-01T00:00:01Z").frozen.at(0).snapshot;
    const auto stream = source->send(request.stream);
    place_->store()->receive(request, *stream);
    return request.stream.to;
  }

  // The name of the one replica that there is.
  std::string where(const Point& point) {
    const auto replicas = place_->store()->inventory("");
    EXPECT_EQ(replicas.size(), 1u);
    if (replicas.size() != 1) return {};
    EXPECT_EQ(replicas[0].points.size(), 1u);
    EXPECT_EQ(replicas[0].points.at(0).guid, point.guid);
    EXPECT_EQ(replicas[0].changed, "");
    EXPECT_FALSE(replicas[0].partial);
    return replicas[0].volume.path;
  }

  std::unique_ptr<BtrfsPlace> place_;
};

INSTANTIATE_TEST_SUITE_P(All, KilledMove,
                         ::testing::Values(Names{"Short", "btrfs:/a", "btrfs:/b"},
                                           Names{"ToALongName", "btrfs:/a", long_path('b')},
                                           Names{"FromALongName", long_path('a'), "btrfs:/b"},
                                           Names{"Long", long_path('a'), long_path('b')}),
                         [](const auto& names) { return std::string(names.param.name); });

TEST_P(KilledMove, LeavesTheReplicaUnderOneNameAndIsMadeAgain) {
  const auto& from = GetParam().from;
  const auto& to = GetParam().to;
  const Point point = keep(from);
  int moved = 0;
  const auto move = [&] { place_->store()->move(replica(from), replica(to)); };
  const auto look = [&] {
    const auto at = where(point);
    EXPECT_TRUE(at == from || at == to) << at;
    if (at == to) ++moved;
    if (at == from) move();
    EXPECT_EQ(where(point), to);
    place_->store()->move(replica(to), replica(from));
    EXPECT_EQ(where(point), from);
  };
  if (!testing::kill_before_each_call(move, look)) GTEST_SKIP() << "nobody may trace here";
  EXPECT_GT(moved, 1);
  EXPECT_TRUE(place_->store()->destroy(replica(from), {point}).empty());
  EXPECT_TRUE(std::filesystem::is_empty(place_->image() / "store/web1"));
}

}  // namespace
}  // namespace snapferry::btrfs
