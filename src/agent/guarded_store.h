#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/policy.h"
#include "core/store.h"
#include "platform/clock.h"

namespace snapferry::agent {

// A store behind a policy: what the policy refuses throws PermissionDenied and never reaches the
// store. Nobody is told to have looked at a volume later than now.
class GuardedStore : public Store {
 public:
  // Borrows the policy and the clock.
  GuardedStore(const Policy& policy, std::unique_ptr<Store> store, platform::Clock& clock)
      : policy_(policy), store_(std::move(store)), clock_(clock) {}

  std::string name() const override { return store_->name(); }
  std::string identity() override { return store_->identity(); }
  StreamFeatures features() override { return store_->features(); }
  std::vector<ReplicaState> inventory(const std::string& host) override;
  void receive(const ReceiveRequest& request, Stream& stream) override;
  void describe(const std::vector<ReplicaDescription>& replicas) override;
  VolumeProperties description(const VolumeName& volume, const Point& snapshot) override;
  void abort_partial(const VolumeName& volume) override;
  bool give_up_partial(const VolumeName& volume) override;
  VolumeName set_aside(const VolumeName& volume) override;
  void move(const VolumeName& from, const VolumeName& to) override;
  void record_unchanged(const std::string& set, std::int64_t time,
                        const std::vector<VolumeName>& volumes) override;
  Expectations expectations(const std::string& host) override;
  std::vector<VolumeFailure> change_expectations(const std::string& host,
                                                 const ExpectationChange& change) override;
  std::unique_ptr<Stream> send(const VolumeName& volume, const StreamRequest& request) override;
  std::unique_ptr<SnapshotView> browse(const VolumeName& volume, const Point& snapshot) override;
  std::vector<VolumeFailure> destroy(const VolumeName& volume,
                                     const std::vector<Point>& snapshots) override;
  std::vector<ReplicaDamage> verify(const ReplicaState& replica, bool read_data, Progress* progress,
                                    const Cancellation* cancellation) override;

 private:
  std::string why_not(const std::string& host, const std::string& name) const;

  const Policy& policy_;
  std::unique_ptr<Store> store_;
  platform::Clock& clock_;
};

}  // namespace snapferry::agent
