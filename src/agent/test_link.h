#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include "agent/server.h"
#include "agent/view_broker.h"
#include "agent/view_server.h"
#include "core/error.h"
#include "platform/socket_pair.h"
#include "remote/remote_source.h"
#include "remote/remote_store.h"
#include "remote/remote_target.h"
#include "wire/connection.h"

namespace snapferry::agent {

using platform::socket_pair;
using platform::SocketPair;

inline std::unique_ptr<wire::Connection> connect_to(platform::Fd socket, wire::Role role) {
  platform::Fd output(::fcntl(socket.get(), F_DUPFD_CLOEXEC, 3));
  return std::make_unique<wire::Connection>(std::move(socket), std::move(output),
                                            wire::ConnectionOptions{.role = role});
}

// An agent in a thread of its own.
class TestAgent {
 public:
  TestAgent(platform::Fd socket, Served served)
      : connection_(connect_to(std::move(socket), wire::Role::Server)),
        thread_([this, served = std::move(served)]() mutable {
          try {
            Server(std::move(served)).run(*connection_);
          } catch (const Error& error) {
            end_ = error;
          }
          connection_.reset();
        }) {}
  ~TestAgent() { (void)wait(); }

  // How it ended; nullopt: in good order.
  std::optional<Error> wait() {
    if (thread_.joinable()) thread_.join();
    return end_;
  }

 private:
  std::unique_ptr<wire::Connection> connection_;
  std::optional<Error> end_;
  std::thread thread_;
};

// Shows the files of snapshots from threads of this process, in place of a ViewBroker.
class TestViews {
 public:
  explicit TestViews(ViewBroker::Browse browse) : browse_(std::move(browse)) {}
  // Waits until the last socket is closed.
  ~TestViews() {
    for (auto& thread : threads_) thread.join();
  }

  platform::Fd connect(const wire::SnapshotName& snapshot) {
    auto sockets = socket_pair();
    threads_.emplace_back([this, snapshot, socket = std::move(sockets[0])]() mutable {
      serve(snapshot, std::move(socket));
    });
    return std::move(sockets[1]);
  }
  ViewRelay::Connect connector() {
    return [this](const wire::SnapshotName& snapshot) { return connect(snapshot); };
  }

 private:
  void serve(const wire::SnapshotName& snapshot, platform::Fd socket) {
    platform::Fd output(::fcntl(socket.get(), F_DUPFD_CLOEXEC, 3));
    wire::ConnectionOptions options{.role = wire::Role::Server};
    std::optional<ViewServer> server;
    try {
      server.emplace(browse_(snapshot.volume, snapshot.point()));
      options.features.emplace_back(kViewFeature);
    } catch (const Error& error) {
      server.emplace(error);
    }
    wire::Connection connection(std::move(socket), std::move(output), options);
    try {
      server->run(connection);
    } catch (const Error&) {
      // The agent is gone.
    }
  }

  const ViewBroker::Browse browse_;
  std::vector<std::thread> threads_;
};

// An agent and a connection to it.
struct TestLink {
  explicit TestLink(Served served) : TestLink(std::move(served), socket_pair()) {}
  ~TestLink() { client.reset(); }

  std::unique_ptr<TestAgent> agent;
  std::unique_ptr<wire::Connection> client;

 private:
  TestLink(Served served, SocketPair sockets)
      : agent(std::make_unique<TestAgent>(std::move(sockets[0]), std::move(served))),
        client(connect_to(std::move(sockets[1]), wire::Role::Client)) {}
};

// Passes bytes between two sockets and keeps them, until `limit` bytes of one direction have
// passed: then it cuts both.
class CuttingRelay {
 public:
  enum class Direction : std::uint8_t { ToServer = 0, ToClient = 1 };

  CuttingRelay(platform::Fd client, platform::Fd server, Direction direction, std::size_t limit)
      : sockets_{std::move(client), std::move(server)},
        direction_(direction),
        left_(limit),
        thread_([this] { run(); }) {}
  ~CuttingRelay() { thread_.join(); }

  // Once both ends are gone.
  const Bytes& passed(Direction direction) const {
    return passed_.at(static_cast<std::size_t>(direction));
  }

 private:
  void run() {
    while (pass_some()) {
    }
    sockets_ = {};
  }
  bool pass_some() {
    std::array<pollfd, 2> wait{pollfd{sockets_[0].get(), POLLIN, 0},
                               pollfd{sockets_[1].get(), POLLIN, 0}};
    ::poll(wait.data(), wait.size(), -1);
    for (const std::size_t from : {0u, 1u}) {
      if (wait.at(from).revents != 0 && !pass(from)) return false;
    }
    return true;
  }
  bool pass(std::size_t from) {
    const bool counts = from == static_cast<std::size_t>(direction_);
    Bytes buffer(counts ? std::min<std::size_t>(left_, 65536) : 65536);
    if (buffer.empty()) return false;
    const auto size = ::recv(sockets_.at(from).get(), buffer.data(), buffer.size(), 0);
    if (size <= 0) return false;
    buffer.resize(static_cast<std::size_t>(size));
    if (counts) left_ -= buffer.size();
    auto& kept = passed_.at(from);
    kept.insert(kept.end(), buffer.begin(), buffer.end());
    for (ByteView rest = buffer; !rest.empty();) {
      const auto sent = ::send(sockets_.at(1 - from).get(), rest.data(), rest.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      rest = rest.subspan(static_cast<std::size_t>(sent));
    }
    return !counts || left_ > 0;
  }

  SocketPair sockets_;
  const Direction direction_;
  std::size_t left_;
  std::array<Bytes, 2> passed_;
  std::thread thread_;
};

}  // namespace snapferry::agent
