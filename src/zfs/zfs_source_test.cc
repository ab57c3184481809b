#include "zfs/zfs_source.h"

#include <cerrno>

#include <gmock/gmock.h>

#include "core/error.h"
#include "testing/errors.h"
#include "testing/fake_commands.h"
#include "zfs/test_pool_calls.h"

namespace snapferry::zfs {
namespace {

using ::testing::ElementsAre;
using testing::FakeCommands;

constexpr const char* kList = "zfs list -Hp -r -t filesystem,volume,snapshot,bookmark -o ";
constexpr const char* kColumns =
    "name,type,guid,createtxg,written,userrefs,encryption,keystatus,snapferry:exclude,"
    "org.complete.simplesnap:exclude,snapferry:identity";

Point snapshot(const std::string& name, std::uint64_t guid) {
  Point point;
  point.name = name;
  point.guid = Guid::from_number(guid);
  return point;
}

class ZfsSourceTest : public ::testing::Test {
 protected:
  ~ZfsSourceTest() override {
    for (const auto& command : commands_.missing()) ADD_FAILURE() << "not started: " << command;
  }
  void expect_list(const std::string& depth, const std::string& roots, const std::string& output,
                   int status = 0, const std::string& errors = "") {
    std::string command = std::string(kList) + kColumns + roots;
    command.replace(command.find("-r"), 2, depth);
    commands_.expect(command, {output, status, errors});
  }

  FakeCommands commands_;
  FakePoolCalls calls_;
  ZfsSource source_{commands_, calls_, ZfsVersion{2, 1}};
};

TEST_F(ZfsSourceTest, ListsEverythingInOneProcess) {
  expect_list("-r", " tank",
              "tank\tfilesystem\t1\t1\t24576\t-\toff\t-\t-\t-\t-\n"
              "tank/b\tvolume\t3\t30\t0\t-\taes-256-gcm\tunavailable\t-\ton\t-\n"
              "tank/a\tfilesystem\t2\t20\t0\t-\taes-256-gcm\tavailable\toff\t-\t-\n"
              "tank/a@two\tsnapshot\t22\t200\t0\t1\taes-256-gcm\tavailable\t-\t-\t-\n"
              "tank/a@one\tsnapshot\t21\t100\t0\t0\taes-256-gcm\tavailable\t-\t-\t-\n"
              "tank/a#one\tbookmark\t21\t100\t-\t-\t-\t-\t-\t-\t-\n"
              "tank/b@x y\tsnapshot\t31\t300\t0\t0\t-\t-\t-\t-\t-\n");
  const auto volumes = source_.inventory({"zfs:tank/**"});
  ASSERT_EQ(volumes.size(), 3u);
  EXPECT_EQ(volumes[0].name, "zfs:tank");
  EXPECT_EQ(volumes[0].written, 24576u);
  EXPECT_FALSE(volumes[0].encrypted);
  const auto& a = volumes[1];
  EXPECT_EQ(a.guid, Guid::from_number(2));
  EXPECT_TRUE(a.encrypted && a.key_loaded && !a.excluded);
  ASSERT_EQ(a.points.size(), 3u);
  EXPECT_EQ(a.points[0].kind, PointKind::Bookmark);
  EXPECT_EQ(a.points[1].name, "one");
  EXPECT_EQ(a.points[2].holds, 1u);
  EXPECT_EQ(a.points[2].order, 200u);
  const auto& b = volumes[2];
  EXPECT_EQ(b.type, VolumeType::Zvol);
  EXPECT_TRUE(b.excluded && !b.key_loaded);
  EXPECT_EQ(b.points.at(0).name, "x y");
  EXPECT_EQ(commands_.count(), 1u);
}

constexpr const char* kWithAStore =
    "tank\tfilesystem\t1\t1\t0\t-\toff\t-\t-\t-\t-\n"
    "tank/kept\tfilesystem\t2\t2\t0\t-\toff\t-\t-\t-\t00000000000000aa@tank/kept\n"
    "tank/kept@s\tsnapshot\t21\t2\t0\t0\t-\t-\t-\t-\t00000000000000aa@tank/kept\n"
    "tank/kept/h\tfilesystem\t3\t3\t0\t-\toff\t-\t-\t-\t00000000000000aa@tank/kept\n"
    "tank/kept/h/x\tfilesystem\t4\t4\t0\t-\toff\t-\t-\t-\t00000000000000aa@tank/kept\n";

TEST_F(ZfsSourceTest, LeavesAStoreOutThatAPatternOnlyComesBy) {
  for (const char* pattern : {"zfs:tank/**", "zfs:tank/*"}) {
    expect_list(std::string(pattern).ends_with("**") ? "-r" : "-d 2", " tank", kWithAStore);
    const auto volumes = source_.inventory({pattern});
    ASSERT_FALSE(volumes.empty());
    for (const auto& volume : volumes) {
      EXPECT_EQ(volume.excluded, volume.name == "zfs:tank/kept") << volume.name;
      EXPECT_NE(volume.name, "zfs:tank/kept/h");
      EXPECT_NE(volume.name, "zfs:tank/kept/h/x");
    }
  }
}

TEST_F(ZfsSourceTest, ListsAStoreWhoseNameThePatternBeginsWith) {
  std::string below = kWithAStore;
  below.erase(0, below.find('\n') + 1);
  expect_list("-r", " tank/kept", below);
  const auto volumes = source_.inventory({"zfs:tank/kept/**"});
  ASSERT_EQ(volumes.size(), 3u);
  for (const auto& volume : volumes) EXPECT_FALSE(volume.excluded) << volume.name;
}

TEST_F(ZfsSourceTest, TellsAPoolThatIsAwayFromADatasetThatIsGone) {
  const std::string no_pool = "cannot open 'usb': dataset does not exist\n";
  expect_list("-r", " usb", "", 1, no_pool);
  try {
    source_.inventory({"zfs:usb/**"});
    FAIL() << "an empty listing of a pool that is away";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::NotFound);
    EXPECT_NE(error.message().find("no pool 'usb'"), std::string::npos) << error.message();
  }
  expect_list("-r", " usb/x", "", 1, "cannot open 'usb/x': dataset does not exist\n");
  commands_.expect("zfs list -Hp -t filesystem -o name usb", {"", 1, no_pool});
  EXPECT_ERROR(source_.inventory({"zfs:usb/x/**"}), ErrorKind::NotFound);
  expect_list("-r", " usb/x", "", 1, "cannot open 'usb/x': dataset does not exist\n");
  commands_.expect("zfs list -Hp -t filesystem -o name usb", {"usb\n"});
  EXPECT_TRUE(source_.inventory({"zfs:usb/x/**"}).empty());
}

TEST_F(ZfsSourceTest, DescribesVolumesInOneProcess) {
  commands_.expect(
      "zfs get -Hp -o name,property,value,source -s local,received,inherited,none all tank/a "
      "tank/b",
      {"tank/a\tacltype\tposix\tlocal\n", 1, "cannot open 'tank/b': dataset does not exist\n"});
  const auto all = source_.describe({"zfs:tank/a", "zfs:tank/b"});
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0], (VolumeDescription{"zfs:tank/a", {{"acltype", "posix"}}}));
}

