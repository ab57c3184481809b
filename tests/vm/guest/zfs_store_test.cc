// What only a store of ZFS does, on real OpenZFS.

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "testing/crash.h"
#include "testing/errors.h"
#include "zfs/test_crash.h"
#include "zfs/zfs_target.h"
#include "zfs_place.h"

namespace snapferry::testing {
namespace {

class ZfsStoreTest : public ZfsPlaceTest {
 protected:
  void SetUp() override {
    ZfsPlaceTest::SetUp();
    if (!place_) return;
    source_ = place_->source();
    store_ = place_->store();
  }

  VolumeName replica(const std::string& name) { return {"web1", place_->volume(name)}; }

  Point freeze(const std::string& name, const std::string& snapshot) {
    return source_->freeze({place_->volume(name)}, snapshot).frozen.at(0).snapshot;
  }

  void transfer(const std::string& name, const Point& to, std::optional<Point> base = {},
                StreamFeatures features = {}) {
    StreamRequest stream;
    stream.volume = place_->volume(name);
    stream.to = to;
    stream.base = std::move(base);
    stream.features = features;
    transfer(name, stream);
  }

  void transfer(const std::string& name, const StreamRequest& stream) {
    ReceiveRequest request;
    request.volume = replica(name);
    request.type = source_->inventory({place_->volume(name)}).at(0).type;
    request.stream = stream;
    const auto bytes = source_->send(stream);
    store_->receive(request, *bytes);
  }

  ReplicaState state(const std::string& name) {
    for (auto& one : store_->inventory("web1")) {
      if (one.volume == replica(name)) return one;
    }
    throw Error(ErrorKind::NotFound, "no replica of " + name);
  }

  bool exists(const std::string& dataset) {
    return platform::system_commands().run({"zfs", "list", dataset}).exit.ok();
  }

