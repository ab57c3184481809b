// Whatever a store at the far end says, it costs this machine no more than is of use to anybody.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "agent/test_link.h"
#include "remote/remote_store.h"
#include "testing/errors.h"
#include "testing/fake_store.h"

namespace snapferry::remote {
namespace {

struct Lie {
  std::size_t damages = 0;
  std::size_t words = 0;  // of each, in bytes
};

// Finds that much damage in any replica.
class DamagedStore : public testing::FakeStore {
 public:
  DamagedStore(testing::FakeDisk& disk, Lie lie) : FakeStore(disk), lie_(lie) {}
  std::vector<ReplicaDamage> verify(const ReplicaState& replica, bool, Progress*,
                                    const Cancellation*) override {
    return std::vector<ReplicaDamage>(lie_.damages,
                                      {replica.volume, "s", std::string(lie_.words, 'x')});
  }

 private:
  const Lie lie_;
};

// Lists one replica, and expects something of its host, whatever was asked for.
class NamingStore : public testing::FakeStore {
 public:
  NamingStore(testing::FakeDisk& disk, VolumeName name) : FakeStore(disk), name_(std::move(name)) {}
  std::vector<ReplicaState> inventory(const std::string&) override {
    ReplicaState replica;
    replica.volume = name_;
    return {replica};
  }
  Expectations expectations(const std::string&) override { return {{name_.host, {}}}; }

 private:
  const VolumeName name_;
};

class LyingStore : public ::testing::Test {
 protected:
  RemoteStore& store(Lie lie) {
    return serve([this, lie] { return std::make_unique<DamagedStore>(disk_, lie); });
  }
  RemoteStore& naming(const VolumeName& name) {
    return serve([this, name] { return std::make_unique<NamingStore>(disk_, name); });
  }
  RemoteStore& serve(std::function<std::unique_ptr<Store>()> open) {
    store_.reset();
    client_.reset();
    auto client_side = platform::socket_pair();
    agent_ = std::make_unique<agent::TestAgent>(std::move(client_side[1]),
                                                agent::Served{.store = std::move(open)});
    client_ = agent::connect_to(std::move(client_side[0]), wire::Role::Client);
    client_->handshake();
    store_.emplace(*client_, "far", "");
    return *store_;
  }
  static ReplicaState replica(std::size_t snapshots) {
    ReplicaState replica;
    replica.volume = {"web1", "zfs:tank/a"};
    for (std::size_t i = 0; i < snapshots; ++i) {
      Point& point = replica.points.emplace_back();
      point.name = "s" + std::to_string(i);
    }
    return replica;
  }

  testing::FakeDisk disk_{testing::FakeKind::Zfs};
  std::unique_ptr<agent::TestAgent> agent_;
  std::unique_ptr<wire::Connection> client_;
  std::optional<RemoteStore> store_;
};

TEST_F(LyingStore, NamesNoMoreDamageThanItsSnapshotsHave) {
  auto& few = store({.damages = 300, .words = 10});
  EXPECT_EQ(few.verify(replica(2), true, nullptr, nullptr).size(), 300u);
  EXPECT_ERROR(few.verify(replica(1), true, nullptr, nullptr), ErrorKind::Corrupt);
}

TEST_F(LyingStore, NamesNoEndOfDamageInManyReplicas) {
  auto& much = store({.damages = 1000, .words = 4000});
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(much.verify(replica(10), true, nullptr, nullptr).size(), 1000u);
  }
  EXPECT_ERROR(much.verify(replica(10), true, nullptr, nullptr), ErrorKind::Corrupt);
}

// They become names of directories here, and a volume of one host would read as that of another.
TEST_F(LyingStore, IsBelievedNoHostThatNoneCanBe) {
  for (const auto* host : {"..", "a/b", "a\nb", "web1:btrfs:/y", "-x", ""}) {
    SCOPED_TRACE(host);
    auto& far = naming({host, "zfs:tank/a"});
    EXPECT_ERROR(far.inventory(""), ErrorKind::Corrupt);
    EXPECT_ERROR(far.expectations(""), ErrorKind::Corrupt);
    EXPECT_ERROR(far.inventory("web1"), ErrorKind::Corrupt);
  }
  auto& far = naming({"web-1.example", "zfs:tank/a"});
  EXPECT_EQ(far.inventory("").size(), 1u);
  EXPECT_EQ(far.expectations("").size(), 1u);
}

TEST_F(LyingStore, IsBelievedNoVolumeThatNoneCanBe) {
  for (const auto* path : {"", "/srv", "zfs:-r", "btrfs:/a/../b"}) {
    SCOPED_TRACE(path);
    EXPECT_ERROR(naming({"web1", path}).inventory(""), ErrorKind::Corrupt);
  }
}

}  // namespace
}  // namespace snapferry::remote