TEST_F(ZfsSourceTest, ListsNoDeeperThanThePatterns) {
  expect_list("-d 1", " tank/a tank/b",
              "tank/a\tfilesystem\t2\t20\t0\t-\toff\t-\t-\t-\t-\n"
              "tank/a/child\tfilesystem\t4\t20\t0\t-\toff\t-\t-\t-\t-\n"
              "tank/b\tfilesystem\t3\t20\t0\t-\toff\t-\t-\t-\t-\n");
  EXPECT_EQ(source_.inventory({"zfs:tank/a", "zfs:tank/b"}).size(), 2u);
  expect_list("-d 3", " tank", "");
  EXPECT_TRUE(source_.inventory({"zfs:tank/*/data"}).empty());
  expect_list("-d 1", "", "tank\tfilesystem\t2\t20\t0\t-\toff\t-\t-\t-\t-\n");
  EXPECT_EQ(source_.inventory({"zfs:*"}).size(), 1u);
  expect_list("-r", "", "tank\tfilesystem\t2\t20\t0\t-\toff\t-\t-\t-\t-\n");
  EXPECT_EQ(source_.inventory({"zfs:**", "zfs:tank"}).size(), 1u);
  expect_list("-r", " tank", "tank\tfilesystem\t2\t20\t0\t-\toff\t-\t-\t-\t-\n");
  source_.inventory({"zfs:tank/**", "zfs:tank/a/*"});
}

