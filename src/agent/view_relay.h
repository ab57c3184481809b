#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>

#include "core/bytes.h"
#include "platform/fd.h"
#include "wire/connection.h"
#include "wire/view_messages.h"

namespace snapferry::agent {

// The agent's part in showing files: it passes requests on to who serves the snapshot that they
// name, and what comes back to whoever asked, without looking into it. Safe from several threads.
class ViewRelay {
 public:
  // A socket to a ViewServer of that snapshot, which greets with the feature kViewFeature unless it
  // has no files to show. Throws as the policy and the broker do. One thread at a time.
  using Connect = std::function<platform::Fd(const wire::SnapshotName&)>;

  // An empty one: nothing is shown.
  explicit ViewRelay(Connect connect) : connect_(std::move(connect)) {}

  // Answers a request of one of the verbs of a view. Throws Violation (violation.h) for what is no
  // request, and Error as the snapshot cannot be shown.
  void answer(wire::Channel& channel, ByteView request);

 private:
  using Connection = std::shared_ptr<wire::Connection>;
  struct View {
    wire::SnapshotName snapshot;
    Connection connection;
  };

  Connection connection_to(const wire::SnapshotName& snapshot);
  Connection open(const wire::SnapshotName& snapshot);

  const Connect connect_;
  std::mutex mutex_;       // of what follows
  std::list<View> views_;  // last used first
};

// Snapshots that are open for one agent at a time.
inline constexpr std::size_t kMaxViews = 8;

inline constexpr const char* kViewFeature = "view";

}  // namespace snapferry::agent
