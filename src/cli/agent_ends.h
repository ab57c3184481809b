#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/errand.h"
#include "agent/policy.h"
#include "core/reach.h"
#include "platform/clock.h"
#include "stores/endpoints.h"
#include "wire/messages.h"

namespace snapferry::cli {

// The ends of this machine that a policy allows, each behind it. Made before the agent contains
// itself: it looks at what is there, says what its drivers will open, and makes nothing. What has
// to be made first where a contained agent could not is left to processes of their own, which do it
// when a client asks for it.
class AgentEnds {
 public:
  // Borrows all of them. Call it while no other thread runs.
  AgentEnds(std::unique_ptr<stores::Endpoints> endpoints, const agent::Policy& policy,
            platform::Clock& clock);

  // For plan_sandbox().
  const std::vector<ReachedPath>& reached() const { return reached_; }
  // What would be written in is not there yet: the client has to ask for prepare() and to connect
  // again.
  bool is_unprepared() const { return preparing_.has_value(); }

  // Each throws as its end is not allowed, or not there.
  std::unique_ptr<Source> source(std::string_view kind);
  std::unique_ptr<VolumeTarget> target(std::string_view kind);
  // Once.
  std::unique_ptr<Store> store();
  void init_store(const std::string& store);
  void prepare() { preparing_->run(); }
  // In a process of its own.
  std::unique_ptr<SnapshotView> browse(const VolumeName& volume, const Point& snapshot) {
    return store()->browse(volume, snapshot);
  }

  // What a run would meet with, for `snapferry doctor`; changes nothing.
  std::vector<wire::Finding> try_out();

 private:
  void open_store();
  void find_reach();
  void prepare_all();

  const std::unique_ptr<stores::Endpoints> endpoints_;
  const agent::Policy& policy_;
  platform::Clock& clock_;
  std::unique_ptr<Store> store_;
  std::optional<Error> store_failure_;  // told to whoever asks for the store
  std::vector<ReachedPath> reached_;
  std::optional<agent::Errand> making_;     // the store, on a btrfs, where it is missing
  std::optional<agent::Errand> preparing_;  // where something is missing
};

}  // namespace snapferry::cli
