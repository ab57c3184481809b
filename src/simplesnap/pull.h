#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/cancellation.h"
#include "platform/clock.h"
#include "platform/command.h"
#include "replication/waiter.h"
#include "simplesnap/client_options.h"
#include "zfs/pool_calls.h"

namespace snapferry::simplesnap {

// What the client needs of the world. All borrowed.
struct ClientContext {
  platform::Commands& commands;
  zfs::PoolCalls& calls;
  platform::Clock& clock;
  replication::Waiter& waiter;
  const Cancellation* cancellation = nullptr;
  std::function<void(std::string_view)> log;   // one line for each thing that is done
  std::function<void(std::string_view)> warn;  // one line that a person should see
};

// A backup as simplesnap makes it: asks the far end for its datasets, and for each of them takes
// in what it sends, tells it so, and reaps. The store's layout and the names are that tool's, so
// either can go on where the other left off. What is different:
// - a dataset that fails stops no other, and one that the protocol cannot carry is a failure;
// - a stream is looked at before `zfs receive` sees it, and what is received is safe
//   (zfs/replica_safety.h), unless --receivecmd was given;
// - a first transfer that was cut does not end everything: if what comes fits nothing here, the far
//   end is asked again (our wrapper then sends something else), and if that does not help and
//   nothing is here yet, the dataset is begun anew as SETx2, SETx3, …, which later runs follow.
//
// Returns how many datasets failed; each was told to `warn`. Throws what concerns them all.
std::size_t pull(const ClientOptions& options, ClientContext& context);

}  // namespace snapferry::simplesnap
