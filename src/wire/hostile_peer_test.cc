// What a peer may try against a connection; each ends it, with the cause told to the peer.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/errors.h"
#include "wire/connection.h"
#include "wire/test_peer.h"

namespace snapferry::wire {
namespace {

using ::testing::HasSubstr;

class HostileClient : public ::testing::Test {
 protected:
  HostileClient() {
    auto sockets = socket_pair();
    server_ = connect_to(std::move(sockets[0]), Role::Server);
    peer_ = std::make_unique<RawPeer>(std::move(sockets[1]));
    peer_->greet();
  }

  void expect_refusal(const std::string& cause) {
    EXPECT_THAT(peer_->farewell(), HasSubstr(cause));
    try {
      while (server_->accept()) {
      }
      ADD_FAILURE() << "the server goes on";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Corrupt) << error.message();
    }
  }

  std::unique_ptr<Connection> server_;
  std::unique_ptr<RawPeer> peer_;
};

TEST_F(HostileClient, WithAnUnknownFrame) {
  peer_->send_header({static_cast<FrameType>(99), 0, 0});
  expect_refusal("unknown type 99");
}

TEST_F(HostileClient, WithAnOversizedLength) {
  peer_->send_header({FrameType::Data, 1, 0xffffffff});
  expect_refusal("outside its limits");
}

TEST_F(HostileClient, WithASecondHello) {
  const auto hello = encode_hello({.program = "x"});
  peer_->send(FrameType::Hello, 0, hello.view());
  expect_refusal("second Hello");
}

TEST_F(HostileClient, WithAForeignVerb) {
  const Bytes verb{0x34, 0x12};
  peer_->send(FrameType::Request, 1, verb);
  expect_refusal("unknown verb 4660");
}

TEST_F(HostileClient, WithAChannelThatWasNeverOpened) {
  peer_->send(FrameType::End, 5);
  expect_refusal("never opened");
}

TEST_F(HostileClient, WithAChannelOutOfOrder) {
  peer_->request(2, Verb::StoreOpen, {});
  expect_refusal("wrong number");
}

TEST_F(HostileClient, WithAChannelOpenedTwice) {
  peer_->request(1, Verb::StoreReceive, {});
  peer_->request(1, Verb::StoreReceive, {});
  expect_refusal("wrong number");
}

TEST_F(HostileClient, WithTooManyChannels) {
  for (std::uint32_t channel = 1; channel <= 33; ++channel) {
    peer_->request(channel, Verb::StoreOpen, {});
  }
  expect_refusal("more than 32 channels");
}

TEST_F(HostileClient, WithDataWhereNoneBelongs) {
  peer_->request(1, Verb::StoreOpen, {});
  peer_->send(FrameType::Data, 1, as_bytes("x"));
  expect_refusal("Data out of turn");
}

TEST_F(HostileClient, WithDataBeforeItsMessage) {
  const Bytes verb{static_cast<std::uint8_t>(Verb::StoreReceive), 0};
  peer_->send(FrameType::Request, 1, verb);
  peer_->send(FrameType::Data, 1, as_bytes("x"));
  expect_refusal("Data out of turn");
}

TEST_F(HostileClient, WithDataBehindItsEnd) {
  peer_->request(1, Verb::StoreReceive, {});
  peer_->send(FrameType::End, 1);
  peer_->send(FrameType::Data, 1, as_bytes("x"));
  expect_refusal("out of turn");
}

TEST_F(HostileClient, WithDataBeyondTheCredit) {
  peer_->request(1, Verb::StoreReceive, {});
  const Bytes payload(kMaxPayload);
  for (std::size_t sent = 0; sent <= kWindow; sent += payload.size()) {
    peer_->send(FrameType::Data, 1, payload);
  }
  expect_refusal("beyond the credit");
}

TEST_F(HostileClient, WithCreditBeyondTheWindow) {
  peer_->request(1, Verb::SourceSend, {});
  peer_->credit(1, 1);
  expect_refusal("beyond the window");
}

TEST_F(HostileClient, WithCreditForNothing) {
  peer_->request(1, Verb::StoreOpen, {});
  peer_->credit(1, 1);
  expect_refusal("without Data");
}

TEST_F(HostileClient, WithARequestThatNeverEnds) {
  const Bytes verb{static_cast<std::uint8_t>(Verb::StoreOpen), 0};
  const Bytes payload(kMaxPayload);
  peer_->send(FrameType::Request, 1, verb);
  for (int i = 0; i <= 256; ++i) peer_->send(FrameType::Message, 1, payload);
  expect_refusal("beyond its limit");
}

TEST_F(HostileClient, WithManyRequestsThatNeverEnd) {
  const Bytes verb{static_cast<std::uint8_t>(Verb::StoreOpen), 0};
  const Bytes payload(kMaxPayload);
  for (std::uint32_t channel = 1; channel <= 5; ++channel) {
    peer_->send(FrameType::Request, channel, verb);
    for (int i = 0; i < 250; ++i) peer_->send(FrameType::Message, channel, payload);
  }
  expect_refusal("beyond its limit");
}

TEST_F(HostileClient, WithManyLargeRequestsBeforeAnyWasAnswered) {
  const Bytes verb{static_cast<std::uint8_t>(Verb::StoreOpen), 0};
  const Bytes payload(kMaxPayload);
  std::vector<Channel> accepted;
  for (std::uint32_t channel = 1; channel <= 4; ++channel) {
    peer_->send(FrameType::Request, channel, verb);
    for (int i = 0; i < 255; ++i) peer_->send(FrameType::Message, channel, payload);
    peer_->send(FrameType::Last, channel, payload);
    accepted.push_back(*server_->accept());
    EXPECT_EQ(accepted.back().message().size(), 256 * payload.size());
  }
  peer_->request(5, Verb::StoreOpen, as_bytes("x"));
  expect_refusal("beyond its limit");
}

TEST_F(HostileClient, MayAskAgainOnceItWasAnswered) {
  const Bytes verb{static_cast<std::uint8_t>(Verb::StoreOpen), 0};
  const Bytes payload(kMaxPayload);
  for (std::uint32_t channel = 1; channel <= 6; ++channel) {
    peer_->send(FrameType::Request, channel, verb);
    for (int i = 0; i < 255; ++i) peer_->send(FrameType::Message, channel, payload);
    peer_->send(FrameType::Last, channel, payload);
    server_->accept()->answer({});
    ASSERT_TRUE(peer_->next(FrameType::Last));
  }
}

TEST_F(HostileClient, ThatAnswersInsteadOfAsking) {
  peer_->request(1, Verb::StoreReceive, {});
  const auto failure = encode_failure(Error(ErrorKind::Busy, "x"));
  peer_->send(FrameType::Failure, 1, failure.view());
  expect_refusal("out of turn");
}

TEST_F(HostileClient, WithAHalfFrameAtTheEnd) {
  peer_->send_header({FrameType::Goodbye, 0, 10});
  peer_->close();
  EXPECT_ERROR(server_->accept(), ErrorKind::Unavailable);
}

TEST_F(HostileClient, ThatCancelsAHalfRequestGetsItsAnswer) {
  const Bytes verb{static_cast<std::uint8_t>(Verb::StoreOpen), 0};
  peer_->send(FrameType::Request, 1, verb);
  peer_->send(FrameType::Cancel, 1);
  EXPECT_TRUE(peer_->next(FrameType::Failure));
  // The channel is over; a credit that crossed is no violation, a frame of content is.
  peer_->send(FrameType::Cancel, 1);
  peer_->send(FrameType::Last, 1);
  expect_refusal("out of turn");
}

TEST(HostileConnection, AFrameBeforeTheHelloIsRefused) {
  auto sockets = socket_pair();
  const auto server = connect_to(std::move(sockets[0]), Role::Server);
  RawPeer peer(std::move(sockets[1]));
  peer.send_bytes(as_bytes(kMagic));
  peer.send(FrameType::Ping, 0);
  EXPECT_THAT(peer.farewell(), HasSubstr("out of turn"));
  EXPECT_ERROR(server->handshake(), ErrorKind::Corrupt);
}

class HostileServer : public ::testing::Test {
 protected:
  HostileServer() {
    auto sockets = socket_pair();
    client_ = connect_to(std::move(sockets[0]), Role::Client);
    peer_ = std::make_unique<RawPeer>(std::move(sockets[1]));
    peer_->greet();
  }
  Channel ask(Verb verb) {
    auto channel = client_->request(verb, {});
    EXPECT_TRUE(peer_->next(FrameType::Last));
    return channel;
  }

