#include "zfs/zfs_store.h"

#include <cerrno>

#include <gmock/gmock.h>

#include "core/error.h"
#include "testing/errors.h"
#include "testing/fake_clock.h"
#include "testing/fake_commands.h"
#include "testing/zfs_stream_builder.h"
#include "zfs/test_bytes_stream.h"
#include "zfs/test_pool_calls.h"

namespace snapferry::zfs {
namespace {

using ::testing::ElementsAre;
using testing::FakeAnswer;
using testing::FakeClock;
using testing::FakeCommands;
using testing::ZfsStreamBuilder;

constexpr const char* kColumns =
    "name,type,guid,createtxg,userrefs,encryption,encryptionroot,keystatus,receive_resume_token,"
    "usedbydataset,usedbysnapshots,snapferry:placeholder,snapferry:identity,snapferry:source,"
    "snapferry:damaged,snapferry:partial,snapferry:unchanged.0,snapferry:unchanged.1,snapferry:"
    "unchanged.2,snapferry:unchanged.3,"
    "snapferry:expected.0,snapferry:expected.1,snapferry:expected.2,snapferry:expected.3";
constexpr const char* kLookAtStore =
    "zfs list -Hp -d 1 -t filesystem -o name,guid,snapferry:identity,encryption b/s";
constexpr const char* kSafeOptions =
    "-o readonly=on -o canmount=noauto -o mountpoint=none -o exec=off -o setuid=off "
    "-o devices=off -o sharenfs=off -o sharesmb=off -o acltype=posixacl -o xattr=on";
constexpr const char* kResultColumns =
    "name,guid,createtxg,readonly,canmount,mountpoint,exec,setuid,devices,sharenfs,sharesmb,"
    "volmode,snapdev";

constexpr const char* kPlain = "-\toff\t-\t-\t-\t100\t20\t-\t00000000000000aa@b/s";

std::string row(const std::string& name, const std::string& type, std::uint64_t guid,
                const std::string& more = kPlain, const std::string& damaged = "-") {
  return name + "\t" + type + "\t" + std::to_string(guid) + "\t" + std::to_string(guid * 10) +
         "\t" + more + "\t-\t" + damaged + "\t-\t-\t-\t-\t-\t-\t-\t-\t-\n";
}

class ZfsStoreTest : public ::testing::Test {
 protected:
  ~ZfsStoreTest() override {
    for (const auto& command : commands_.missing()) ADD_FAILURE() << "not started: " << command;
  }

  void expect_inventory(const std::string& output, int status = 0, const std::string& errors = "") {
    commands_.expect(
        std::string("zfs list -Hp -r -t filesystem,volume,snapshot -o ") + kColumns + " b/s/h",
        {output, status, errors});
  }

  void expect_store() { commands_.expect(kLookAtStore, {"b/s\t170\t00000000000000aa@b/s\toff\n"}); }

  // The host, a parent, a replica with two snapshots.
  void expect_one_replica() {
    expect_inventory(row("b/s/h", "filesystem", 1) + row("b/s/h/tank", "filesystem", 2) +
                     row("b/s/h/tank/a", "filesystem", 3) +
                     row("b/s/h/tank/a@two", "snapshot", 22) +
                     row("b/s/h/tank/a@one", "snapshot", 21));
  }

  void expect_result(const std::string& dataset, const std::string& snapshot, std::uint64_t guid,
                     const std::string& exec = "off") {
    commands_.expect(
        std::string("zfs list -Hp -t filesystem,volume,snapshot -o ") + kResultColumns + " " +
            dataset + " " + dataset + "@" + snapshot,
        {dataset + "\t3\t30\ton\tnoauto\tnone\t" + exec + "\toff\toff\toff\toff\t-\t-\n" + dataset +
         "@" + snapshot + "\t" + std::to_string(guid) + "\t300\t-\t-\t-\t-\t-\t-\t-\t-\t-\t-\n"});
  }

  ReceiveRequest request(const Point& to, std::optional<Point> base = {}) {
    ReceiveRequest request;
    request.volume = {"h", "zfs:tank/a"};
    request.stream.volume = "zfs:tank/a";
    request.stream.to = to;
    request.stream.base = std::move(base);
    return request;
  }

