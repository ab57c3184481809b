#pragma once

#include <functional>
#include <memory>

#include <sys/types.h>

#include "core/snapshot_view.h"
#include "platform/fd.h"
#include "sandbox/sandbox.h"
#include "wire/view_messages.h"

namespace snapferry::agent {

// A process beside the agent that makes the files of snapshots readable. The agent itself cannot:
// it must not mount, and its sandbox lets it open none of the files. It knows the broker by one
// socket, over which it can ask for a snapshot and nothing else; for each, the broker starts
// another process, which opens that one snapshot, contains itself to it, and serves it
// (view_server.h) until its socket is closed. No byte of the network reaches the broker, and no
// byte of a request for files reaches a process that can mount.
//
//   agent  --SnapshotName-->  broker  ..fork..  process of a snapshot
//     |  <--its socket--------  |                      |
//     +----------requests for files, answers-----------+
class ViewBroker {
 public:
  // Opens a snapshot, as far as the policy allows. Called in the process of the snapshot, before it
  // is contained.
  using Browse = std::function<std::unique_ptr<SnapshotView>(const VolumeName&, const Point&)>;

  // Starts the broker, contained by `plan`; call it before the agent contains itself and before
  // another thread starts. Throws Unavailable, and Unsupported where SandboxMode::Require asks for
  // what the kernel lacks.
  ViewBroker(const Browse& browse, const sandbox::SandboxPlan& plan, sandbox::SandboxMode mode);
  ViewBroker(const ViewBroker&) = delete;
  ViewBroker& operator=(const ViewBroker&) = delete;
  // Ends the broker. The processes of snapshots end as their sockets are closed.
  ~ViewBroker();

  // How far the broker is contained.
  const sandbox::SandboxReport& report() const { return report_; }

  // A socket to the process of a snapshot. Throws Unavailable where the broker is gone, Busy where
  // too many are open. One thread at a time.
  platform::Fd connect(const wire::SnapshotName& snapshot);

 private:
  ::pid_t process_ = -1;
  platform::Fd socket_;
  sandbox::SandboxReport report_;
};

// What the process of a snapshot that is open as `directory` keeps: reading in that directory, with
// CAP_DAC_READ_SEARCH. -1: not even that.
sandbox::SandboxPlan plan_view(int directory);

}  // namespace snapferry::agent
