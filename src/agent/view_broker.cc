#include "agent/view_broker.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/view_relay.h"
#include "agent/view_server.h"
#include "core/error.h"
#include "platform/socket_pair.h"
#include "wire/connection.h"
#include "wire/failure.h"

namespace snapferry::agent {
namespace {

using platform::Fd;
using sandbox::enter_sandbox;
using sandbox::Grip;
using sandbox::LayerReport;
using sandbox::PathAccess;
using sandbox::SandboxLayer;
using sandbox::SandboxMode;
using sandbox::SandboxPlan;
using sandbox::SandboxReport;
using sandbox::SystemCallSet;

// Processes of snapshots at once; more than an agent that keeps to kMaxViews ever has, though some
// of those it let go may still be ending.
constexpr std::size_t kMaxProcesses = 4 * kMaxViews;
constexpr std::size_t kMaxPacket = 16u << 10;
// The first byte of an answer.
constexpr std::uint8_t kGood = 0;
constexpr std::uint8_t kFailed = 1;

// Sends a packet, with a descriptor unless it is -1. False if nobody reads it.
bool send_packet(int socket, ByteView bytes, int descriptor = -1) {
  iovec part{const_cast<std::uint8_t*>(bytes.data()), bytes.size()};  // NOLINT: it only reads
  alignas(cmsghdr) std::array<std::uint8_t, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (descriptor >= 0) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  }
  ssize_t size = 0;
  do {
    size = ::sendmsg(socket, &message, MSG_NOSIGNAL);
  } while (size < 0 && errno == EINTR);
  return size == static_cast<ssize_t>(bytes.size());
}

struct Packet {
  Bytes bytes;
  Fd descriptor;
};

// nullopt once the other end is closed, and for what is cut short.
std::optional<Packet> receive_packet(int socket) {
  Packet packet;
  packet.bytes.resize(kMaxPacket);
  iovec part{packet.bytes.data(), packet.bytes.size()};
  alignas(cmsghdr) std::array<std::uint8_t, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t size = 0;
  do {
    size = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header != nullptr && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
    int descriptor = -1;
    std::memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
    packet.descriptor = Fd(descriptor);
  }
  if (size <= 0 || (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) return std::nullopt;
  packet.bytes.resize(static_cast<std::size_t>(size));
  return packet;
}

bool send_failure(int socket, const Error& error) {
  Bytes bytes = {kFailed};
  ByteWriter(bytes).raw(wire::encode_failure(error).view());
  return send_packet(socket, bytes);
}

[[noreturn]] void broker_is_gone() {
  throw Error(ErrorKind::Unavailable,
              "the process that shows files is gone; run it again to start another");
}

// What an answer says, if it does not say that something failed.
Packet good(std::optional<Packet> answer) {
  if (!answer) broker_is_gone();
  if (answer->bytes[0] != kGood) throw wire::decode_failure(ByteView(answer->bytes).subspan(1));
  return *std::move(answer);
}

// Nothing of ssh: neither its bytes, nor that it waits for who still holds its pipes.
void let_go_of_standard_streams() {
  const Fd nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO}) {
    if (nothing.valid()) {
      ::dup2(nothing.get(), stream);
    } else {
      ::close(stream);
    }
  }
}

// The process of one snapshot.
void serve_view(const ViewBroker::Browse& browse, const wire::SnapshotName& snapshot, Fd socket,
                SandboxMode mode) {
  std::unique_ptr<SnapshotView> view;
  std::optional<Error> failure;
  try {
    view = browse(snapshot.volume, snapshot.point());
  } catch (const Error& error) {
    failure = error;
  }
  try {
    enter_sandbox(plan_view(view ? view->descriptor() : -1), mode);
  } catch (const Error& error) {
    failure = error;
  }
  wire::ConnectionOptions options;
  options.role = wire::Role::Server;
  if (!failure) options.features.emplace_back(kViewFeature);
  Fd output(::fcntl(socket.get(), F_DUPFD_CLOEXEC, 3));
  if (!output.valid()) return;
  auto server = failure ? ViewServer(*failure) : ViewServer(std::move(view));
  wire::Connection connection(std::move(socket), std::move(output), options);
  server.run(connection);
}

class Broker {
 public:
  Broker(const ViewBroker::Browse& browse, Fd socket, SandboxMode mode)
      : browse_(browse), socket_(std::move(socket)), mode_(mode) {}

