// Whatever a store at the far end says, it costs this machine no more than is of use to anybody.

#include <memory>
#include <optional>

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

class LyingStore : public ::testing::Test {
 protected:
  RemoteStore& store(Lie lie) {
    auto client_side = platform::socket_pair();
    agent_ = std::make_unique<agent::TestAgent>(
        std::move(client_side[1]),
        agent::Served{.store = [this, lie] { return std::make_unique<DamagedStore>(disk_, lie); }});
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

}  // namespace
}  // namespace snapferry::remote
