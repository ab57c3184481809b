#pragma once

#include <chrono>
#include <utility>

#include "core/cancellation.h"
#include "wire/connection.h"
#include "wire/messages.h"

namespace snapferry::remote {

// For how long a far end that was told to stop may take to let go of what it worked on: it ends
// its processes, two seconds each at the worst.
inline constexpr std::chrono::seconds kLetGo{10};

// One request and its answer. Throws as the connection or the far end failed, Cancelled.
template <typename Reply, typename Request>
Reply remote_call(wire::Connection& connection, wire::Verb verb, const Request& request,
                  const Cancellation* cancellation = nullptr) {
  auto channel = connection.request(verb, wire::encode(request), cancellation);
  return wire::decode<Reply>(channel.message(cancellation));
}

}  // namespace snapferry::remote