TEST_F(ZfsSourceTest, SaysWhatIsNotThere) {
  expect_list("-d 1", " tank/x", "", 1, "cannot open 'tank/x': dataset does not exist\n");
  commands_.expect("zfs list -Hp -t filesystem -o name tank", {"tank\n"});
  EXPECT_ERROR(source_.inventory({"zfs:tank/x"}), ErrorKind::NotFound);
  expect_list("-r", " tank/x", "", 1, "cannot open 'tank/x': dataset does not exist\n");
  commands_.expect("zfs list -Hp -t filesystem -o name tank", {"tank\n"});
  EXPECT_TRUE(source_.inventory({"zfs:tank/x/**"}).empty());
  expect_list("-r", " tank", "", 1, "internal error\n");
  EXPECT_ERROR(source_.inventory({"zfs:tank/**"}), ErrorKind::Unavailable);
  EXPECT_ERROR(source_.inventory({"btrfs:/x"}), ErrorKind::InvalidArgument);
}

TEST_F(ZfsSourceTest, FreezesEachPoolAtOnce) {
  commands_.expect(
      "zfs list -Hp -t snapshot -o name,guid,createtxg one/a@s one/b@s two@s",
      {"one/a@s\t11\t5\none/b@s\t12\t5\n", 1, "cannot open 'two@s': dataset does not exist\n"});
  const auto freeze = source_.freeze({"zfs:one/a", "zfs:two", "zfs:one/b"}, "s");
  EXPECT_THAT(calls_.calls(), ElementsAre("snapshot one/a@s one/b@s", "snapshot two@s"));
  ASSERT_EQ(freeze.frozen.size(), 2u);
  EXPECT_EQ(freeze.frozen[1].snapshot.guid, Guid::from_number(12));
  EXPECT_EQ(freeze.frozen[1].snapshot.order, 5u);
  ASSERT_EQ(freeze.failed.size(), 1u);
  EXPECT_EQ(freeze.failed[0].volume, "zfs:two");
}

TEST_F(ZfsSourceTest, FreezesTheOthersWhereOneIsToBlame) {
  calls_.answer({.error = ENOENT, .errors = {{"one/a@s", ENOENT}}});
  commands_.expect("zfs list -Hp -t snapshot -o name,guid,createtxg one/b@s", {"one/b@s\t12\t5\n"});
  const auto freeze = source_.freeze({"zfs:one/a", "zfs:one/b"}, "s");
  EXPECT_THAT(calls_.calls(), ElementsAre("snapshot one/a@s one/b@s", "snapshot one/b@s"));
  ASSERT_EQ(freeze.frozen.size(), 1u);
  ASSERT_EQ(freeze.failed.size(), 1u);
  EXPECT_EQ(freeze.failed[0].message,
            "one/a@s: cannot be taken: it is not there any more; run it again");
}

// To a user who is not root nobody says which one it is.
TEST_F(ZfsSourceTest, LooksForThoseThatAreGoneWhereNoneIsNamed) {
  calls_.answer({.error = ENOENT});
  commands_.expect("zfs list -Hp -t filesystem,volume -o name one/a one/b",
                   {"one/b\n", 1, "cannot open 'one/a': dataset does not exist\n"});
  commands_.expect("zfs list -Hp -t snapshot -o name,guid,createtxg one/b@s", {"one/b@s\t12\t5\n"});
  const auto freeze = source_.freeze({"zfs:one/a", "zfs:one/b"}, "s");
  EXPECT_EQ(freeze.frozen.size(), 1u);
  EXPECT_EQ(freeze.failed.size(), 1u);
}

TEST_F(ZfsSourceTest, FreezesNoneWithoutThePermission) {
  calls_.answer({.error = EPERM});
  calls_.answer({.error = EPERM});
  commands_.expect("zfs list -Hp -t filesystem,volume -o name one/a one/b", {"one/a\none/b\n"});
  const auto freeze = source_.freeze({"zfs:one/a", "zfs:one/b"}, "s");
  EXPECT_TRUE(freeze.frozen.empty());
  ASSERT_EQ(freeze.failed.size(), 2u);
  EXPECT_NE(freeze.failed[1].message.find("zfs allow"), std::string::npos);
}

TEST_F(ZfsSourceTest, TakesBackWhatItFrozeWhereOneNameIsTaken) {
  calls_.answer({});
  calls_.answer({.error = EEXIST, .errors = {{"two@s", EEXIST}}});
  EXPECT_ERROR(source_.freeze({"zfs:one", "zfs:two"}, "s"), ErrorKind::AlreadyExists);
  EXPECT_THAT(calls_.calls(), ElementsAre("snapshot one@s", "snapshot two@s", "destroy one@s"));
}

