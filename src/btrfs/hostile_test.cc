// Crafted streams, fed through BtrfsStore::receive into a real btrfs: each is refused, and nothing
// outside of what was being received changes.

#include <filesystem>
#include <fstream>
#include <functional>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "btrfs/create_store.h"
#include "btrfs/store.h"
#include "btrfs/subvolume.h"
#include "testing/btrfs_image.h"
#include "testing/btrfs_stream_builder.h"
#include "testing/errors.h"

namespace snapferry::btrfs {
namespace {

using testing::BtrfsImage;
using testing::BtrfsStreamBuilder;
using ::testing::HasSubstr;
using testing::TextStream;

const Guid kFirst = BtrfsStreamBuilder::guid(1);
const Guid kSecond = BtrfsStreamBuilder::guid(2);
const Guid kForeign = BtrfsStreamBuilder::guid(3);
const VolumeName kVolume{"web1", "btrfs:/home"};

Point point(const std::string& name, const Guid& guid) {
  Point point;
  point.name = name;
  point.guid = guid;
  return point;
}

class HostileStream : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto reason = BtrfsImage::unavailable(); !reason.empty()) GTEST_SKIP() << reason;
    image_ = std::make_unique<BtrfsImage>();
    create_store(*image_ / "store");
    store_ = std::make_unique<BtrfsStore>(*image_ / "store");
    std::ofstream(*image_ / "victim") << "untouched";
    // Another client's snapshot, and the first one of this client, with symlinks to everything.
    receive({"web2", "btrfs:/home"}, "secret", kForeign, std::nullopt,
            BtrfsStreamBuilder().subvol("secret", kForeign).mkfile("f").write("f", 0, big()).end());
    receive(kVolume, "first", kFirst, std::nullopt,
            BtrfsStreamBuilder()
                .subvol("first", kFirst)
                .mkfile("f")
                .write("f", 0, big())
                .mkdir("d")
                .mkfile("d/f")
                .symlink("absolute", *image_ / "victim")
                .symlink("directory", image_->path())
                .symlink("relative", "../../../victim")
                .symlink("sideways", "../../../web2/home/secret")
                .symlink("inside", "d")
                .end());
    before_ = describe();
  }

  static std::string big() { return std::string(8192, 'x'); }

  void receive(const VolumeName& volume, const std::string& name, const Guid& guid,
               std::optional<Point> base, const BtrfsStreamBuilder& builder) {
    ReceiveRequest request;
    request.volume = volume;
    request.type = VolumeType::Subvolume;
    request.stream.volume = volume.path;
    request.stream.to = point(name, guid);
    request.stream.base = std::move(base);
    TextStream stream(builder.text());
    store_->receive(request, stream);
  }

  // Everything outside of directories' own times, which a removed .partial changes.
  std::string describe() const {
    std::string text;
    for (const char* part : {"victim", "store/web2/home/secret", "store/web1/home/first"}) {
      text += testing::describe_tree(*image_ / part);
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(image_->path())) {
      text += entry.path().string() + "\n";
    }
    return text;
  }

  // The message of the refusal of an incremental stream with `attack` in it.
  std::string refused(const std::function<void(BtrfsStreamBuilder&)>& attack) {
    BtrfsStreamBuilder builder;
    builder.snapshot("second", kSecond, kFirst);
    attack(builder);
    builder.end();
    std::string message = "accepted";
    try {
      receive(kVolume, "second", kSecond, point("first", kFirst), builder);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Corrupt) << error.message();
      message = error.message();
    }
    EXPECT_EQ(describe(), before_) << message;
    return message;
  }

  std::unique_ptr<BtrfsImage> image_;
  std::unique_ptr<BtrfsStore> store_;
  std::string before_;
};

TEST_F(HostileStream, LeavesByDotsOrFromTheRoot) {
  for (const std::string& path : {std::string("../../../victim"), std::string("d/../../x"),
                                  *image_ / "victim", std::string("..")}) {
    EXPECT_THAT(refused([&](auto& b) { b.write(path, 0, "evil"); }), HasSubstr("lead out"));
    EXPECT_THAT(refused([&](auto& b) { b.unlink(path); }), HasSubstr("lead out"));
    EXPECT_THAT(refused([&](auto& b) { b.rename("f", path); }), HasSubstr("lead out"));
    EXPECT_THAT(refused([&](auto& b) { b.link("l", path); }), HasSubstr("lead out"));
    EXPECT_THAT(refused([&](auto& b) { b.chmod(path, 0777); }), HasSubstr("lead out"));
  }
}