  static Point point(const std::string& name, std::uint64_t guid) {
    Point point;
    point.name = name;
    point.guid = Guid::from_number(guid);
    return point;
  }

  FakeCommands commands_;
  FakeClock clock_;
  FakePoolCalls calls_;
  ZfsStore store_{commands_,
                  calls_,
                  "b/s",
                  clock_,
                  {.privilege = Privilege::Root, .version = ZfsVersion{2, 1}}};
};

TEST_F(ZfsStoreTest, ListsAHostInOneProcess) {
  expect_one_replica();
  const auto replicas = store_.inventory("h");
  ASSERT_EQ(replicas.size(), 1u);
  EXPECT_EQ(replicas[0].volume, (VolumeName{"h", "zfs:tank/a"}));
  ASSERT_EQ(replicas[0].points.size(), 2u);
  EXPECT_EQ(replicas[0].points[0].name, "one");
  EXPECT_EQ(replicas[0].bytes, 120u);
  EXPECT_FALSE(replicas[0].raw || replicas[0].partial);
  EXPECT_EQ(store_.identity(), "00000000000000aa");
  EXPECT_EQ(commands_.count(), 1u);
}

// The columns behind `userrefs` of a dataset with the key of `root`.
std::string encrypted_with(const std::string& root) {
  return "-\taes-256-gcm\t" + root + "\tavailable\t-\t100\t20\t-\t00000000000000aa@b/s";
}

TEST_F(ZfsStoreTest, TellsReplicasThatWereReceivedRawFromThoseWithAKeyOfTheStore) {
  for (const char* root : {"b", "b/s", "b/s/h", "b/s/h/tank"}) {
    expect_inventory(row("b/s/h", "filesystem", 1, encrypted_with(root)) +
                     row("b/s/h/tank", "filesystem", 2, encrypted_with(root)) +
                     row("b/s/h/tank/a", "filesystem", 3, encrypted_with(root)) +
                     row("b/s/h/tank/a@one", "snapshot", 21));
    EXPECT_FALSE(store_.inventory("h").at(0).raw) << root;
    EXPECT_FALSE(store_.features().embedded) << root;
  }
  expect_inventory(row("b/s/h", "filesystem", 1) + row("b/s/h/tank", "filesystem", 2) +
                   row("b/s/h/tank/a", "filesystem", 3, encrypted_with("b/s/h/tank/a")) +
                   row("b/s/h/tank/a@one", "snapshot", 21) +
                   row("b/s/h/tank/a/b", "filesystem", 4, encrypted_with("b/s/h/tank/a")) +
                   row("b/s/h/tank/a/b@one", "snapshot", 22));
  for (const auto& replica : store_.inventory("h")) EXPECT_TRUE(replica.raw);
}

TEST_F(ZfsStoreTest, TakesEmbeddedDataUnlessSomethingIsEncryptedWithAKeyOfItsOwn) {
  expect_one_replica();
  store_.inventory("h");
  EXPECT_TRUE(store_.features().embedded);
  expect_inventory(row("b/s/h", "filesystem", 1, encrypted_with("b/s/h")) +
                   row("b/s/h/tank", "filesystem", 2, encrypted_with("b/s/h")));
  store_.inventory("h");
  EXPECT_FALSE(store_.features().embedded);
  auto wanted = request(point("one", 31));
  wanted.stream.features.embedded = true;
  BytesStream stream{{}};
  EXPECT_ERROR(store_.receive(wanted, stream), ErrorKind::Unsupported);
}

TEST_F(ZfsStoreTest, ARefusalNamesTheFeatures) {
  expect_one_replica();
  store_.inventory("h");
  commands_.expect("zfs receive -s -u b/s/h/tank/a@three",
                   {"", 1,
                    "cannot receive incremental stream: pool must be upgraded to receive this "
                    "stream.\n"});
  auto wanted = request(point("three", 23), point("two", 22));
  wanted.stream.features.large_blocks = true;
  BytesStream stream(
      ZfsStreamBuilder().begin({.to = 23, .from = 22, .name = "tank/a@three"}).end().stream());
  try {
    store_.receive(wanted, stream);
    FAIL() << "received";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Unsupported);
    EXPECT_NE(error.message().find("large blocks (-L)"), std::string::npos) << error.message();
  }
}

TEST_F(ZfsStoreTest, TellsAnEmptyHostFromAMissingStore) {
  const std::string missing = "cannot open 'b/s/h': dataset does not exist\n";
  expect_inventory("", 1, missing);
  expect_store();
  EXPECT_TRUE(store_.inventory("h").empty());
  EXPECT_EQ(store_.identity(), "00000000000000aa");
  EXPECT_EQ(commands_.count(), 2u);
  // It may go any time.
  expect_inventory("", 1, missing);
  commands_.expect(kLookAtStore, {"", 1, "cannot open 'b/s': dataset does not exist\n"});
  EXPECT_THROW(store_.inventory("h"), NoSuchStore);
  expect_inventory("", 1, "internal error\n");
  EXPECT_ERROR(store_.inventory("h"), ErrorKind::Unavailable);
}

TEST_F(ZfsStoreTest, IsMadeByNothingButItsCreation) {
  const std::string missing = "cannot open 'b/s': no such pool 'b'\n";
  commands_.expect(kLookAtStore, {"", 1, missing});
  EXPECT_THROW(store_.identity(), NoSuchStore);
  commands_.expect("zfs list -Hp -t filesystem,volume -o name b/s", {"", 1, missing});
  commands_.expect("zfs create -p -o canmount=off -o mountpoint=none b/s");
  commands_.expect(kLookAtStore, {"b/s\t170\t-\toff\n"});
  commands_.expect("zfs set snapferry:identity=00000000000000aa@b/s b/s");
  create_store(commands_, calls_, clock_, "b/s");
  commands_.expect("zfs list -Hp -t filesystem,volume -o name b/s", {"b/s\n"});
  EXPECT_ERROR(create_store(commands_, calls_, clock_, "b/s"), ErrorKind::AlreadyExists);
}

// Found by fuzzing: a name that ZFS cannot list was an InvalidArgument of the caller.
TEST_F(ZfsStoreTest, LooksAtNoNameTooClosely) {
  expect_inventory(row("b/s/@x", "snapshot", 1) + row("b/s/\x01@x", "snapshot", 2));
  expect_store();
  EXPECT_TRUE(store_.inventory("h").empty());
}

TEST_F(ZfsStoreTest, KnowsRawReplicasAndPartialOnes) {
  expect_inventory(
      row("b/s/h", "filesystem", 1) +
      row("b/s/h/raw", "filesystem", 2, "-\taes-256-gcm\tb/s/h/raw\tunavailable\t-\t1\t2\t-\t-") +
      row("b/s/h/raw@a", "snapshot", 20) +
      row("b/s/h/inherits", "filesystem", 3, "-\taes-256-gcm\tb\tavailable\tnonsense\t1\t2\t-\t-"));
  const auto replicas = store_.inventory("h");
  ASSERT_EQ(replicas.size(), 2u);
  EXPECT_FALSE(replicas[0].raw);
  ASSERT_TRUE(replicas[0].partial);
  EXPECT_EQ(replicas[0].partial->token, "nonsense");
  EXPECT_TRUE(replicas[0].partial->to.is_zero());
  EXPECT_TRUE(replicas[1].raw);
}

TEST_F(ZfsStoreTest, ReceivesWhatFitsItsListingInOneProcess) {
  expect_one_replica();
  store_.inventory("h");
  const auto bytes = ZfsStreamBuilder()
                         .begin({.to = 23, .from = 22, .name = "tank/a@three"})
                         .write(1, 4096)
                         .end()
                         .stream();
  commands_.expect("zfs receive -s -u b/s/h/tank/a@three");
  BytesStream stream(bytes);
  store_.receive(request(point("three", 23), point("two", 22)), stream);
  EXPECT_EQ(commands_.input(), as_text(bytes));
  EXPECT_EQ(commands_.count(), 2u);
  // And the next one knows of it.
  commands_.expect("zfs receive -s -u b/s/h/tank/a@four");
  BytesStream next(
      ZfsStreamBuilder().begin({.to = 24, .from = 23, .name = "tank/a@four"}).end().stream());
  store_.receive(request(point("four", 24), point("three", 23)), next);
}

TEST_F(ZfsStoreTest, LooksAgainAfterAReceiveThatFailed) {
  expect_one_replica();
  store_.inventory("h");
  for (int i = 0; i < 2; ++i) {
    commands_.expect("zfs receive -s -u b/s/h/tank/a@three", {"", i == 0 ? 1 : 0, ""});
    BytesStream stream(
        ZfsStreamBuilder().begin({.to = 23, .from = 22, .name = "tank/a@three"}).end().stream());
    const auto three = request(point("three", 23), point("two", 22));
    if (i == 1) {
      store_.receive(three, stream);
      break;
    }
    EXPECT_ERROR(store_.receive(three, stream), ErrorKind::Unavailable);
    commands_.expect(
        std::string("zfs list -Hp -d 1 -t filesystem,volume,snapshot -o ") + kColumns +
            " b/s/h/tank/a b/s/h/tank/a:snapferry-incoming",
        {row("b/s/h/tank/a", "filesystem", 3) + row("b/s/h/tank/a@two", "snapshot", 22) +
             row("b/s/h/tank/a@one", "snapshot", 21),
         1, "cannot open 'b/s/h/tank/a:snapferry-incoming': dataset does not exist\n"});
  }
}

TEST_F(ZfsStoreTest, GivesTheReceiverNothingOfARefusedStream) {
  expect_one_replica();
  store_.inventory("h");
  commands_.expect("zfs receive -s -u b/s/h/tank/a@three");
  BytesStream stream(
      ZfsStreamBuilder().begin({.to = 99, .from = 22, .name = "tank/a@three"}).end().stream());
  EXPECT_ERROR(store_.receive(request(point("three", 23), point("two", 22)), stream),
               ErrorKind::Corrupt);
  EXPECT_EQ(commands_.input(), "");
}

TEST_F(ZfsStoreTest, MakesParentsAndCorrectsWhatIsNotSafe) {
  const std::string look = std::string("zfs list -Hp -d 1 -t filesystem,volume,snapshot -o ") +
                           kColumns + " b/s/h/tank/a b/s/h/tank/a:snapferry-incoming";
  commands_.expect(look,
                   {"", 1,
                    "cannot open 'b/s/h/tank/a': dataset does not exist\n"
                    "cannot open 'b/s/h/tank/a:snapferry-incoming': dataset does not exist\n"});
  commands_.expect(std::string("zfs receive -s -u ") + kSafeOptions + " b/s/h/tank/a@one");
  expect_result("b/s/h/tank/a", "one", 21, "on");
  commands_.expect(
      "zfs set readonly=on canmount=noauto mountpoint=none exec=off setuid=off devices=off "
      "sharenfs=off sharesmb=off b/s/h/tank/a");
  const std::string again =
      "zfs list -Hp -t filesystem,volume -o readonly,canmount,mountpoint,exec,setuid,devices,"
      "sharenfs,sharesmb,volmode,snapdev b/s/h/tank/a";
  commands_.expect(again, {"on\tnoauto\tnone\ton\toff\toff\toff\toff\t-\t-\n"});
  BytesStream stream(ZfsStreamBuilder().begin({.to = 21, .name = "tank/a@one"}).end().stream());
  EXPECT_ERROR(store_.receive(request(point("one", 21)), stream), ErrorKind::PermissionDenied);
  EXPECT_THAT(calls_.calls(),
              ElementsAre("create b/s/h never-mounts snapferry:placeholder=b/s/h",
                          "create b/s/h/tank never-mounts snapferry:placeholder=b/s/h/tank"));
}

TEST_F(ZfsStoreTest, ReceivesWhatItsListingDoesNotHaveInTwoProcesses) {
  expect_one_replica();
  store_.inventory("h");
  commands_.expect(std::string("zfs receive -s -u ") + kSafeOptions + " b/s/h/tank/b@one");
  expect_result("b/s/h/tank/b", "one", 21);
  BytesStream stream(ZfsStreamBuilder().begin({.to = 21, .name = "tank/b@one"}).end().stream());
  auto first = request(point("one", 21));
  first.volume.path = first.stream.volume = "zfs:tank/b";
  store_.receive(first, stream);
  EXPECT_EQ(commands_.count(), 3u);
  EXPECT_THAT(calls_.calls(), ElementsAre());
}

TEST_F(ZfsStoreTest, ReceivesNothingWithoutAStore) {
  commands_.expect(std::string("zfs list -Hp -d 1 -t filesystem,volume,snapshot -o ") + kColumns +
                       " b/s/h/tank/a b/s/h/tank/a:snapferry-incoming",
                   {"", 1,
                    "cannot open 'b/s/h/tank/a': dataset does not exist\n"
                    "cannot open 'b/s/h/tank/a:snapferry-incoming': dataset does not exist\n"});
  calls_.answer({.error = ENOENT});
  BytesStream stream(ZfsStreamBuilder().begin({.to = 21, .name = "tank/a@one"}).end().stream());
  EXPECT_THROW(store_.receive(request(point("one", 21)), stream), NoSuchStore);
}

TEST_F(ZfsStoreTest, TellsWhyAReceiverStopped) {
  const std::pair<std::string, ErrorKind> cases[] = {
      {"cannot receive incremental stream: destination b/s/h/tank/a has been modified\n"
       "since most recent snapshot\n",
       ErrorKind::Conflict},
      {"cannot receive incremental stream: most recent snapshot of b/s/h/tank/a does not\n"
       "match incremental source\n",
       ErrorKind::Conflict},
      {"cannot receive: out of space\n", ErrorKind::NoSpace},
      {"cannot receive incremental stream: pool is read-only\n", ErrorKind::PermissionDenied},
      {"cannot receive incremental stream: permission denied\n", ErrorKind::PermissionDenied},
      {"cannot receive incremental stream: dataset is busy\n", ErrorKind::Busy},
      {"", ErrorKind::Unavailable}};
  for (const auto& [errors, kind] : cases) {
    expect_one_replica();
    store_.inventory("h");
    commands_.expect("zfs receive -s -u b/s/h/tank/a@three", {"", 1, errors});
    BytesStream stream(
        ZfsStreamBuilder().begin({.to = 23, .from = 22, .name = "tank/a@three"}).end().stream());
    EXPECT_ERROR(store_.receive(request(point("three", 23), point("two", 22)), stream), kind);
  }
}

TEST_F(ZfsStoreTest, NotesAllUnchangedVolumesInOneProcess) {
  expect_one_replica();
  store_.inventory("h");
  commands_.expect(
      "zfs snapshot -o snapferry:unchanged.0=main 1700000000 00000000 b/s/h@snapferry-unchanged");
  store_.record_unchanged("main", 1'700'000'000, {{"h", "zfs:tank/a"}});
  commands_.expect(
      "zfs set snapferry:unchanged.0=main 1700000100 00000000 b/s/h@snapferry-unchanged");
  store_.record_unchanged("main", 1'700'000'100, {{"h", "zfs:tank/a"}});
  EXPECT_EQ(commands_.count(), 3u);
}

TEST_F(ZfsStoreTest, NotesWhatIsExpectedBesideWhatIsUnchangedAndLooksAgain) {
  const auto memory = [](const std::string& unchanged, const std::string& expected) {
    return "b/s/h@snapferry-unchanged\tsnapshot\t9\t90\t-\toff\t-\t-\t-\t0\t0\t-\t-\t-\t-\t-\t" +
           unchanged + "\t-\t-\t-\t" + expected + "\t-\t-\t-\n";
  };
  const std::string look = std::string("zfs list -Hp -t filesystem,volume,snapshot -o ") +
                           kColumns + " b/s/h@snapferry-unchanged";
  expect_one_replica();
  store_.inventory("h");
  EXPECT_TRUE(store_.expectations("h").empty());
  commands_.expect(
      "zfs snapshot -o snapferry:expected.0=a main zfs:tank/b "
      "b/s/h@snapferry-unchanged");
  // Another run has written at the same time.
  commands_.expect(look, {memory("-", "a main zfs:tank/c")});
  commands_.expect(
      "zfs set snapferry:expected.0=a main zfs:tank/b;a main zfs:tank/c "
      "b/s/h@snapferry-unchanged");
  commands_.expect(look, {memory("-", "a main zfs:tank/b;a main zfs:tank/c")});
  store_.change_expectations("h", {.set = "main", .missing = {"zfs:tank/b"}});
  EXPECT_EQ(store_.expectations("h").at("h").awaited.at("main").size(), 2u);
  commands_.expect(
      "zfs set snapferry:unchanged.0=main 1700000000 00000000 b/s/h@snapferry-unchanged");
  store_.record_unchanged("main", 1'700'000'000, {{"h", "zfs:tank/a"}});
  commands_.expect(look, {memory("main 1700000000 00000000", "a main zfs:tank/c")});
  commands_.expect("zfs set snapferry:expected.0= b/s/h@snapferry-unchanged");
  commands_.expect(look, {memory("main 1700000000 00000000", "")});
  store_.change_expectations("h", {.set = "main", .settled = {"zfs:tank/b", "zfs:tank/c"}});
  EXPECT_TRUE(store_.expectations("h").empty());
}

TEST_F(ZfsStoreTest, NeedsNamesThatZfsAllows) {
  EXPECT_ERROR(ZfsStore(commands_, calls_, "b/../x", clock_), ErrorKind::InvalidArgument);
  for (const char* host : {"a/b", "..", "a@b", ""}) {
    BytesStream stream({});
    auto one = request(point("one", 1));
    one.volume.host = host;
    EXPECT_ERROR(store_.receive(one, stream), ErrorKind::InvalidArgument);
  }
  auto one = request(point("one", 1));
  one.volume.path = "btrfs:/x";
  BytesStream stream({});
  EXPECT_ERROR(store_.receive(one, stream), ErrorKind::InvalidArgument);
}

TEST(UnchangedRecord, KeepsWhatItWasTold) {
  UnchangedRecord record;
  const auto guid = [](std::uint64_t number) { return Guid::from_number(number << 32); };
  const std::vector<Guid> all{guid(1), guid(2)};
  record.record("main", 100, all, all);
  record.record("disk", 150, {guid(1)}, all);
  record.record("main", 200, {guid(1)}, all);
  const auto again = UnchangedRecord::parse(record.text());
  using Seen = std::vector<std::pair<std::string, std::int64_t>>;
  EXPECT_EQ(again.seen(guid(1)), (Seen{{"disk", 150}, {"main", 200}}));
  EXPECT_EQ(again.seen(guid(2)), (Seen{{"main", 100}}));
  EXPECT_TRUE(again.seen(guid(3)).empty());
  EXPECT_EQ(again.text(), record.text());
}

TEST(UnchangedRecord, ForgetsWhatIsTheNewestOfNoReplicaAnyMore) {
  UnchangedRecord record;
  const auto guid = [](std::uint64_t number) { return Guid::from_number(number << 32); };
  record.record("main", 100, {guid(1), guid(2)}, {guid(1), guid(2)});
  record.record("disk", 200, {guid(3)}, {guid(2), guid(3)});
  EXPECT_TRUE(record.seen(guid(1)).empty());
  EXPECT_EQ(record.seen(guid(2)).size(), 1u);
  EXPECT_EQ(record.seen(guid(3)).size(), 1u);
}

TEST(UnchangedRecord, IsCutIntoPartsOfWhatAPropertyHolds) {
  UnchangedRecord record;
  std::vector<Guid> many;
  for (std::uint64_t i = 0; i < 2000; ++i) many.push_back(Guid::from_number(i << 32 | i));
  record.record("main", 1, many, many);
  EXPECT_EQ(record.parts().size(), 3u);
  for (std::uint64_t i = 2000; i < 5000; ++i) many.push_back(Guid::from_number(i << 32 | i));
  record.record("main", 2, many, many);
  EXPECT_ERROR(record.parts(), ErrorKind::Unsupported);
}

TEST(UnchangedRecord, CutOffAnywhereLosesOnlyWhatIsMissing) {
  UnchangedRecord record;
  const std::vector<Guid> one{Guid::from_number(1)};
  record.record("main", 100, one, one);
  record.record("disk", 100, one, one);
  const auto text = record.text();
  for (std::size_t size = 0; size <= text.size(); ++size) {
    EXPECT_LE(UnchangedRecord::parse(text.substr(0, size)).seen(Guid::from_number(1)).size(), 2u);
  }
}

TEST(StoreLayout, TellsVolumesAndDatasetsApart) {
  const StoreLayout layout("b/s");
  const VolumeName volume{"h", "zfs:tank/a b"};
  EXPECT_EQ(layout.replica(volume), "b/s/h/tank/a b");
  EXPECT_EQ(layout.volume_of("b/s/h/tank/a b"), volume);
  EXPECT_EQ(layout.volume_of("b/s/h/tank:snapferry-incoming/a b"), volume);
  EXPECT_FALSE(layout.volume_of("b/s/h"));
  EXPECT_FALSE(layout.volume_of("b/s"));
  EXPECT_FALSE(layout.volume_of("b/sx/h/tank"));
  EXPECT_ERROR(layout.replica({"h", "zfs:" + std::string(255, 'a')}), ErrorKind::InvalidArgument);
}

// What verify reads of a replica with the snapshots one and two, in which something is damaged.
class ZfsStoreDamage : public ZfsStoreTest {
 protected:
  static constexpr const char* kBroken =
      "warning: cannot send 'b/s/h/tank/a@two': Input/output error\n";

  ZfsStoreDamage() {
    replica_.volume = {"h", "zfs:tank/a"};
    replica_.points = {point("one", 21), point("two", 22)};
  }

  void expect_listing(const std::string& snapshots) {
    commands_.expect(std::string("zfs list -Hp -d 1 -t filesystem,volume,snapshot -o ") + kColumns +
                         " b/s/h/tank/a b/s/h/tank/a:snapferry-incoming",
                     {row("b/s/h/tank/a", "filesystem", 3) + snapshots, 1,
                      "cannot open 'b/s/h/tank/a:snapferry-incoming': dataset does not exist\n"});
  }
  static std::string one() { return row("b/s/h/tank/a@one", "snapshot", 21); }
  static std::string two(const std::string& damaged = "-") {
    return row("b/s/h/tank/a@two", "snapshot", 22, kPlain, damaged);
  }
  void expect_look(const std::string& snapshots) {
    expect_listing(snapshots);
    expect_properties();
  }
  void expect_properties() {
    commands_.expect(
        "zfs list -Hp -t filesystem,volume -o readonly,canmount,mountpoint,exec,setuid,devices,"
        "sharenfs,sharesmb,volmode,snapdev b/s/h/tank/a",
        {"on\tnoauto\tnone\toff\toff\toff\toff\toff\t-\t-\n"});
  }
  void expect_send(const std::string& words, std::uint64_t to, std::uint64_t from,
                   const std::string& name, const char* error = nullptr) {
    const auto bytes =
        ZfsStreamBuilder().begin({.to = to, .from = from, .name = "tank/a@" + name}).end().stream();
    commands_.expect("zfs send -L -e -c " + words, error == nullptr
                                                       ? FakeAnswer{std::string(as_text(bytes))}
                                                       : FakeAnswer{"", 1, error});
  }
  void expect_send_of_one() { expect_send("b/s/h/tank/a@one", 21, 0, "one"); }
  void expect_send_of_two(const char* error = nullptr) {
    expect_send("-i b/s/h/tank/a@one b/s/h/tank/a@two", 22, 21, "two", error);
  }
  void expect_send_of_all_of_two(const char* error = nullptr) {
    expect_send("b/s/h/tank/a@two", 22, 0, "two", error);
  }
  std::vector<ReplicaDamage> verify() { return store_.verify(replica_, true, nullptr, nullptr); }

  ReplicaState replica_;
};

TEST_F(ZfsStoreDamage, OfTheNewestSnapshotIsMarkedOnIt) {
  clock_.set(1'772'368'200);
  expect_look(one() + two());
  expect_send_of_one();
  expect_send_of_two(kBroken);
  expect_send_of_all_of_two(kBroken);
  expect_listing(one() + two());
  commands_.expect("zfs set snapferry:damaged=2026-03-01T12:30:00Z b/s/h/tank/a@two");
  const auto damages = verify();
  ASSERT_EQ(damages.size(), 1u);
  EXPECT_EQ(damages[0].snapshot, "two");
}

TEST_F(ZfsStoreDamage, ThatTheNewestSnapshotDoesNotHaveIsNotMarked) {
  expect_look(one() + two());
  expect_send("b/s/h/tank/a@one", 21, 0, "one", kBroken);
  expect_send_of_two();
  expect_send_of_all_of_two();
  expect_listing(one() + two());
  EXPECT_EQ(verify().size(), 1u);
}

TEST_F(ZfsStoreDamage, IsNotWhatElseKeepsASnapshotFromBeingRead) {
  expect_look(one() + two());
  expect_send_of_one();
  expect_send_of_two("cannot send 'b/s/h/tank/a@two': permission denied\n");
  expect_listing(one() + two());
  EXPECT_EQ(verify().size(), 1u);
}

TEST_F(ZfsStoreDamage, IsNotWhatWasForgottenWhileItWasRead) {
  expect_look(one() + two());
  expect_send("b/s/h/tank/a@one", 21, 0, "one", "could not find any snapshots to send\n");
  expect_send_of_two("incremental source (@one) does not exist\n");
  expect_listing(two());
  expect_look(two());
  expect_send_of_all_of_two();
  EXPECT_TRUE(verify().empty());
}

TEST_F(ZfsStoreDamage, IsNotWhatWasForgottenSinceItWasListed) {
  expect_look(two());
  expect_send_of_all_of_two();
  EXPECT_TRUE(verify().empty());
}

TEST_F(ZfsStoreDamage, IsNoLongerMarkedOnceAllCanBeRead) {
  expect_look(one() + two("2026-03-01T12:30:00Z"));
  expect_send_of_one();
  expect_send_of_two();
  commands_.expect("zfs inherit snapferry:damaged b/s/h/tank/a@two");
  EXPECT_TRUE(verify().empty());
}

TEST_F(ZfsStoreDamage, IsInTheListingWhereTheNewestSnapshotHasIt) {
  expect_inventory(row("b/s/h/tank/a", "filesystem", 3) + row("b/s/h/tank/a@one", "snapshot", 21) +
                   row("b/s/h/tank/a@two", "snapshot", 22, kPlain, "2026-03-01T12:30:00Z"));
  EXPECT_EQ(store_.inventory("h").at(0).changed, "@two was found damaged by verify");
  expect_inventory(row("b/s/h/tank/a", "filesystem", 3) +
                   row("b/s/h/tank/a@one", "snapshot", 21, kPlain, "2026-03-01T12:30:00Z") +
                   row("b/s/h/tank/a@two", "snapshot", 22));
  EXPECT_EQ(store_.inventory("h").at(0).changed, "");
}

TEST_F(ZfsStoreTest, MovesAReplicaAndLeavesThoseBelowItWhereTheyAre) {
  expect_one_replica();
  store_.inventory("h");
  commands_.expect(std::string("zfs list -Hp -d 1 -t filesystem,volume,snapshot -o ") + kColumns +
                       " b/s/h/new/a b/s/h/new/a:snapferry-incoming",
                   {"", 1,
                    "cannot open 'b/s/h/new/a': dataset does not exist\n"
                    "cannot open 'b/s/h/new/a:snapferry-incoming': dataset does not exist\n"});
  const std::string beside = "b/s/h/tank/a:snapferry-incoming";
  commands_.expect("zfs list -Hp -d 1 -t filesystem,volume -o name b/s/h/tank/a",
                   {"b/s/h/tank/a\nb/s/h/tank/a/below\n"});
  commands_.expect("zfs rename b/s/h/tank/a/below " + beside + "/below");
  commands_.expect("zfs rename b/s/h/tank/a b/s/h/new/a");
  commands_.expect("zfs rename " + beside + " b/s/h/tank/a");
  store_.move({"h", "zfs:tank/a"}, {"h", "zfs:new/a"});
  EXPECT_THAT(calls_.calls(),
              ElementsAre("create b/s/h/new never-mounts snapferry:placeholder=b/s/h/new",
                          "create " + beside + " never-mounts snapferry:placeholder=b/s/h/tank/a"));
}

TEST_F(ZfsStoreTest, MovesNothingOntoAnotherReplica) {
  expect_one_replica();
  store_.inventory("h");
  commands_.expect(std::string("zfs list -Hp -d 1 -t filesystem,volume,snapshot -o ") + kColumns +
                       " b/s/h/tank/b b/s/h/tank/b:snapferry-incoming",
                   {row("b/s/h/tank/b", "filesystem", 4) + row("b/s/h/tank/b@x", "snapshot", 41), 1,
                    "cannot open 'b/s/h/tank/b:snapferry-incoming': dataset does not exist\n"});
  EXPECT_ERROR(store_.move({"h", "zfs:tank/a"}, {"h", "zfs:tank/b"}), ErrorKind::AlreadyExists);
}

}  // namespace
}  // namespace snapferry::zfs