TEST_F(ZfsSourceTest, SettlesAllVolumesWithOneProcess) {
  std::vector<Settlement> settlements(2);
  settlements[0].volume = "zfs:tank/a";
  settlements[1].volume = "zfs:tank/b";
  for (auto& one : settlements) {
    one.cursor = "snapferry_main_01234567";
    one.hold = snapshot("new", 2);
    one.release = {snapshot("old", 1)};
    one.destroy = {snapshot("old", 1), snapshot("older", 3)};
  }
  calls_.answer({.error = EEXIST, .errors = {{"tank/a@new", EEXIST}}});
  calls_.answer({});
  calls_.answer({.error = 0, .errors = {{"tank/b@old", ENOENT}}});
  commands_.expect(
      "zfs list -Hp -t snapshot,bookmark -o name,guid,userrefs tank/a@old tank/a@older tank/b@old "
      "tank/b@older",
      {"tank/a@old\t1\t0\ntank/a@older\t3\t0\ntank/b@old\t1\t1\ntank/b@older\t99\t0\n", 0, ""});
  EXPECT_TRUE(source_.settle(settlements).empty());
  const std::string tag = "=snapferry_main_01234567";
  EXPECT_THAT(calls_.calls(),
              ElementsAre("hold tank/a@new" + tag + " tank/b@new" + tag, "hold tank/b@new" + tag,
                          "release tank/a@old" + tag + " tank/b@old" + tag,
                          "destroy tank/a@old tank/a@older"));
}

TEST_F(ZfsSourceTest, LetsNothingGoWhereTheHoldFailed) {
  Settlement one;
  one.volume = "zfs:tank/a";
  one.cursor = "tag";
  one.hold = snapshot("new", 2);
  one.release = {snapshot("old", 1)};
  one.destroy = {snapshot("old", 1)};
  calls_.answer({.error = EPERM});
  const auto failures = source_.settle({one});
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_EQ(failures[0].volume, "zfs:tank/a");
  EXPECT_NE(failures[0].message.find("permission denied"), std::string::npos);
  EXPECT_THAT(calls_.calls(), ElementsAre("hold tank/a@new=tag"));
}

TEST_F(ZfsSourceTest, KeepsABookmarkThatIsThere) {
  Settlement one;
  one.volume = "zfs:tank/a";
  one.bookmark_of = snapshot("s", 1);
  one.bookmark = "mark";
  calls_.answer({.error = EEXIST, .errors = {{"tank/a#mark", EEXIST}}});
  EXPECT_TRUE(source_.settle({one}).empty());
  EXPECT_THAT(calls_.calls(), ElementsAre("bookmark tank/a#mark=tank/a@s"));
}

TEST_F(ZfsSourceTest, RefusesATagThatLooksLikeAnOption) {
  Settlement one;
  one.volume = "zfs:tank/a";
  one.cursor = "-r";
  one.hold = snapshot("s", 1);
  EXPECT_ERROR(source_.settle({one}), ErrorKind::InvalidArgument);
}

TEST_F(ZfsSourceTest, SendsAndReportsWhatTheSenderSaid) {
  StreamRequest request;
  request.volume = "zfs:tank/a";
  request.to = snapshot("s", 1);
  commands_.expect("zfs send tank/a@s",
                   {"some bytes", 1, "warning: cannot send 'tank/a@s': I/O error\n"});
  const auto stream = source_.send(request);
  std::vector<std::uint8_t> buffer(100);
  EXPECT_EQ(stream->read(buffer), 10u);
  EXPECT_EQ(stream->read(buffer), 0u);
  EXPECT_ERROR(stream->finish(), ErrorKind::Unavailable);
}

TEST(ZfsVersion, IsReadFromWhatTheSystemSays) {
  EXPECT_EQ(parse_version("2.1.11-1"), (ZfsVersion{2, 1}));
  EXPECT_EQ(parse_version("zfs-2.3.2-2"), (ZfsVersion{2, 3}));
  EXPECT_ERROR(parse_version("2"), ErrorKind::Corrupt);
  EXPECT_ERROR(parse_version(""), ErrorKind::Corrupt);
  EXPECT_ERROR(features_of({0, 7}), ErrorKind::Unsupported);
  FakeCommands commands;
  commands.expect("zfs version", {"zfs-0.8.3-1ubuntu12\nzfs-kmod-0.8.3\n", 0, ""});
  EXPECT_EQ(installed_version(commands, "/nonexistent"), (ZfsVersion{0, 8}));
}

}  // namespace
}  // namespace snapferry::zfs
