#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/store.h"
#include "platform/clock.h"
#include "stores/copy_ids.h"
#include "stores/snapshot_store.h"
#include "view/live_objects.h"

namespace snapferry::stores {

// Native snapshots as the commands see them. Their ids are those of CopyIds; set and time come from
// their names, and those that Snapferry did not name have the set "". Owns `store`.
class NativeStore : public SnapshotStore {
 public:
  // Where the store shows one host alone, it is to be `host`: the key of a machine that pushes lets
  // it see its own replicas and no others.
  NativeStore(std::unique_ptr<Store> store, platform::Clock& clock, std::string host);

  std::string name() const override { return store_->name(); }
  bool counts_files() const override { return false; }
  bool holds_what_others_took() const override { return true; }
  bool needs_common_snapshot() const override { return true; }
  bool frees_by_collecting() const override { return false; }
  bool proves_content() const override { return false; }
  bool sets_copies_aside() const override { return true; }
  Remedy remedy() const override;
  std::vector<Snapshot> snapshots(std::vector<DamagedObject>* damaged) override;
  ObjectSource& objects() override { return objects_; }
  bool has_files(const Snapshot& snapshot) override;
  void complete(Snapshot& snapshot) override;
  Arrivals arrivals() override;
  bool may_be_arriving(const VolumeName& volume) override;
  Expectations expectations() override;
  std::vector<VolumeFailure> change_expectations(const std::string& host,
                                                 const ExpectationChange& change) override;
  std::string known_against(const Snapshot& snapshot) override;
  EffectiveTime time_for_rules(const Snapshot& snapshot) override;
  std::vector<VolumeFailure> forget(const std::vector<Snapshot>& snapshots) override;
  // Snapshots free their space when they go.
  std::optional<CollectFindings> collect(const CollectRequest&) override { return std::nullopt; }
  std::vector<Leftover> discard_leftovers() override;
  VerifyFindings verify(const VerifyRequest& request) override;
  std::vector<StoreFigure> figures() override;

  Store& store() { return *store_; }
  // The replica and point that a listed snapshot is. Throws NotFound if it was not listed.
  const ReplicaState& replica_of(const Snapshot& snapshot);
  const Point& point_of(const Snapshot& snapshot);

 private:
  struct Known {
    std::size_t replica;
    Point point;
    EffectiveTime time_for_rules;
  };
  using Key = std::pair<VolumeName, ObjectId>;

  void refresh();
  bool discard_partial(const ReplicaState& replica);
  std::string message_about(const ReplicaDamage& damage) const;
  void add(std::size_t replica, const CopyIds& ids, std::vector<Snapshot>& snapshots);
  void judge_times(std::span<Snapshot> of_volume);
  Known& known(const Snapshot& snapshot);

  const std::unique_ptr<Store> store_;
  platform::Clock& clock_;
  const std::string host_;
  std::mutex store_mutex_;  // the store serves one thread at a time
  view::LiveObjects objects_;
  std::string shown_;  // the host that was listed last; empty: all
  std::vector<ReplicaState> replicas_;
  std::map<Key, Known> known_;
};

}  // namespace snapferry::stores
