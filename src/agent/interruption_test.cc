// The connection is cut at every frame and at random bytes, in either direction: both ends end,
// with an error that says what to do, and the next connection finishes the work.

#include <random>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/test_link.h"
#include "testing/fake_place.h"
#include "wire/frame.h"

namespace snapferry::agent {
namespace {

using Direction = CuttingRelay::Direction;

constexpr const char* kSnapshot = "snapferry_main_2026-01-01T00:00:00Z";

// A source and a store, and one backup from the one into the other through one connection.
class Scene {
 public:
  Scene() : place_(testing::make_fake_place(testing::FakeKind::Zfs)) {
    place_->make("a");
    place_->write("a", "file", std::string(200'000, 'x'));
  }

  // The bytes that passed in each direction. With `direction`, cut there after `limit` bytes.
  std::array<Bytes, 2> run(Direction direction, std::size_t limit) {
    auto client_side = socket_pair();
    auto server_side = socket_pair();
    CuttingRelay relay(std::move(client_side[1]), std::move(server_side[1]), direction, limit);
    TestAgent agent(std::move(server_side[0]),
                    {.source = [this](std::string_view) { return place_->source(); },
                     .store = [this] { return place_->store(); },
                     .report = {}});
    client_error = {};
    {
      const auto client = connect_to(std::move(client_side[0]), wire::Role::Client);
      try {
        back_up(*client);
      } catch (const Error& error) {
        client_error = error;
      }
    }
    server_error = agent.wait();
    return {relay.passed(Direction::ToServer), relay.passed(Direction::ToClient)};
  }

  testing::PlaceFiles replica() {
    return place_->replica_files({"web1", place_->volume("a")}, kSnapshot);
  }

  std::optional<Error> client_error;
  std::optional<Error> server_error;

 private:
  void back_up(wire::Connection& connection) {
    connection.handshake();
    remote::RemoteSource source(connection, "zfs");
    remote::RemoteStore store(connection, "far", "");
    source.features();
    store.identity();
    const auto volume = place_->volume("a");
    auto states = source.inventory({volume});
    if (states.at(0).points.empty()) {
      source.freeze({volume}, kSnapshot);
      states = source.inventory({volume});
    }
    ReceiveRequest request;
    request.volume = {"web1", volume};
    request.stream.volume = volume;
    request.stream.to = states.at(0).points.at(0);
    for (const auto& replica : store.inventory("web1")) {
      if (!replica.points.empty()) return;
      if (replica.partial) store.abort_partial(request.volume);
    }
    const auto stream = source.send(request.stream);
    store.receive(request, *stream);
    Settlement settlement;
    settlement.volume = volume;
    settlement.cursor = "snapferry_main_01234567";
    settlement.hold = request.stream.to;
    source.settle({settlement});
  }

  std::unique_ptr<testing::ReplicationPlace> place_;
};

constexpr std::size_t kNever = ~std::size_t{0};

// Where frames begin and end, and some bytes between.
std::set<std::size_t> places_to_cut(const Bytes& passed, unsigned seed) {
  std::set<std::size_t> places{1, wire::kMagic.size()};
  std::size_t at = wire::kMagic.size();
  while (at + wire::kHeaderSize <= passed.size()) {
    const auto header =
        wire::parse_header(std::span(passed).subspan(at).template first<wire::kHeaderSize>());
    places.insert({at + 4, at + wire::kHeaderSize});
    at += wire::kHeaderSize + header.length;
    places.insert(at);
  }
  std::mt19937 random(seed);
  for (int i = 0; i < 20; ++i) places.insert(1 + random() % passed.size());
  // Whole, nothing is cut.
  while (!places.empty() && *places.rbegin() >= passed.size()) places.erase(*places.rbegin());
  return places;
}

void cut_everywhere(Direction direction) {
  const auto whole = Scene().run(direction, kNever).at(static_cast<std::size_t>(direction));
  for (const auto place : places_to_cut(whole, 4)) {
    SCOPED_TRACE(place);
    Scene scene;
    scene.run(direction, place);
    // What came last need not have been waited for.
    if (scene.client_error) {
      EXPECT_EQ(to_string(scene.client_error->kind()), "Unavailable")
          << scene.client_error->message();
      EXPECT_THAT(scene.client_error->message(), ::testing::HasSubstr("; run it again"));
    }
    if (scene.server_error) {
      EXPECT_EQ(to_string(scene.server_error->kind()), "Unavailable");
    }
    EXPECT_TRUE(scene.client_error || scene.server_error || place + 100 > whole.size());
    scene.run(direction, kNever);
    EXPECT_FALSE(scene.client_error) << scene.client_error->message();
    EXPECT_FALSE(scene.server_error) << scene.server_error->message();
    EXPECT_EQ(scene.replica().at("file").size(), 200'000u);
  }
}

TEST(Interruption, OnTheWayToTheServerEndsBothAndTheNextRunFinishes) {
  cut_everywhere(Direction::ToServer);
}

TEST(Interruption, OnTheWayToTheClientEndsBothAndTheNextRunFinishes) {
  cut_everywhere(Direction::ToClient);
}

}  // namespace
}  // namespace snapferry::agent