  std::unique_ptr<Source> source_;
  std::unique_ptr<Store> store_;
};

TEST_F(ZfsStoreTest, MakesReplicasThatNeitherMountNorRun) {
  place_->make("a");
  transfer("a", freeze("a", "s1"));
  const auto dataset = place_->replica_dataset(replica("a"));
  for (const auto& [name, value] :
       {std::pair("readonly", "on"), std::pair("canmount", "noauto"),
        std::pair("mountpoint", "none"), std::pair("exec", "off"), std::pair("setuid", "off"),
        std::pair("devices", "off"), std::pair("sharenfs", "off"), std::pair("sharesmb", "off"),
        std::pair("mounted", "no")}) {
    EXPECT_EQ(property(dataset, name), value) << name;
  }
  EXPECT_EQ(property(place_->store_dataset(), "canmount"), "off");
  EXPECT_EQ(property(place_->store_dataset() + "/web1", "mountpoint"), "none");
  EXPECT_TRUE(store_->verify(state("a"), false, nullptr, nullptr).empty());
  command({"zfs", "set", "exec=on", dataset});
  EXPECT_EQ(store_->verify(state("a"), false, nullptr, nullptr).size(), 1u);
}

TEST_F(ZfsStoreTest, KeepsZvolsWithoutADevice) {
  command({"zfs", "create", "-s", "-V", "8M", place_->dataset("vol")});
  transfer("vol", freeze("vol", "s1"));
  EXPECT_EQ(state("vol").type, VolumeType::Zvol);
  const auto dataset = place_->replica_dataset(replica("vol"));
  EXPECT_EQ(property(dataset, "volmode"), "none");
  EXPECT_EQ(property(dataset, "readonly"), "on");
  EXPECT_TRUE(store_->verify(state("vol"), true, nullptr, nullptr).empty());
  EXPECT_ERROR(store_->browse(replica("vol"), state("vol").points.at(0)), ErrorKind::Unsupported);
}

TEST_F(ZfsStoreTest, TakesAParentAfterItsChild) {
  place_->make("a");
  place_->make("a/b");
  transfer("a/b", freeze("a/b", "s1"));
  EXPECT_EQ(store_->inventory("web1").size(), 1u);
  place_->write("a", "file", "parent");
  const auto first = freeze("a", "s1");
  transfer("a", first);
  const auto dataset = place_->replica_dataset(replica("a"));
  EXPECT_TRUE(exists(dataset + "@s1"));
  EXPECT_TRUE(exists(dataset + "/b@s1"));
  EXPECT_FALSE(exists(dataset + ":snapferry-incoming"));
  EXPECT_EQ(store_->inventory("web1").size(), 2u);
  transfer("a", freeze("a", "s2"), first);
  EXPECT_EQ(state("a").points.size(), 2u);
}

TEST_F(ZfsStoreTest, FindsAReplicaThatHasNotTakenItsPlace) {
  place_->make("a");
  const auto first = freeze("a", "s1");
  transfer("a", first);
  const auto dataset = place_->replica_dataset(replica("a"));
  command({"zfs", "rename", dataset, dataset + ":snapferry-incoming"});
  command(
      {"zfs", "create", "-o", "canmount=off", "-o", "snapferry:placeholder=" + dataset, dataset});
  command({"zfs", "create", "-o", "canmount=off", dataset + "/child"});
  store_ = place_->store();
  EXPECT_EQ(state("a").points.size(), 1u);
  transfer("a", freeze("a", "s2"), first);
  EXPECT_TRUE(exists(dataset + "@s2"));
  EXPECT_TRUE(exists(dataset + "/child"));
}

// The whole of it, moment by moment, is tried on a pool in memory (zfs/store_crash_test.cc).
TEST_F(ZfsStoreTest, AMoveThatEndsAnywhereIsMadeAgainAndCostsNothing) {
  place_->make("a");
  place_->make("a/b");
  place_->make("p");
  place_->make("p/c");
  const auto first = freeze("a", "s1");
  transfer("a", first);
  transfer("a/b", freeze("a/b", "s1"));
  transfer("p/c", freeze("p/c", "s1"));
  const auto names = [&] {
    std::set<std::string> found;
    for (const auto& replica : place_->store()->inventory("web1")) {
      EXPECT_EQ(replica.points.size(), 1u) << replica.volume.text();
      found.insert(replica.volume.path);
    }
    return found;
  };
  // Onto the parent of another replica, and back.
  std::string at = "a";
  std::string to = "p";
  for (std::uint64_t moment = 1;; ++moment, std::swap(at, to)) {
    SCOPED_TRACE("moment " + std::to_string(moment));
    Crash crash(moment);
    zfs::CrashingCommands commands(platform::system_commands(), crash);
    zfs::CrashingPoolCalls calls(zfs::system_pool_calls(), crash);
    try {
      zfs::ZfsStore store(commands, calls, place_->store_dataset(), platform::system_clock());
      store.inventory("web1");
      store.move(replica(at), replica(to));
    } catch (const Crashed&) {
    }
    if (names().contains(place_->volume(at))) {
      store_ = place_->store();
      store_->inventory("web1");
      store_->move(replica(at), replica(to));
    }
    EXPECT_EQ(names(), (std::set<std::string>{place_->volume(to), place_->volume("a/b"),
                                              place_->volume("p/c")}));
    if (HasFailure() || crash.came_too_late()) break;
  }
  store_ = place_->store();
  if (to == "p") store_->move(replica("p"), replica("a"));
  transfer("a", freeze("a", "s2"), first);
  transfer("a/b", freeze("a/b", "s2"), source_->inventory({place_->volume("a/b")}).at(0).points[0]);
  transfer("p", freeze("p", "s2"));
  EXPECT_EQ(state("a").points.size(), 2u);
  EXPECT_TRUE(store_->verify(state("a"), true, nullptr, nullptr).empty());
  EXPECT_EQ(
      command({"zfs", "list", "-H", "-o", "name", "-r", place_->store_dataset()}).find("incoming"),
      std::string::npos);
}

TEST_F(ZfsStoreTest, SettingAsideLeavesTheReplicasBelow) {
  place_->make("a");
  place_->make("a/b");
  transfer("a", freeze("a", "s1"));
  transfer("a/b", freeze("a/b", "s1"));
  const auto aside = store_->set_aside(replica("a"));
  const auto dataset = place_->replica_dataset(replica("a"));
  EXPECT_TRUE(exists(dataset + "/b@s1"));
  EXPECT_TRUE(exists(place_->replica_dataset(aside) + "@s1"));
  transfer("a", freeze("a", "s2"));
  EXPECT_TRUE(exists(dataset + "@s2"));
  EXPECT_TRUE(exists(dataset + "/b@s1"));
  EXPECT_TRUE(store_->destroy(replica("a"), state("a").points).empty());
  EXPECT_TRUE(exists(dataset + "/b@s1"));
  EXPECT_EQ(store_->inventory("web1").size(), 2u);
}

TEST_F(ZfsStoreTest, ShowsAndProtectsTheFilesOfASnapshot) {
  place_->make("a");
  place_->write("a", "file", "content");
  transfer("a", freeze("a", "s1"));
  const auto dataset = place_->replica_dataset(replica("a"));
  {
    const auto view = store_->browse(replica("a"), state("a").points.at(0));
    const auto path = "/proc/self/fd/" + std::to_string(view->descriptor());
    std::ifstream in(path + "/file");
    std::string text;
    in >> text;
    EXPECT_EQ(text, "content");
    EXPECT_FALSE(std::ofstream(path + "/new").good());
    const auto listed = view->list("", 0);
    ASSERT_EQ(listed.files.size(), 1u);
    const auto& file = listed.files[0];
    EXPECT_EQ(as_text(view->read({"", "file", file.version, 0, 100})), "content");
  }
  command({"zfs", "destroy", dataset + "@s1"});
}

TEST_F(ZfsStoreTest, KeepsRawReplicasRaw) {
  std::ofstream("/tmp/snapferry-pass") << "0123456789abcdef";
  command({"zfs", "create", "-o", "encryption=on", "-o", "keyformat=passphrase", "-o",
           "keylocation=file:///tmp/snapferry-pass", place_->dataset("secret")});
  place_->write("secret", "file", "hidden");
  const auto first = freeze("secret", "s1");
  transfer("secret", first, {}, {.raw = true});
  EXPECT_TRUE(state("secret").raw);
  EXPECT_EQ(state("secret").points.at(0).guid, first.guid);
  EXPECT_ERROR(store_->browse(replica("secret"), first), ErrorKind::Unsupported);
  place_->write("secret", "file", "hidden again");
  const auto second = freeze("secret", "s2");
  EXPECT_THROW(transfer("secret", second, first), Error);
  transfer("secret", second, first, {.raw = true});
  EXPECT_TRUE(store_->verify(state("secret"), true, nullptr, nullptr).empty());
}

TEST_F(ZfsStoreTest, UsesEveryFeatureOfStreams) {
  place_->make("a");
  command({"zfs", "set", "compression=zstd", place_->dataset("a")});
  command({"zfs", "set", "recordsize=1M", place_->dataset("a")});
  place_->write("a", "big", std::string(3'000'000, 'x'));
  place_->write("a", "small", "tiny");
  const auto features = source_->features();
  StreamFeatures asked = features;
  asked.raw = false;
  const auto first = freeze("a", "s1");
  transfer("a", first, {}, asked);
  place_->write("a", "big", std::string(4'000'000, 'y'));
  transfer("a", freeze("a", "s2"), first, asked);
  EXPECT_EQ(place_->replica_files(replica("a"), "s2").at("big"), std::string(4'000'000, 'y'));
  EXPECT_TRUE(store_->verify(state("a"), true, nullptr, nullptr).empty());
}

TEST_F(ZfsStoreTest, ReportsAReplicaThatSomethingElseChanged) {
  place_->make("a");
  const auto first = freeze("a", "s1");
  transfer("a", first);
  const auto dataset = place_->replica_dataset(replica("a"));
  command({"zfs", "snapshot", dataset + "@foreign"});
  const auto second = freeze("a", "s2");
  store_ = place_->store();
  EXPECT_ERROR(transfer("a", second, first), ErrorKind::Conflict);
  command({"zfs", "destroy", dataset + "@foreign"});
  transfer("a", second, first);
}

TEST_F(ZfsStoreTest, ReportsWhatIsHeld) {
  place_->make("a");
  transfer("a", freeze("a", "s1"));
  const auto dataset = place_->replica_dataset(replica("a"));
  command({"zfs", "hold", "mine", dataset + "@s1"});
  const auto failures = store_->destroy(replica("a"), state("a").points);
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_NE(failures[0].message.find("held"), std::string::npos);
  command({"zfs", "release", "mine", dataset + "@s1"});
}

TEST_F(ZfsStoreTest, CarriesOnWhatSimplesnapMade) {
  place_->make("a");
  const auto first = freeze("a", "__simplesnap_main_2026-01-01T00:00:00__");
  const auto dataset = place_->replica_dataset(replica("a"));
  command({"zfs", "create", "-p", std::string(dataset.substr(0, dataset.rfind('/')))});
  command({"sh", "-c",
           "zfs send " + place_->dataset("a") + "@" + first.name +
               " | zfs receive -u -o readonly=on " + dataset});
  EXPECT_EQ(state("a").points.at(0).guid, first.guid);
  transfer("a", freeze("a", "s2"), first);
  EXPECT_EQ(state("a").points.size(), 2u);
}

TEST_F(ZfsStoreTest, RestoresAVolumeThatIsBackedUpIncrementallyAfterwards) {
  place_->make("a");
  place_->write("a", "file", "content");
  const auto first = freeze("a", "s1");
  transfer("a", first);
  place_->destroy("a");
  zfs::ZfsTarget target(platform::system_commands());
  EXPECT_ERROR(target.require_free("zfs:source"), ErrorKind::InvalidArgument);
  EXPECT_ERROR(target.require_free(place_->volume("")), ErrorKind::InvalidArgument);
  EXPECT_ERROR(target.require_free(place_->volume("x/y")), ErrorKind::NotFound);
  StreamRequest request;
  request.volume = place_->volume("a");
  request.to = first;
  const auto stream = store_->send(replica("a"), request);
  target.restore(place_->volume("a"), VolumeType::Filesystem, request, *stream, nullptr, nullptr);
  EXPECT_ERROR(target.require_free(place_->volume("a")), ErrorKind::AlreadyExists);
  target.complete(place_->volume("a"), VolumeType::Filesystem, {});
  std::ifstream in("/" + place_->dataset("a") + "/file");
  std::string text;
  in >> text;
  EXPECT_EQ(text, "content");
  place_->write("a", "file", "changed");
  transfer("a", freeze("a", "s2"), first);
  EXPECT_EQ(place_->replica_files(replica("a"), "s2").at("file"), "changed");
}

TEST_F(ZfsStoreTest, SaysThatItIsMissing) {
  for (const char* dataset : {"nopool/store", "backup/nothing/store", "nopool"}) {
    zfs::ZfsStore store(platform::system_commands(), zfs::system_pool_calls(), dataset,
                        platform::system_clock());
    EXPECT_THROW(store.inventory("web1"), NoSuchStore) << dataset;
    EXPECT_THROW(store.inventory(""), NoSuchStore) << dataset;
    EXPECT_THROW(store.identity(), NoSuchStore) << dataset;
  }
}

TEST_F(ZfsStoreTest, ReportsAFullPool) {
  place_->make("a");
  store_->identity();
  command({"zfs", "set", "quota=1M", place_->store_dataset()});
  // Bytes that do not compress.
  std::string noise(4'000'000, ' ');
  std::ifstream("/dev/urandom").read(noise.data(), static_cast<std::streamsize>(noise.size()));
  place_->write("a", "file", noise);
  EXPECT_ERROR(transfer("a", freeze("a", "s1")), ErrorKind::NoSpace);
}

}  // namespace
}  // namespace snapferry::testing
