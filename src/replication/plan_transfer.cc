#include <algorithm>
#include <set>

#include "replication/lineage.h"
#include "replication/match.h"
#include "replication/plan.h"
#include "replication/settlement.h"

namespace snapferry::replication {
namespace {

// With a parent, further clone sources save bytes only where files moved between snapshots, and
// each costs the sender time.
constexpr std::size_t kMaxCloneSources = 4;

StreamFeatures common_features(const StreamFeatures& one, const StreamFeatures& two, bool raw) {
  StreamFeatures both;
  both.large_blocks = one.large_blocks && two.large_blocks;
  both.embedded = one.embedded && two.embedded;
  both.compressed = one.compressed && two.compressed;
  both.raw = raw && one.raw && two.raw;
  both.resumable = one.resumable && two.resumable;
  both.bookmarks = one.bookmarks;
  both.atomic_freeze = one.atomic_freeze;
  return both;
}

class TransferPlanner {
 public:
  TransferPlanner(const Match& match, const Policy& policy)
      : match_(match), volume_(*match.volume), policy_(policy), replica_(match.replica) {
    plan_.volume = volume_.name;
    plan_.replica = match.name;
    plan_.type = volume_.type;
  }

  VolumePlan plan() {
    if (volume_.excluded) return conclude(Verdict::Skip, "excluded by a property of the volume");
    Course course = choose_course(match_, policy_);
    lineage_ = std::move(course.lineage);
    if (!course.anew.empty()) start_anew(course);
    if (lineage_.conflict) {
      plan_.conflict = lineage_.conflict;
      return conclude(Verdict::Conflict, lineage_.conflict->message);
    }
    plan_.decrypted = volume_.encrypted && !lineage_.raw;
    if (replica_ != nullptr && replica_->partial && plan_partial()) {
      return conclude(Verdict::Transfer, plan_.steps.front().reason);
    }
    plan_streams();
    plan_settlement();
    if (plan_.steps.empty()) return conclude(Verdict::UpToDate, why_up_to_date());
    return conclude(Verdict::Transfer, plan_.steps.back().reason);
  }

 private:
  VolumePlan conclude(Verdict verdict, std::string reason) {
    plan_.verdict = verdict;
    plan_.reason = std::move(reason);
    return std::move(plan_);
  }

  std::string why_up_to_date() const {
    if (!plan_.newest) return "it has no snapshot to send";
    return "the store has " + text_of(*plan_.newest);
  }

  void add(decltype(Step::what) what, std::string reason) {
    plan_.steps.push_back({std::move(what), std::move(reason)});
  }

  void start_anew(const Course& course) {
    plan_.replica.path = volume_.name;
    if (lineage_.targets.empty()) return;
    anew_ = course.anew;
    // One of another name may stay where it is.
    if (replica_ != nullptr && replica_->volume == plan_.replica) {
      if (replica_->partial) {
        add(AbortStep{plan_.replica}, "it belongs to the old replica");
      }
      if (!replica_->points.empty()) {
        add(SetAsideStep{plan_.replica}, course.anew);
        if (!course.asked_for) plan_.set_aside = course.anew;
      }
    }
    replica_ = nullptr;
  }

  StreamRequest request(const Point& to, std::optional<Point> base) const {
    StreamRequest stream;
    stream.volume = volume_.name;
    stream.to = to;
    stream.base = std::move(base);
    stream.features = common_features(policy_.source, policy_.store, lineage_.raw);
    return stream;
  }

  // True: a resume is all there is to do for now.
  bool plan_partial() {
    const Partial& partial = *replica_->partial;
    const Point* to = find(partial.to, PointKind::Snapshot);
    const std::string stale = why_stale(partial, to);
    if (!stale.empty()) {
      const std::string what = partial.to_name.empty() ? "" : "@" + partial.to_name + ": ";
      add(AbortStep{match_.name}, what + stale);
      return false;
    }
    StreamRequest stream = request(*to, lineage_.base);
    stream.resume_token = partial.token;
    add(ResumeStep{partial, std::move(stream)}, "resume @" + partial.to_name + " behind the " +
                                                    std::to_string(partial.bytes) +
                                                    " bytes that the store has");
    plan_.plan_again = true;
    plan_.newest = *to;
    return true;
  }