  void run() {
    while (const auto packet = receive_packet(socket_.get())) {
      try {
        if (!start(wire::decode<wire::SnapshotName>(packet->bytes))) return;
      } catch (const Error& error) {
        if (!send_failure(socket_.get(), error)) return;
      }
    }
  }

 private:
  bool start(const wire::SnapshotName& snapshot) {
    while (processes_ > 0 && ::waitpid(-1, nullptr, WNOHANG) > 0) --processes_;
    if (processes_ >= kMaxProcesses) {
      throw Error(ErrorKind::Busy, "too many snapshots are open; close some of them");
    }
    auto [ours, theirs] = platform::socket_pair();
    const ::pid_t process = ::fork();
    if (process < 0) throw system_error(errno, "start it", "a process for the snapshot");
    if (process == 0) {
      socket_.reset();
      theirs.reset();
      int status = 0;
      try {
        serve_view(browse_, snapshot, std::move(ours), mode_);
      } catch (const std::exception&) {
        status = 1;  // the agent sees that the connection was lost
      }
      ::_exit(status);
    }
    ++processes_;
    const std::uint8_t status = kGood;
    return send_packet(socket_.get(), {&status, 1}, theirs.get());
  }

  const ViewBroker::Browse& browse_;
  Fd socket_;
  const SandboxMode mode_;
  std::size_t processes_ = 0;
};

void run_broker(const ViewBroker::Browse& browse, Fd socket, const SandboxPlan& plan,
                SandboxMode mode) {
  ::signal(SIGTERM, SIG_DFL);
  ::signal(SIGINT, SIG_DFL);
  ::signal(SIGCHLD, SIG_DFL);
  let_go_of_standard_streams();
  try {
    const auto report = enter_sandbox(plan, mode);
    Bytes bytes = {kGood};
    ByteWriter writer(bytes);
    for (const auto& layer : report.layers) {
      writer.u8(static_cast<std::uint8_t>(layer.layer));
      writer.u8(static_cast<std::uint8_t>(layer.grip));
      writer.sized(as_bytes(layer.detail));
    }
    if (!send_packet(socket.get(), bytes)) return;
  } catch (const Error& error) {
    send_failure(socket.get(), error);
    return;
  }
  Broker(browse, std::move(socket), mode).run();
}

SandboxReport decode_report(ByteView bytes) {
  SandboxReport report;
  ByteReader reader(bytes, "the report of the broker");
  while (!reader.at_end()) {
    LayerReport layer;
    layer.layer = static_cast<SandboxLayer>(reader.u8());
    layer.grip = static_cast<Grip>(reader.u8());
    layer.detail = as_text(reader.sized());
    report.layers.push_back(std::move(layer));
  }
  return report;
}

}  // namespace

ViewBroker::ViewBroker(const Browse& browse, const SandboxPlan& plan, SandboxMode mode) {
  auto [ours, theirs] = platform::socket_pair(SOCK_SEQPACKET);
  process_ = ::fork();
  if (process_ < 0) throw system_error(errno, "start it", "the process that shows files");
  if (process_ == 0) {
    ours.reset();
    try {
      run_broker(browse, std::move(theirs), plan, mode);
    } catch (const std::exception&) {
      ::_exit(1);  // the agent sees that it is gone
    }
    ::_exit(0);
  }
  socket_ = std::move(ours);
  theirs.reset();
  try {
    report_ = decode_report(ByteView(good(receive_packet(socket_.get())).bytes).subspan(1));
  } catch (...) {
    socket_.reset();
    ::waitpid(process_, nullptr, 0);
    throw;
  }
}

ViewBroker::~ViewBroker() {
  socket_.reset();
  while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

Fd ViewBroker::connect(const wire::SnapshotName& snapshot) {
  if (!send_packet(socket_.get(), wire::encode(snapshot))) broker_is_gone();
  auto answer = good(receive_packet(socket_.get()));
  if (!answer.descriptor.valid()) broker_is_gone();
  return std::move(answer.descriptor);
}

SandboxPlan plan_view(int directory) {
  SandboxPlan plan;
  plan.calls = SystemCallSet::View;
  plan.capabilities = {CAP_DAC_READ_SEARCH};
  if (directory >= 0) {
    plan.paths.push_back({"the snapshot", PathAccess::Read, directory});
  }
  return plan;
}

}  // namespace snapferry::agent