  std::unique_ptr<Connection> client_;
  std::unique_ptr<RawPeer> peer_;
};

TEST_F(HostileServer, ThatAsks) {
  auto channel = ask(Verb::StoreOpen);
  peer_->request(2, Verb::StoreOpen, {});
  EXPECT_ERROR(channel.message(), ErrorKind::Corrupt);
  EXPECT_THAT(peer_->farewell(), HasSubstr("out of turn"));
}

TEST_F(HostileServer, WithAnAnswerThatNeverEndsIsCancelledOnce) {
  auto channel = ask(Verb::StoreOpen);
  const Bytes payload(kMaxPayload);
  for (int i = 0; i < 4100; ++i) peer_->send(FrameType::Message, 1, payload);
  EXPECT_TRUE(peer_->next(FrameType::Cancel));
  peer_->send(FrameType::Message, 1, payload);
  peer_->send(FrameType::Last, 1);
  peer_->send(FrameType::Ping, 0);
  const auto next = peer_->next();
  ASSERT_TRUE(next);
  EXPECT_EQ(next->header.type, FrameType::Pong);
  // Not the little that was kept of it.
  EXPECT_ERROR(channel.message(), ErrorKind::Corrupt);
}

TEST_F(HostileServer, ThatSendsAStreamInPlaceOfAMessage) {
  auto channel = ask(Verb::StoreOpen);
  peer_->send(FrameType::Data, 1, as_bytes("x"));
  EXPECT_ERROR(channel.message(), ErrorKind::Corrupt);
}

TEST_F(HostileServer, ThatSendsAMessageInPlaceOfAStream) {
  auto channel = ask(Verb::SourceSend);
  peer_->send(FrameType::Last, 1);
  Bytes buffer(10);
  EXPECT_ERROR(channel.read(buffer), ErrorKind::Corrupt);
}

TEST_F(HostileServer, ThatEndsWithoutAnEndMakesNoStreamWhole) {
  auto channel = ask(Verb::SourceSend);
  peer_->send(FrameType::Data, 1, as_bytes("half"));
  peer_->close();
  ChannelStream stream(channel);
  Bytes buffer(10);
  EXPECT_EQ(stream.read(buffer), 4u);
  EXPECT_ERROR(stream.read(buffer), ErrorKind::Unavailable);
  EXPECT_ERROR(stream.finish(), ErrorKind::Unavailable);
}

TEST_F(HostileServer, WithAFailureOfAnUnknownKind) {
  auto channel = ask(Verb::StoreOpen);
  const Bytes failure{77, 0, 0, 0, 0};
  peer_->send(FrameType::Failure, 1, failure);
  EXPECT_ERROR(channel.message(), ErrorKind::Corrupt);
}

TEST_F(HostileServer, WithManyTinyPiecesOfDataStaysWithinTheWindow) {
  auto channel = ask(Verb::SourceSend);
  for (int i = 0; i < 20'000; ++i) peer_->send(FrameType::Data, 1, as_bytes("ab"));
  peer_->send(FrameType::End, 1);
  Bytes buffer(100);
  std::size_t total = 0;
  while (const auto size = channel.read(buffer)) total += size;
  EXPECT_EQ(total, 40'000u);
}

}  // namespace
}  // namespace snapferry::wire
