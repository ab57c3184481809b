#pragma once

#include <memory>
#include <optional>

#include "core/error.h"
#include "core/snapshot_view.h"
#include "wire/connection.h"

namespace snapferry::agent {

// Answers the requests of one connection for the files of one snapshot. Which one a request names
// was looked at by whoever made the connection (view_relay.h).
class ViewServer {
 public:
  explicit ViewServer(std::unique_ptr<SnapshotView> view) : view_(std::move(view)) {}
  // Answers everything with `failure`: why there are no files.
  explicit ViewServer(Error failure) : failure_(std::move(failure)) {}

  // Serves until the client leaves. Throws as the connection was lost.
  void run(wire::Connection& connection);

 private:
  void answer(wire::Channel& channel);
  void list(wire::Channel& channel, ByteView request);
  void read(wire::Channel& channel, ByteView request);

  std::unique_ptr<SnapshotView> view_;
  std::optional<Error> failure_;
};

}  // namespace snapferry::agent