  // Empty: the partial state can go on.
  std::string why_stale(const Partial& partial, const Point* to) const {
    if (partial.token.empty()) return "it cannot be carried on";
    if (!policy_.source.resumable || !policy_.store.resumable) return "one end cannot resume";
    if (policy_.stale_tokens.contains(partial.token)) return "carrying on was tried and failed";
    if (to == nullptr || to->name != partial.to_name) return "the source has it no more";
    if (partial.raw != lineage_.raw) return "raw and non-raw streams never follow one another";
    const bool same_base =
        partial.base ? lineage_.base && lineage_.base->guid == *partial.base : !lineage_.base;
    if (!same_base) return "its base is not the newest snapshot of the replica";
    if (lineage_.base && to->order <= lineage_.base->order) return "the store has a newer one";
    if (policy_.newest_alone.contains(volume_.name) && !is_target(partial.to)) {
      return "it failed, and a newer one goes alone";
    }
    const auto& taken = lineage_.names_taken;
    if (std::find(taken.begin(), taken.end(), to->name) != taken.end()) {
      return "the store has another snapshot of this name";
    }
    return {};
  }

  bool is_target(const Guid& guid) const { return has_guid(lineage_.targets, guid); }

  const Point* find(const Guid& guid, PointKind kind) const {
    const auto found =
        std::find_if(volume_.points.begin(), volume_.points.end(),
                     [&](const Point& one) { return one.kind == kind && one.guid == guid; });
    return found == volume_.points.end() ? nullptr : &*found;
  }

  // No snapshot of the source lies between the two, which are both of it.
  bool are_adjacent(const Point& one, const Point& two) {
    if (snapshot_orders_.empty()) {
      for (const Point& point : volume_.points) {
        if (point.kind == PointKind::Snapshot) snapshot_orders_.insert(point.order);
      }
    }
    const auto next = snapshot_orders_.upper_bound(one.order);
    return next == snapshot_orders_.end() || *next >= two.order;
  }

  // A stream carries either one snapshot, or an unbroken run of them behind a snapshot.
  void plan_streams() {
    std::optional<Point> base = lineage_.base;
    const std::vector<Point>& targets = lineage_.targets;
    for (std::size_t next = 0; next < targets.size();) {
      std::size_t last = next;
      if (base && base->kind == PointKind::Snapshot && are_adjacent(*base, targets[next])) {
        while (last + 1 < targets.size() && are_adjacent(targets[last], targets[last + 1])) ++last;
      }
      StreamRequest stream = request(targets[last], base);
      const auto first = targets.begin() + static_cast<std::ptrdiff_t>(next);
      stream.intermediates.assign(first, targets.begin() + static_cast<std::ptrdiff_t>(last));
      if (!is_linear(volume_.type) && base) stream.clone_sources = clone_sources(*base);
      std::string reason = why(base, next == 0);
      base = targets[last];
      next = last + 1;
      add(SendStep{std::move(stream)}, std::move(reason));
    }
    if (base) newest_ = base;
    if (targets.empty() && base) {
      plan_.newest = name_in_store(*base);
    } else {
      plan_.newest = newest_;
    }
  }

  // The source may have another name for it, or a bookmark only.
  Point name_in_store(const Point& common) const {
    for (const Point& point : replica_->points) {
      if (point.guid == common.guid) return point;
    }
    return common;
  }

  std::vector<Point> clone_sources(const Point& base) const {
    std::vector<Point> sources;
    if (replica_ == nullptr) return sources;
    const std::set<Guid> in_store = guids_of(replica_->points);
    for (auto point = volume_.points.rbegin(); point != volume_.points.rend(); ++point) {
      if (sources.size() == kMaxCloneSources) break;
      if (point->kind != PointKind::Snapshot || point->guid == base.guid) continue;
      if (in_store.contains(point->guid)) sources.push_back(*point);
    }
    std::reverse(sources.begin(), sources.end());
    return sources;
  }

