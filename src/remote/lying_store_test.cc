// Whatever a store at the far end says, it costs this machine no more than is of use to anybody.

#include <gtest/gtest.h>

#include "agent/test_link.h"
#include "remote/remote_store.h"
#include "testing/errors.h"
#include "testing/fake_store.h"

namespace snapferry::remote {
namespace {

// Finds damage without end, with a long word for each.
class DamagedStore : public testing::FakeStore {
 public:
  using FakeStore::FakeStore;
  std::vector<ReplicaDamage> verify(const ReplicaState& replica, bool, Progress*,
                                    const Cancellation*) override {
    return std::vector<ReplicaDamage>(30'000, {replica.volume, "s", std::string(4000, 'x')});
  }
};

TEST(LyingStore, NamesNoEndOfDamage) {
  testing::FakeDisk disk(testing::FakeKind::Zfs);
  auto client_side = platform::socket_pair();
  agent::TestAgent agent(std::move(client_side[1]),
                         {.store = [&] { return std::make_unique<DamagedStore>(disk); }});
  const auto client = agent::connect_to(std::move(client_side[0]), wire::Role::Client);
  client->handshake();
  RemoteStore store(*client, "far", "");
  ReplicaState replica;
  replica.volume = {"web1", "zfs:tank/a"};
  EXPECT_ERROR(store.verify(replica, true, nullptr, nullptr), ErrorKind::Corrupt);
}

}  // namespace
}  // namespace snapferry::remote
