#include "zfs/arguments.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "testing/errors.h"
#include "zfs/dataset_name.h"

namespace snapferry::zfs {
namespace {

using Words = std::vector<std::string>;

Point point(const std::string& name, PointKind kind = PointKind::Snapshot) {
  Point point;
  point.kind = kind;
  point.name = name;
  return point;
}

StreamRequest request() {
  StreamRequest request;
  request.volume = "zfs:tank/home";
  request.to = point("b");
  return request;
}

TEST(SendArguments, OfAFullStream) {
  EXPECT_EQ(send_arguments("tank/home", request()), (Words{"zfs", "send", "tank/home@b"}));
}

TEST(SendArguments, FollowTheFeatures) {
  auto one = request();
  one.features = {.large_blocks = true, .embedded = true, .compressed = true, .resumable = true};
  EXPECT_EQ(send_arguments("tank/home", one),
            (Words{"zfs", "send", "-L", "-e", "-c", "tank/home@b"}));
  one.features.raw = true;
  EXPECT_EQ(send_arguments("tank/home", one), (Words{"zfs", "send", "-w", "tank/home@b"}));
}

TEST(SendArguments, OfIncrementalStreams) {
  auto one = request();
  one.base = point("a b");
  EXPECT_EQ(send_arguments("tank/home", one),
            (Words{"zfs", "send", "-i", "tank/home@a b", "tank/home@b"}));
  one.intermediates = {point("x")};
  EXPECT_EQ(send_arguments("tank/home", one)[2], "-I");
  one.base = point("a", PointKind::Bookmark);
  EXPECT_ERROR(send_arguments("tank/home", one), ErrorKind::InvalidArgument);
  one.intermediates.clear();
  EXPECT_EQ(send_arguments("tank/home", one),
            (Words{"zfs", "send", "-i", "tank/home#a", "tank/home@b"}));
}

TEST(SendArguments, GoOnWithATokenAlone) {
  auto one = request();
  one.base = point("a");
  one.features.compressed = true;
  one.resume_token = "1-2-3-4";
  EXPECT_EQ(send_arguments("tank/home", one), (Words{"zfs", "send", "-t", "1-2-3-4"}));
}

TEST(SendArguments, NeverHoldWhatIsNoName) {
  for (const char* dataset : {"-R", "/tank", "tank/..", "tank@a", "", "tank//x", "tank\n"}) {
    EXPECT_ERROR(send_arguments(dataset, request()), ErrorKind::InvalidArgument);
  }
  for (const char* name : {"", "a/b", "a@b", "a,b", "a%b", "a\tb"}) {
    auto one = request();
    one.to = point(name);
    EXPECT_ERROR(send_arguments("tank", one), ErrorKind::InvalidArgument);
  }
}

TEST(Batches, TakeAllNamesInAsFewProcessesAsFit) {
  EXPECT_TRUE(batches({"zfs"}, {}).empty());
  EXPECT_EQ(batches({"zfs", "hold"}, {"a", "b"}), (std::vector<Words>{{"zfs", "hold", "a", "b"}}));
  const auto many = batches({"zfs"}, Words(10'000, std::string(200, 'x')));
  EXPECT_EQ(many.size(), 2u);
  std::size_t names = 0;
  for (const auto& batch : many) names += batch.size() - 1;
  EXPECT_EQ(names, 10'000u);
}

TEST(DatasetName, IsWhatZfsAllows) {
  for (const char* name : {"tank", "tank/a b/c.d", "t/.x", "tank/-x", "tank/a:b_c"}) {
    EXPECT_TRUE(is_dataset_name(name)) << name;
  }
  for (const char* name : {"", "1tank", "-tank", ".", "tank/", "/tank", "tank/./x", "tank/..",
                           "tank//x", "tank@a", "tank#a", "tank/%recv", "tank/\xc3\xa4"}) {
    EXPECT_FALSE(is_dataset_name(name)) << name;
  }
  EXPECT_FALSE(is_dataset_name("a" + std::string(255, 'x')));
  EXPECT_EQ(dataset_of_volume("zfs:tank/a b"), "tank/a b");
  EXPECT_ERROR(dataset_of_volume("btrfs:/x"), ErrorKind::InvalidArgument);
  EXPECT_ERROR(dataset_of_volume("zfs:-x"), ErrorKind::InvalidArgument);
}

}  // namespace
}  // namespace snapferry::zfs
