#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/cancellation.h"
#include "platform/clock.h"
#include "platform/command.h"
#include "replication/waiter.h"
#include "simplesnap/request.h"
#include "zfs/pool_calls.h"

namespace snapferry::simplesnap {

// What serving needs of the world. All borrowed.
struct ServerContext {
  platform::Commands& commands;
  zfs::PoolCalls& calls;
  platform::Clock& clock;
  replication::Waiter& waiter;
  const Cancellation* cancellation = nullptr;
  int output = 1;                             // a descriptor: names, or the stream
  std::function<void(std::string_view)> log;  // one line for each thing that is done
};

// Does what a peer asks for, as simplesnapwrap of simplesnap 2.1.2 does it on the wire; what that
// one gets wrong is put right:
// - the exclude property counts for every verb;
// - a stream goes from the link that the peer most probably has (simplesnap/chain.h), so that
//   a cut first transfer or a new store is no end;
// - a snapshot becomes a bookmark when `reap` says that it has arrived, not before;
// - nothing is destroyed whose guid has changed, nor what is held.
//
// Throws NotFound, PermissionDenied (excluded), Unavailable (the peer stopped taking), what the
// zfs room throws, Cancelled.
void serve(const Request& request, ServerContext& context);

}  // namespace snapferry::simplesnap