  std::string why(const std::optional<Point>& base, bool first) const {
    if (!base && !anew_.empty()) return "full: begun anew, because " + anew_;
    if (!base && match_.foreign != nullptr) {
      return "full: the replica " + match_.foreign->volume.text() + " is another volume's";
    }
    if (!base && lineage_.targets.size() > 1 && policy_.history == History::All) {
      return "full: the store has no snapshot of it; its history comes along";
    }
    if (!base) return "full: the store has no snapshot of it" + what_stays();
    if (!first) return "incremental: goes on where the stream before ends";
    std::string reason = "incremental: ";
    reason.append(text_of(*base));
    if (base->kind == PointKind::Bookmark) {
      return reason + " remembers the newest snapshot of the store, which the source has no more";
    }
    reason.append(" is the newest snapshot that both have");
    if (match_.name.path != volume_.name) {
      reason.append("; the volume was named ").append(match_.name.path);
    }
    return reason;
  }

  // Of its history, that it is not in the store is said once.
  std::string what_stays() const {
    const auto older =
        std::count_if(volume_.points.begin(), volume_.points.end(), [&](const Point& point) {
          return point.kind == PointKind::Snapshot && point.order < lineage_.targets.front().order;
        });
    if (older == 0) return {};
    return "; " + std::to_string(older) +
           (older == 1 ? " older snapshot of the volume stays behind"
                       : " older snapshots of the volume stay behind");
  }

  void plan_settlement() {
    if (!newest_ || policy_.take_nothing) return;
    std::set<Guid> in_store = guids_of(lineage_.targets);
    if (replica_ != nullptr) in_store.merge(guids_of(replica_->points));
    const bool transferred = !lineage_.targets.empty();
    plan_.settlement =
        settle_after(volume_, *newest_, in_store, transferred, policy_, needed_by_others());
  }

  // A subvolume that is backed up by another path, too, has a replica of that name, and no cursor
  // tells what that one goes on from.
  std::set<Guid> needed_by_others() const {
    std::set<Guid> needed;
    if (is_linear(volume_.type)) return needed;
    for (const ReplicaState* other : match_.others) {
      const std::set<Guid> theirs = guids_of(other->points);
      const auto base =
          std::find_if(volume_.points.rbegin(), volume_.points.rend(),
                       [&](const Point& point) { return theirs.contains(point.guid); });
      if (base != volume_.points.rend()) needed.insert(base->guid);
    }
    return needed;
  }

  const Match& match_;
  const VolumeState& volume_;
  const Policy& policy_;
  const ReplicaState* replica_;
  Lineage lineage_;
  VolumePlan plan_;
  std::optional<Point> newest_;  // as the source has it
  std::set<std::uint64_t> snapshot_orders_;
  std::string anew_;  // why; empty: it is not begun anew
};

}  // namespace

std::vector<VolumePlan> plan_transfer(const std::vector<VolumeState>& source,
                                      const std::vector<ReplicaState>& store,
                                      const Policy& policy) {
  std::vector<VolumePlan> plans;
  for (const Match& match : match_replicas(source, store, policy)) {
    plans.push_back(TransferPlanner(match, policy).plan());
  }
  return plans;
}

std::string_view to_string(ConflictKind kind) {
  switch (kind) {
    case ConflictKind::Diverged:
      return "Diverged";
    case ConflictKind::NoCommonSnapshot:
      return "NoCommonSnapshot";
    case ConflictKind::BaseOnlyInForeignReplica:
      return "BaseOnlyInForeignReplica";
    case ConflictKind::NameTaken:
      return "NameTaken";
    case ConflictKind::RawMismatch:
      return "RawMismatch";
    case ConflictKind::ReplicaChanged:
      return "ReplicaChanged";
    case ConflictKind::KeyNotLoaded:
      return "KeyNotLoaded";
    case ConflictKind::SourceChanged:
      return "SourceChanged";
  }
  return "?";
}

}  // namespace snapferry::replication
