#pragma once

#include <utility>

#include "platform/command.h"
#include "platform/fd.h"

namespace snapferry::testing {

// A child whose pipes are a socket, which leads to another end in this process.
class SocketChild : public platform::Child {
 public:
  explicit SocketChild(platform::Fd socket) : socket_(std::move(socket)) {}
  int input() const override { return socket_.get(); }
  int output() const override { return socket_.get(); }
  void close_input() override {}
  platform::ExitReport wait() override { return {}; }

 private:
  platform::Fd socket_;
};

}  // namespace snapferry::testing
