#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "replication/lineage.h"
#include "replication/match.h"
#include "replication/plan.h"
#include "replication/snapshot_name.h"

namespace snapferry::replication {
namespace {

const Point* newest_snapshot(const VolumeState& volume) {
  const auto newest =
      std::find_if(volume.points.rbegin(), volume.points.rend(),
                   [](const Point& point) { return point.kind == PointKind::Snapshot; });
  return newest == volume.points.rend() ? nullptr : &*newest;
}

class FreezeDecider {
 public:
  FreezeDecider(const Match& match, const Policy& policy)
      : match_(match), volume_(*match.volume), policy_(policy), newest_(newest_snapshot(volume_)) {}

  FreezeDecision decide() {
    FreezeDecision decision;
    decision.volume = volume_.name;
    decision.nothing_written = newest_ != nullptr && volume_.written == 0;
    std::tie(decision.action, decision.reason) = choose();
    if (decision.action == FreezeAction::Freeze) decision.same_as_of = same_as_of_;
    return decision;
  }

 private:
  using Choice = std::pair<FreezeAction, std::string>;

  Choice choose() {
    if (volume_.excluded) return {FreezeAction::Skip, "excluded by a property of the volume"};
    const Course course = choose_course(match_, policy_);
    const Lineage& lineage = course.lineage;
    const ReplicaState* replica = course.replica;
    // A new snapshot has a new name.
    if (lineage.conflict && lineage.conflict->kind != ConflictKind::NameTaken) {
      return {FreezeAction::Conflict, lineage.conflict->message};
    }
    if (policy_.take_nothing) return choose_from_what_is_there(lineage);
    if (lineage.waiting >= policy_.max_waiting) {
      return {FreezeAction::SendExisting, std::to_string(lineage.waiting) +
                                              " snapshots wait to be sent; no other is taken "
                                              "until they are"};
    }
    if (!is_carried_on(lineage, replica)) {
      return {FreezeAction::Freeze, "it has no snapshot of set " + policy_.set + " yet"};
    }
    return choose_by_changes(lineage, replica);
  }

  static Choice choose_from_what_is_there(const Lineage& lineage) {
    if (lineage.targets.empty()) {
      return {FreezeAction::Unchanged, "no snapshot is taken, and the store has those there are"};
    }
    return {FreezeAction::SendExisting, "no snapshot is taken; " +
                                            std::to_string(lineage.targets.size()) +
                                            " of those there are, the store lacks"};
  }

  // A snapshot of the set is in the store or will be, so that a cursor can be on it.
  bool is_carried_on(const Lineage& lineage, const ReplicaState* replica) const {
    if (lineage.waiting > 0) return true;
    if (replica == nullptr) return false;
    const std::set<Guid> in_store = guids_of(replica->points);
    return std::any_of(volume_.points.begin(), volume_.points.end(), [&](const Point& point) {
      return point.kind == PointKind::Snapshot && is_of_set(point.name, policy_.set) &&
             in_store.contains(point.guid);
    });
  }

  // Of the state that the snapshot of that time has: it was taken then, or the other one was taken
  // because of it (FreezeDecision::same_as_of).
  bool has_own_of(std::int64_t time, const ReplicaState* replica) const {
    const auto is_it = [&](const Point& point) {
      const auto name = own_name(point);
      return name && name->time == time;
    };
    return std::ranges::any_of(volume_.points, is_it) ||
           (replica != nullptr && std::ranges::any_of(replica->points, is_it));
  }

  // As after the clock was set back: names of one set ascend.
  bool has_own_since(std::int64_t time) const {
    return std::ranges::any_of(volume_.points, [&](const Point& point) {
      const auto name = own_name(point);
      return name && name->time >= time;
    });
  }

  std::optional<SnapshotName> own_name(const Point& point) const {
    if (point.kind != PointKind::Snapshot) return std::nullopt;
    auto name = parse_snapshot_name(point.name);
    return name && name->set == policy_.set ? std::move(name) : std::nullopt;
  }

  // What others took comes along, and goes as they please, also while it is being sent; and what
  // works on one set (check, restore, prune) sees none of another. So the state that a run vouches
  // for is in a snapshot of its set.
  Choice choose_by_changes(const Lineage& lineage, const ReplicaState* replica) {
    const std::string newest = text_of(*newest_);
    if (!volume_.written) {
      return {FreezeAction::Freeze,
              "whether something was written since " + newest + " is not known"};
    }
    if (*volume_.written > 0) {
      return {FreezeAction::Freeze,
              std::to_string(*volume_.written) + " bytes were written since " + newest};
    }
    if (lineage.base && lineage.base->order > newest_->order) {
      return {FreezeAction::Freeze,
              "the newest snapshot of the store is gone here, and " + newest + " is older"};
    }
    const auto name = parse_snapshot_name(newest_->name);
    if (!name) {
      return {FreezeAction::Freeze,
              "nothing was written since " + newest + ", which is of others and may go any time"};
    }
    if (name->set != policy_.set && !has_own_of(name->time, replica)) {
      if (!has_own_since(name->time)) same_as_of_ = name->time;
      return {FreezeAction::Freeze,
              "nothing was written since " + newest + ", which is of set " + name->set};
    }
    if (replica != nullptr && has_guid(replica->points, newest_->guid)) {
      return {FreezeAction::Unchanged,
              "nothing was written since " + newest + ", which the store has"};
    }
    if (!lineage.targets.empty() && lineage.targets.back().guid == newest_->guid) {
      return {FreezeAction::SendExisting,
              "nothing was written since " + newest + ", which the store lacks"};
    }
    return {FreezeAction::Freeze, newest + " is newer than what the store has, and is not sent"};
  }

  const Match& match_;
  const VolumeState& volume_;
  const Policy& policy_;
  const Point* newest_;
  std::optional<std::int64_t> same_as_of_;
};

}  // namespace

std::vector<FreezeDecision> plan_freeze(const std::vector<VolumeState>& source,
                                        const std::vector<ReplicaState>& store,
                                        const Policy& policy) {
  std::vector<FreezeDecision> decisions;
  for (const Match& match : match_replicas(source, store, policy)) {
    decisions.push_back(FreezeDecider(match, policy).decide());
  }
  return decisions;
}

}  // namespace snapferry::replication
