#include "wire/connection.h"

#include <future>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/errors.h"
#include "wire/pump.h"
#include "wire/test_peer.h"

namespace snapferry::wire {
namespace {

using ::testing::HasSubstr;

Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

// Reads to the end and compares with PatternStream; returns how many bytes came.
std::uint64_t check_pattern(Channel& channel) {
  ChannelStream stream(channel);
  Bytes buffer(100'000);
  std::uint64_t position = 0;
  while (const auto size = stream.read(buffer)) {
    for (std::size_t i = 0; i < size; ++i) {
      if (buffer[i] != PatternStream::byte_at(position + i)) {
        ADD_FAILURE() << "wrong byte at " << position + i;
        return position;
      }
    }
    position += size;
  }
  stream.finish();
  return position;
}

std::string message_of(const std::function<void()>& action, ErrorKind kind) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(to_string(error.kind()), to_string(kind)) << error.message();
    return error.message();
  }
  ADD_FAILURE() << "throws nothing";
  return "";
}

TEST(Connection, BothSidesGreet) {
  auto sockets = socket_pair();
  const auto server = connect_to(std::move(sockets[0]), Role::Server,
                                 {.program = "one 1", .features = {"role.source"}});
  const auto client = connect_to(std::move(sockets[1]), Role::Client, {.program = "two 2"});
  EXPECT_EQ(client->handshake().program, "one 1");
  EXPECT_TRUE(client->handshake().has("role.source"));
  EXPECT_EQ(server->handshake().program, "two 2");
}

TEST(Connection, CarriesARequestAndItsAnswer) {
  TestConnections ends;
  auto asked = ends.client->request(Verb::StoreInventory, bytes_of("which"));
  auto got = ends.server->accept();
  ASSERT_TRUE(got);
  EXPECT_EQ(got->verb().verb, Verb::StoreInventory);
  EXPECT_EQ(got->message(), bytes_of("which"));
  got->answer(bytes_of("these"));
  EXPECT_EQ(asked.message(), bytes_of("these"));
}

TEST(Connection, CarriesMessagesOfManyFramesAndEmptyOnes) {
  TestConnections ends;
  Bytes big(10u << 20);
  for (std::size_t i = 0; i < big.size(); ++i) big[i] = PatternStream::byte_at(i);
  auto asked = ends.client->request(Verb::StoreInventory, big);
  auto got = ends.server->accept();
  EXPECT_EQ(got->message(), big);
  got->answer(big);
  EXPECT_EQ(asked.message(), big);
  auto second = ends.client->request(Verb::StoreInventory, {});
  auto empty = ends.server->accept();
  EXPECT_TRUE(empty->message().empty());
  empty->answer({});
  EXPECT_TRUE(second.message().empty());
}

TEST(Connection, CarriesAStreamBack) {
  TestConnections ends;
  constexpr std::uint64_t kSize = 20'000'001;
  auto asked = ends.client->request(Verb::SourceSend, {});
  auto got = ends.server->accept();
  PatternStream stream(kSize);
  const auto sent = std::async(std::launch::async, [&] { return pump(stream, *got); });
  EXPECT_EQ(check_pattern(asked), kSize);
  EXPECT_TRUE(stream.finished);
}

TEST(Connection, CarriesAStreamForth) {
  TestConnections ends;
  constexpr std::uint64_t kSize = 20'000'001;
  auto asked = ends.client->request(Verb::StoreReceive, bytes_of("into"));
  auto got = ends.server->accept();
  PatternStream stream(kSize);
  auto sent = std::async(std::launch::async, [&] { return pump(stream, asked); });
  EXPECT_EQ(check_pattern(*got), kSize);
  got->answer({});
  EXPECT_EQ(sent.get(), kSize);
  EXPECT_TRUE(asked.message().empty());
}

TEST(Connection, ASlowStreamHoldsUpNoOther) {
  TestConnections ends;
  auto slow = ends.client->request(Verb::SourceSend, {});
  auto slow_end = ends.server->accept();
  PatternStream endless(~std::uint64_t{0});
  auto stuck = std::async(std::launch::async, [&] {
    try {
      pump(endless, *slow_end);
    } catch (const Error& error) {
      slow_end->fail(error);
    }
  });
  // Nobody reads `slow`; others come and go.
  for (int i = 0; i < 3; ++i) {
    auto quick = ends.client->request(Verb::SourceSend, {});
    auto quick_end = ends.server->accept();
    PatternStream stream(5'000'000);
    const auto sent = std::async(std::launch::async, [&] { return pump(stream, *quick_end); });
    EXPECT_EQ(check_pattern(quick), 5'000'000u);
  }
  slow.cancel_and_wait(std::chrono::seconds(10));
  stuck.get();
}

TEST(Connection, ManyChannelsAtOnceAndMoreThanThereMayBeOneAfterAnother) {
  TestConnections ends;
  std::thread server([&] {
    std::vector<std::future<void>> answers;
    while (auto got = ends.server->accept()) {
      answers.push_back(std::async(std::launch::async, [channel = std::move(*got)]() mutable {
        PatternStream stream(300'000);
        pump(stream, channel);
      }));
    }
  });
  std::vector<std::future<std::uint64_t>> clients;
  for (int i = 0; i < 100; ++i) {
    clients.push_back(std::async(std::launch::async, [&] {
      auto channel = ends.client->request(Verb::SourceSend, {});
      return check_pattern(channel);
    }));
  }
  for (auto& client : clients) EXPECT_EQ(client.get(), 300'000u);
  ends.client.reset();
  server.join();
}

TEST(Connection, AFailureKeepsItsKindAndNamesThePeer) {
  TestConnections ends({.peer = "web1"});
  auto asked = ends.client->request(Verb::StoreSetAside, {});
  ends.server->accept()->fail(Error(ErrorKind::Conflict, "tank: has diverged"));
  EXPECT_EQ(message_of([&] { asked.message(); }, ErrorKind::Conflict), "web1: tank: has diverged");
}

TEST(Connection, AReceiverThatFailsEarlyStopsTheSender) {
  TestConnections ends;
  auto asked = ends.client->request(Verb::StoreReceive, {});
  auto got = ends.server->accept();
  auto sent = std::async(std::launch::async, [&] {
    PatternStream endless(~std::uint64_t{0});
    pump(endless, asked);
  });
  got->fail(Error(ErrorKind::NoSpace, "full"));
  EXPECT_ERROR(sent.get(), ErrorKind::NoSpace);
}

TEST(Connection, AStreamThatIsDestroyedEarlyCancelsItsSender) {
  TestConnections ends;
  std::optional<Channel> asked(ends.client->request(Verb::SourceSend, {}));
  auto got = ends.server->accept();
  auto sent = std::async(std::launch::async, [&] {
    PatternStream endless(~std::uint64_t{0});
    pump(endless, *got);
  });
  asked.reset();
  EXPECT_ERROR(sent.get(), ErrorKind::Cancelled);
  EXPECT_TRUE(got->cancellation().requested());
}

// A stream whose maker says nothing more.
class SilentStream : public Stream {
 public:
  SilentStream() : sockets_(socket_pair()) {}
  std::size_t read(std::span<std::uint8_t> buffer) override {
    return static_cast<std::size_t>(::read(sockets_[0].get(), buffer.data(), buffer.size()));
  }
  void finish() override {}
  int pipe() const override { return sockets_[0].get(); }

 private:
  std::array<platform::Fd, 2> sockets_;
};

TEST(Connection, ASilentMakerIsLeftWhenTheClientCancels) {
  TestConnections ends;
  std::optional<Channel> asked(ends.client->request(Verb::SourceSend, {}));
  auto got = ends.server->accept();
  auto sent = std::async(std::launch::async, [&] {
    SilentStream silent;
    pump(silent, *got);
  });
  asked.reset();
  EXPECT_ERROR(sent.get(), ErrorKind::Cancelled);
}

TEST(Connection, ASilentMakerIsLeftWhenTheConnectionIsLost) {
  TestConnections ends;
  auto asked = ends.client->request(Verb::SourceSend, {});
  auto got = ends.server->accept();
  auto sent = std::async(std::launch::async, [&] {
    SilentStream silent;
    pump(silent, *got);
  });
  ends.client.reset();
  EXPECT_ERROR(sent.get(), ErrorKind::Unavailable);
  EXPECT_ERROR(asked.message(), ErrorKind::Unavailable);
}

TEST(Connection, ACancellationOfTheCallerIsNoticed) {
  TestConnections ends;
  Cancellation cancellation;
  auto asked = ends.client->request(Verb::StoreSetAside, {});
  cancellation.request();
  EXPECT_ERROR(asked.message(&cancellation), ErrorKind::Cancelled);
}

TEST(Connection, TheServerEndsInOrderWhenTheClientLeaves) {
  TestConnections ends;
  ends.client->handshake();
  ends.client.reset();
  EXPECT_FALSE(ends.server->accept());
}

TEST(Connection, TheServerNoticesAClientThatLeavesInTheMiddle) {
  TestConnections ends;
  auto asked = ends.client->request(Verb::StoreSetAside, {});
  auto got = ends.server->accept();
  ends.client.reset();
  EXPECT_THAT(message_of([&] { ends.server->accept(); }, ErrorKind::Unavailable),
              HasSubstr("run it again"));
  EXPECT_TRUE(got->cancellation().requested());
}

TEST(Connection, AnAbortIsToldToThePeer) {
  TestConnections ends;
  ends.client->handshake();
  auto asked = ends.client->request(Verb::StoreSetAside, {});
  // Kept: a call that is left without an answer fails for that.
  auto call = ends.server->accept();
  call->message();
  ends.server->abort(Error(ErrorKind::Corrupt, "nonsense"));
  EXPECT_THAT(message_of([&] { asked.message(); }, ErrorKind::Corrupt), HasSubstr("nonsense"));
}

TEST(Connection, APeerThatIsNotSnapferryIsShown) {
  auto sockets = socket_pair();
  const auto client = connect_to(std::move(sockets[0]), Role::Client, {.peer = "web1"});
  RawPeer peer(std::move(sockets[1]));
  peer.send_bytes(as_bytes("Welcome to \x1b[31mDebian\nmore"));
  EXPECT_THAT(
      message_of([&] { client->handshake(); }, ErrorKind::Unsupported),
      HasSubstr("web1: the far end is not snapferry: it says \"Welcome to \\x1b[31mDebian\""));
}

TEST(Connection, APeerWithoutACommonVersionIsRefusedOnBothSides) {
  auto sockets = socket_pair();
  const auto client = connect_to(std::move(sockets[0]), Role::Client);
  RawPeer peer(std::move(sockets[1]));
  peer.greet({7, 9, "snapferry 7", {}});
  EXPECT_ERROR(client->handshake(), ErrorKind::Unsupported);
  EXPECT_THAT(peer.farewell(), HasSubstr("no version of the protocol"));
}

TEST(Connection, UnknownFeaturesAreIgnored) {
  auto sockets = socket_pair();
  const auto server = connect_to(std::move(sockets[0]), Role::Server);
  RawPeer peer(std::move(sockets[1]));
  peer.greet({1, 9, "snapferry 9", {"teleport", "x.y-z"}});
  EXPECT_TRUE(server->handshake().has("teleport"));
}

TEST(Connection, ASilentPeerIsAskedAndThenLost) {
  TestTime time;
  auto sockets = socket_pair();
  const auto server = connect_to(std::move(sockets[0]), Role::Server, {.now = time.now()});
  RawPeer peer(std::move(sockets[1]));
  peer.greet();
  server->handshake();
  time.advance(std::chrono::seconds(16));
  server->look_at_clock();
  EXPECT_TRUE(peer.next(FrameType::Ping));
  time.advance(std::chrono::seconds(60));
  server->look_at_clock();
  EXPECT_THAT(message_of([&] { server->accept(); }, ErrorKind::Unavailable),
              HasSubstr("no sign of life"));
  EXPECT_FALSE(peer.next());
}

TEST(Connection, APingIsAnswered) {
  auto sockets = socket_pair();
  const auto server = connect_to(std::move(sockets[0]), Role::Server);
  RawPeer peer(std::move(sockets[1]));
  peer.greet();
  peer.send(FrameType::Ping, 0);
  EXPECT_TRUE(peer.next(FrameType::Pong));
}

// A client with one request under way, at a server that a test plays.
class Progress : public ::testing::Test {
 protected:
  Progress() {
    auto sockets = socket_pair();
    client_ = connect_to(std::move(sockets[0]), Role::Client, {.now = time_.now()});
    peer_.emplace(std::move(sockets[1]));
  }
  void begin(std::vector<std::string> features) {
    peer_->greet({1, 1, "raw 1", std::move(features)});
    client_->handshake();
    asked_.emplace(client_->request(Verb::SourceSettle, {}));
    EXPECT_TRUE(peer_->next(FrameType::Last));
  }
  // Time passes in steps in which the peer is heard, and sends `more`.
  void pass(Duration time, std::optional<FrameType> more = std::nullopt) {
    for (Duration step = std::chrono::seconds(50); time.count() > 0; time -= step) {
      time_.advance(step);
      if (more) peer_->send(*more, 1);
      peer_->send(FrameType::Ping, 0);
      // Answered once all of it was taken, and after the clock was looked at.
      auto frame = peer_->next();
      for (; frame && frame->header.type != FrameType::Pong; frame = peer_->next()) {
        cancelled_ |= frame->header.type == FrameType::Cancel;
      }
      EXPECT_TRUE(frame);
      client_->look_at_clock();
    }
  }

  TestTime time_;
  std::unique_ptr<Connection> client_;
  std::optional<RawPeer> peer_;
  std::optional<Channel> asked_;
  bool cancelled_ = false;
};

TEST_F(Progress, APeerThatAnswersPingsAndNothingElseIsLeft) {
  begin({"working"});
  pass(std::chrono::minutes(17));
  EXPECT_THAT(message_of([&] { asked_->message(); }, ErrorKind::Unavailable),
              HasSubstr("gets nowhere"));
  EXPECT_TRUE(cancelled_);
}

TEST_F(Progress, APeerThatSaysThatItWorksIsWaitedForForADay) {
  begin({"working"});
  pass(std::chrono::hours(23), FrameType::Working);
  EXPECT_NO_THROW(asked_->check());
  pass(std::chrono::hours(2), FrameType::Working);
  EXPECT_THAT(message_of([&] { asked_->message(); }, ErrorKind::Unavailable),
              HasSubstr("gets nowhere"));
}

TEST_F(Progress, APeerThatCannotSaySoIsWaitedForForADay) {
  begin({});
  pass(std::chrono::hours(23));
  EXPECT_NO_THROW(asked_->check());
  pass(std::chrono::hours(2));
  EXPECT_ERROR(asked_->message(), ErrorKind::Unavailable);
}

TEST(Connection, AServerSaysThatItWorksOnARequestItHasTakenUp) {
  TestTime time;
  auto sockets = socket_pair();
  const auto server = connect_to(std::move(sockets[0]), Role::Server, {.now = time.now()});
  RawPeer peer(std::move(sockets[1]));
  peer.greet({1, 1, "raw 1", {"working"}});
  peer.request(1, Verb::SourceSettle, {});
  auto got = server->accept();
  time.advance(std::chrono::seconds(16));
  server->look_at_clock();
  EXPECT_EQ(peer.next(FrameType::Working)->header.channel, 1u);
  got->answer({});
  EXPECT_TRUE(peer.next(FrameType::Last));
}

TEST(Connection, APeerThatDoesNotGreetIsLost) {
  TestTime time;
  auto sockets = socket_pair();
  const auto server = connect_to(std::move(sockets[0]), Role::Server, {.now = time.now()});
  time.advance(std::chrono::seconds(31));
  server->look_at_clock();
  EXPECT_THAT(message_of([&] { server->accept(); }, ErrorKind::Unavailable), HasSubstr("greeting"));
}

TEST(Connection, AChannelWhosePeerGrantsNoCreditFails) {
  TestTime time;
  auto sockets = socket_pair();
  const auto server = connect_to(std::move(sockets[0]), Role::Server, {.now = time.now()});
  RawPeer peer(std::move(sockets[1]));
  peer.greet();
  peer.request(1, Verb::SourceSend, {});
  auto got = server->accept();
  auto sent = std::async(std::launch::async, [&] {
    PatternStream endless(~std::uint64_t{0});
    pump(endless, *got);
  });
  std::size_t came = 0;
  while (came < kWindow) came += peer.next(FrameType::Data)->payload.size();
  // The sender may still be on its way to wait: the peer stays alive until it has failed.
  while (sent.wait_for(Duration(1)) != std::future_status::ready) {
    time.advance(std::chrono::seconds(30));
    peer.send(FrameType::Ping, 0);
    ASSERT_TRUE(peer.next(FrameType::Pong));
  }
  EXPECT_THAT(message_of([&] { sent.get(); }, ErrorKind::Unavailable),
              HasSubstr("takes no more data"));
  EXPECT_EQ(came, kWindow);
}

TEST(Connection, ANewOneCostsNoThreadThatStays) {
  for (int i = 0; i < 50; ++i) {
    TestConnections ends;
    if (i % 2 == 0) ends.client->handshake();
    if (i % 3 == 0) ends.server.reset();
  }
}

}  // namespace
}  // namespace snapferry::wire
