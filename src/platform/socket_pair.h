#pragma once

#include <array>

#include <sys/socket.h>

#include "platform/fd.h"

namespace snapferry::platform {

using SocketPair = std::array<Fd, 2>;

// Two sockets of this machine that are connected to each other; SOCK_STREAM or SOCK_SEQPACKET.
SocketPair socket_pair(int type = SOCK_STREAM);

}  // namespace snapferry::platform
