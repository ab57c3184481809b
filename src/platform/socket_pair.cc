#include "platform/socket_pair.h"

#include <cerrno>

#include "core/error.h"

namespace snapferry::platform {

SocketPair socket_pair(int type) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    throw system_error(errno, "make it", "a pair of sockets");
  }
  return {Fd(ends[0]), Fd(ends[1])};
}

}  // namespace snapferry::platform
