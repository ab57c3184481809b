#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/cancellation.h"
#include "core/error.h"
#include "core/store.h"
#include "replication/plan.h"
#include "replication/run_progress.h"
#include "replication/throttle.h"
#include "replication/waiter.h"

namespace snapferry::replication {

// How the steps of one volume's plan went.
struct TransferResult {
  std::uint64_t bytes = 0;
  double seconds = 0;
  std::vector<std::string> notes;  // what was set aside under which name
  std::optional<Error> error;
  std::string resume_token;  // of the step that failed, if it was a resume
};

struct TransferOptions {
  unsigned parallel = 1;  // streams that move data at once
  RateLimit* limit = nullptr;
  Waiter* waiter = nullptr;
  const Cancellation* cancellation = nullptr;
  RunProgress* progress = nullptr;
};

// Carries out the steps of all `plans` and returns a result for each. What makes way for a
// stream (discarding, setting aside) is done first, one volume after the other, on this thread;
// the streams then on several: `parallel` of them move data, and others may wait meanwhile for a
// store that gives their turn back. A volume begins after those above it ("zfs:tank" is above
// "zfs:tank/home") that are received for the first time, for a store may hold it inside theirs.
// Throws nothing but what is not an Error.
std::vector<TransferResult> transfer_all(Source& source, Store& store,
                                         const std::vector<const VolumePlan*>& plans,
                                         const TransferOptions& options);

}  // namespace snapferry::replication