TEST_F(HostileStream, WritesThroughASymlinkOfItsOwn) {
  const auto victim = *image_ / "victim";
  EXPECT_THAT(refused([&](auto& b) { b.symlink("s", victim).write("s", 0, "evil"); }),
              HasSubstr("record 3 at offset 1"));
  EXPECT_THAT(refused([&](auto& b) { b.symlink("s", victim).truncate("s", 0); }),
              HasSubstr("has data for what is no file"));
  EXPECT_THAT(refused([&](auto& b) { b.symlink("s", image_->path()).mkfile("s/new"); }),
              HasSubstr("does not fit"));
  EXPECT_THAT(refused([&](auto& b) { b.symlink("s", image_->path()).unlink("s/victim"); }),
              HasSubstr("does not fit"));
  EXPECT_THAT(refused([&](auto& b) {
                b.symlink("o1", image_->path()).rename("o1", "d/s").chown("d/s/victim", 1, 1);
              }),
              HasSubstr("does not fit"));
}

TEST_F(HostileStream, WritesThroughASymlinkOfTheSnapshotBefore) {
  for (const std::string path : {"absolute", "relative"}) {
    EXPECT_THAT(refused([&](auto& b) { b.write(path, 0, "evil"); }), HasSubstr("no file"));
    EXPECT_THAT(refused([&](auto& b) { b.truncate(path, 1); }), HasSubstr("no file"));
    EXPECT_THAT(refused([&](auto& b) { b.mkfile(path); }), HasSubstr("File exists"));
  }
  for (const std::string path : {"directory", "sideways", "inside"}) {
    EXPECT_THAT(refused([&](auto& b) { b.mkfile(path + "/new"); }), HasSubstr("does not fit"));
    EXPECT_THAT(refused([&](auto& b) { b.rename("f", path + "/new"); }), HasSubstr("does not fit"));
    EXPECT_THAT(refused([&](auto& b) { b.link("new", path + "/f"); }), HasSubstr("does not fit"));
    EXPECT_THAT(refused([&](auto& b) { b.set_xattr(path + "/f", "user.a", "b"); }),
                HasSubstr("does not fit"));
    EXPECT_THAT(refused([&](auto& b) { b.utimes(path + "/f"); }), HasSubstr("does not fit"));
  }
}

