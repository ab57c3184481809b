#include "bench/process_count.h"

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <set>

#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

namespace snapferry::bench {
namespace {

constexpr int kBuffer = 256 << 20;  // some hundred thousand messages

// A family of processes, of which one was there before.
class Family {
 public:
  explicit Family(pid_t root) : members_{root} {}
  void see(const proc_event& event) {
    const auto& fork = event.event_data.fork;
    const bool is_thread = fork.child_pid != fork.child_tgid;
    if (is_thread || !members_.contains(fork.parent_tgid)) return;
    members_.insert(fork.child_tgid);
    ++started_;
  }
  long started() const { return started_; }

 private:
  std::set<pid_t> members_;
  long started_ = 0;
};

}  // namespace

ProcessCount::ProcessCount()
    : socket_(::socket(PF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_CONNECTOR)),
      failed_(!listen()) {}

ProcessCount::~ProcessCount() { ::close(socket_); }

bool ProcessCount::listen() {
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUFFORCE, &kBuffer, sizeof kBuffer);
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = CN_IDX_PROC;
  if (::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return false;
  // nlmsghdr, cn_msg, operation: the kernel's header has no type for all three.
  constexpr proc_cn_mcast_op kOperation = PROC_CN_MCAST_LISTEN;
  nlmsghdr header{};
  cn_msg message{};
  std::array<std::uint8_t, NLMSG_HDRLEN + sizeof message + sizeof kOperation> request{};
  header.nlmsg_len = request.size();
  header.nlmsg_type = NLMSG_DONE;
  message.id = {CN_IDX_PROC, CN_VAL_PROC};
  message.len = sizeof kOperation;
  std::memcpy(request.data(), &header, sizeof header);
  std::memcpy(request.data() + NLMSG_HDRLEN, &message, sizeof message);
  std::memcpy(request.data() + NLMSG_HDRLEN + sizeof message, &kOperation, sizeof kOperation);
  return ::send(socket_, request.data(), request.size(), 0) == static_cast<ssize_t>(request.size());
}

ProcessCount::Counts ProcessCount::read(pid_t first, pid_t second) {
  Family one(first);
  Family other(second);
  alignas(nlmsghdr) std::uint8_t buffer[4096];
  while (true) {
    const auto size = ::recv(socket_, buffer, sizeof buffer, MSG_DONTWAIT);
    if (size <= 0) {
      // Anything else than "no more", such as messages that were lost.
      failed_ = failed_ || errno != EAGAIN;
      break;
    }
    if (size < static_cast<ssize_t>(NLMSG_HDRLEN + sizeof(cn_msg) + sizeof(proc_event))) continue;
    proc_event event{};
    std::memcpy(&event, buffer + NLMSG_HDRLEN + sizeof(cn_msg), sizeof event);
    if (event.what != proc_event::PROC_EVENT_FORK) continue;
    one.see(event);
    other.see(event);
  }
  return {one.started(), other.started()};
}

}  // namespace snapferry::bench