TEST_F(HostileStream, ChangesWhatASymlinkPointsToByItsModeOwnerOrTime) {
  // Of the symlink itself these may change, or not be possible; never of its target.
  BtrfsStreamBuilder builder;
  builder.snapshot("second", kSecond, kFirst)
      .chown("absolute", 7, 7)
      .utimes("absolute")
      .set_xattr("absolute", "trusted.a", "b")
      .end();
  receive(kVolume, "second", kSecond, point("first", kFirst), builder);
  struct stat status {};
  ASSERT_EQ(::stat((*image_ / "victim").c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, 0u);
  EXPECT_NE(status.st_mtim.tv_sec, 1'000'000'000);
  EXPECT_EQ(testing::describe_tree(*image_ / "victim").find("trusted.a"), std::string::npos);
}

TEST_F(HostileStream, ReflinksWhatIsNotItsOwn) {
  EXPECT_THAT(refused([&](auto& b) { b.mkfile("n").clone("n", kForeign, "f", 4096); }),
              HasSubstr("not its own business"));
  EXPECT_THAT(refused([&](auto& b) { b.mkfile("n").clone("n", kFirst, "sideways/f", 4096); }),
              HasSubstr("does not fit"));
  EXPECT_THAT(refused([&](auto& b) { b.mkfile("n").clone("n", kSecond, "sideways/f", 4096); }),
              HasSubstr("does not fit"));
  EXPECT_THAT(
      refused([&](auto& b) {
        b.symlink("s", "../../../web2/home/secret/f").mkfile("n").clone("n", kSecond, "s", 4096);
      }),
      HasSubstr("no file"));
  EXPECT_THAT(
      refused([&](auto& b) { b.mkfile("n").clone("n", kFirst, "../../web2/home/secret/f", 1); }),
      HasSubstr("lead out"));
}

TEST_F(HostileStream, WritesIntoADeviceOrAFifo) {
  // /dev/null is as good as a disk.
  EXPECT_THAT(
      refused([](auto& b) { b.mknod("n", S_IFCHR | 0666, makedev(1, 3)).write("n", 0, "evil"); }),
      HasSubstr("no file"));
  EXPECT_THAT(refused([](auto& b) {
                b.record(6, {{15, "n"}, {3, BtrfsStreamBuilder::number(1)}}).write("n", 0, "evil");
              }),
              HasSubstr("no file"));
  EXPECT_THAT(refused([](auto& b) { b.mknod("n", S_IFDIR | 0755, 0); }), HasSubstr("no kind"));
}

TEST_F(HostileStream, HoldsASecondSubvolumeOrIsCutOff) {
  EXPECT_THAT(refused([](auto& b) { b.subvol("third", kForeign); }), HasSubstr("second subvolume"));
  EXPECT_THAT(refused([](auto& b) { b.end().header().subvol("third", kForeign); }),
              HasSubstr("behind the end"));
  BtrfsStreamBuilder builder;
  builder.snapshot("second", kSecond, kFirst).mkfile("n").write("n", 0, big()).end();
  for (std::size_t cut = 1; cut < builder.text().size(); cut += 997) {
    ReceiveRequest request;
    request.volume = kVolume;
    request.stream.to = point("second", kSecond);
    request.stream.base = point("first", kFirst);
    TextStream stream(builder.text().substr(0, builder.text().size() - cut));
    EXPECT_ERROR(store_->receive(request, stream), ErrorKind::Corrupt);
    EXPECT_EQ(describe(), before_);
  }
}

TEST_F(HostileStream, IsAnotherOneThanWasAskedFor) {
  const auto first = point("first", kFirst);
  EXPECT_ERROR(receive(kVolume, "second", kSecond, first,
                       BtrfsStreamBuilder().snapshot("second", kForeign, kFirst).end()),
               ErrorKind::Corrupt);
  EXPECT_ERROR(receive(kVolume, "second", kSecond, first,
                       BtrfsStreamBuilder().snapshot("second", kSecond, kForeign).end()),
               ErrorKind::Corrupt);
  EXPECT_ERROR(receive(kVolume, "second", kSecond, first,
                       BtrfsStreamBuilder().subvol("second", kSecond).end()),
               ErrorKind::Corrupt);
  EXPECT_ERROR(receive(kVolume, "second", kSecond, point("secret", kForeign),
                       BtrfsStreamBuilder().snapshot("second", kSecond, kForeign).end()),
               ErrorKind::Conflict);
  for (const std::string name : {"..", "", "a/b", ".partial"}) {
    EXPECT_ERROR(receive(kVolume, name, kSecond, first,
                         BtrfsStreamBuilder().snapshot("second", kSecond, kFirst).end()),
                 ErrorKind::InvalidArgument);
  }
  EXPECT_EQ(describe(), before_);
}

TEST_F(HostileStream, ComesUnderAForgedIdentity) {
  // A client that learnt the identity of another's snapshot gains nothing by calling its own so:
  // bases are found in the volume's directory, not by a look-up over the filesystem.
  receive({"evil", "btrfs:/x"}, "first", kFirst, std::nullopt,
          BtrfsStreamBuilder().subvol("first", kFirst).mkfile("poison").end());
  receive(kVolume, "second", kSecond, point("first", kFirst),
          BtrfsStreamBuilder().snapshot("second", kSecond, kFirst).mkfile("n").end());
  EXPECT_FALSE(std::filesystem::exists(*image_ / "store/web1/home/second/poison"));
  EXPECT_TRUE(std::filesystem::exists(*image_ / "store/web1/home/second/f"));
}

TEST_F(HostileStream, NamesHostsAndVolumesThatLeadOut) {
  const BtrfsStreamBuilder builder = BtrfsStreamBuilder().subvol("x", kSecond).end();
  for (const std::string host : {"..", "../..", "/", "a/b", "."}) {
    receive({host, "btrfs:/x"}, "x", kSecond, std::nullopt, builder);
    const auto states = store_->inventory(host);
    ASSERT_EQ(states.size(), 1u) << host;
    EXPECT_EQ(states[0].volume, (VolumeName{host, "btrfs:/x"}));
  }
  for (const std::string path :
       {"btrfs:/../x", "btrfs:/a/..", "btrfs:x", "zfs:x", "btrfs:", "btrfs:/a//b"}) {
    EXPECT_ERROR(receive({"web1", path}, "x", kSecond, std::nullopt, builder),
                 ErrorKind::InvalidArgument);
  }
  std::size_t hosts = 0;
  for (const auto& entry : std::filesystem::directory_iterator(*image_ / "store")) {
    hosts += entry.is_directory() ? 1 : 0;
  }
  EXPECT_EQ(hosts, 7u);
}

}  // namespace
}  // namespace snapferry::btrfs
