#include "replication/lineage.h"

#include <algorithm>
#include <map>
#include <set>

#include "replication/snapshot_name.h"

namespace snapferry::replication {
namespace {

constexpr std::string_view kAnew =
    "pass --start-anew to set the replica aside and begin with a full stream";

const Point* find_snapshot(const std::vector<Point>& points, const Guid& guid) {
  const auto found = std::find_if(points.begin(), points.end(), [&](const Point& point) {
    return point.kind == PointKind::Snapshot && point.guid == guid;
  });
  return found == points.end() ? nullptr : &*found;
}

const Point* find_bookmark(const std::vector<Point>& points, const Guid& guid) {
  const auto found = std::find_if(points.begin(), points.end(), [&](const Point& point) {
    return point.kind == PointKind::Bookmark && point.guid == guid;
  });
  return found == points.end() ? nullptr : &*found;
}

class Tracer {
 public:
  Tracer(const Match& match, const Policy& policy, const ReplicaState* replica)
      : match_(match), volume_(*match.volume), policy_(policy), replica_(replica) {}

  Lineage trace() {
    refuse_unfit();
    if (!lineage_.conflict) decide_raw();
    if (!lineage_.conflict) find_base();
    if (!lineage_.conflict) find_targets();
    return std::move(lineage_);
  }

 private:
  bool has_points() const { return replica_ != nullptr && !replica_->points.empty(); }

  void conflict(ConflictKind kind, bool anew_helps, const std::string& cause,
                std::string_view next_step) {
    std::string message = volume_.name;
    message.append(": ").append(cause).append("; ").append(next_step);
    lineage_.conflict = Conflict{kind, std::move(message)};
    lineage_.cause = cause;
    lineage_.anew_helps = anew_helps;
  }

  void refuse_unfit() {
    if (volume_.unfit.empty()) return;
    conflict(ConflictKind::SourceChanged, false, "it is not sent on: " + volume_.unfit,
             "back it up there again, which begins another copy, and forget this one");
  }

  // Raw and non-raw streams into one replica corrupt it (openzfs#11688, #12014).
  void decide_raw() {
    const bool received = has_points();
    const bool begins_raw = !received && policy_.raw == RawPolicy::AsReplica;
    const bool goes_on_raw = received && replica_->raw;
    lineage_.raw =
        volume_.encrypted && (policy_.raw == RawPolicy::Raw || begins_raw || goes_on_raw);
    if (goes_on_raw && volume_.encrypted && policy_.raw == RawPolicy::Decrypt) {
      conflict(ConflictKind::RawMismatch, true,
               "its replica was received raw, and decrypted streams cannot follow",
               std::string("leave out --decrypt, or ").append(kAnew));
    } else if (received && replica_->raw && !volume_.encrypted) {
      conflict(ConflictKind::RawMismatch, true,
               "its replica was received raw, and the volume is not encrypted", kAnew);
    } else if (received && !replica_->raw && lineage_.raw) {
      conflict(ConflictKind::RawMismatch, true,
               "its replica was received decrypted, and raw streams cannot follow",
               std::string("leave out --raw, or ").append(kAnew));
    } else if (lineage_.raw && !(policy_.source.raw && policy_.store.raw)) {
      conflict(ConflictKind::RawMismatch, false, "one of the ends cannot do raw streams",
               "upgrade OpenZFS and the pool there, or load the key and pass --decrypt");
    } else if (volume_.encrypted && !lineage_.raw && !volume_.key_loaded) {
      conflict(ConflictKind::KeyNotLoaded, false, "its encryption key is not loaded",
               "run 'zfs load-key' on the source, or back it up raw");
    }
  }

  void find_base() {
    if (replica_ != nullptr && report_changed()) return;
    if (!has_points()) {
      if (match_.ambiguous) report_ambiguous();
      return;
    }
    const Point* base = is_linear(volume_.type) ? at_the_end() : anywhere();
    if (base != nullptr) {
      lineage_.base = *base;
    } else {
      report_no_base();
    }
  }

  bool report_changed() {
    std::string cause = replica_->changed;
    const auto refused = policy_.refused.find(replica_->volume);
    if (refused != policy_.refused.end()) cause = refused->second;
    if (cause.empty()) return false;
    conflict(ConflictKind::ReplicaChanged, true, "its copy cannot be carried on: " + cause, kAnew);
    return true;
  }

  const Point* on_source(const Guid& guid) const {
    const Point* snapshot = find_snapshot(volume_.points, guid);
    if (snapshot != nullptr || !policy_.source.bookmarks) return snapshot;
    return find_bookmark(volume_.points, guid);
  }

  const Point* at_the_end() const { return on_source(replica_->points.back().guid); }

  const Point* anywhere() const {
    const std::set<Guid> in_store = guids_of(replica_->points);
    for (auto point = volume_.points.rbegin(); point != volume_.points.rend(); ++point) {
      if (in_store.contains(point->guid)) return on_source(point->guid);
    }
    return nullptr;
  }

  // Those for which on_source() finds something.
  std::set<Guid> possible_bases() const {
    std::set<Guid> guids;
    for (const Point& point : volume_.points) {
      if (point.kind == PointKind::Snapshot || policy_.source.bookmarks) guids.insert(point.guid);
    }
    return guids;
  }

  void report_no_base() {
    const Point* common = nullptr;
    const std::set<Guid> bases = possible_bases();
    for (const Point& point : replica_->points) {
      if (bases.contains(point.guid)) common = &point;
    }
    const std::string newest = text_of(replica_->points.back());
    if (common != nullptr) {
      conflict(ConflictKind::Diverged, true,
               "the store's newest snapshot " + newest +
                   " is not on the source (the newest common one is " + text_of(*common) + ")",
               kAnew);
    } else if (match_.foreign != nullptr) {
      conflict(ConflictKind::BaseOnlyInForeignReplica, true,
               "its snapshots are in the replica " + match_.foreign->volume.text() +
                   ", and the store has another replica of its own name",
               kAnew);
    } else if (match_.aside != nullptr) {
      conflict(
          ConflictKind::NoCommonSnapshot, true,
          "source and store have no snapshot in common, but " + match_.aside->volume.text() +
              ", set aside before, has its snapshots (do two machines back up under one name?)",
          std::string("give each its own --host, or ").append(kAnew));
    } else if (match_.aside_before != nullptr && !is_linear(volume_.type)) {
      conflict(ConflictKind::NoCommonSnapshot, true,
               "source and store have no snapshot in common, and " +
                   match_.aside_before->volume.text() +
                   " was set aside before (do two stores get the set " + policy_.set + " in turn?)",
               std::string("give each store a --set of its own, or ").append(kAnew));
    } else {
      conflict(ConflictKind::NoCommonSnapshot, true,
               "source and store have no snapshot in common (was the volume made anew? the "
               "store's newest is " +
                   newest + ")",
               kAnew);
    }
  }

  void report_ambiguous() {
    conflict(ConflictKind::BaseOnlyInForeignReplica, true,
             "its snapshots are in the replica " + match_.foreign->volume.text() +
                 ", and another volume of this run has them, too",
             "pass --start-anew to begin with a full stream");
  }

  bool is_own(const Point& point) const { return is_of_set(point.name, policy_.set); }

  // Snapshots behind the base that the store lacks and has no namesakes of.
  std::vector<Point> missing() {
    std::map<std::string_view, Guid> names;
    std::set<Guid> guids;
    if (has_points()) {
      for (const Point& point : replica_->points) {
        names[point.name] = point.guid;
        guids.insert(point.guid);
      }
    }
    std::vector<Point> result;
    for (const Point& point : volume_.points) {
      if (point.kind != PointKind::Snapshot || guids.contains(point.guid)) continue;
      if (lineage_.base && point.order <= lineage_.base->order) continue;
      if (names.contains(point.name)) {
        lineage_.names_taken.push_back(point.name);
      } else {
        result.push_back(point);
      }
    }
    return result;
  }

  // Older ones of the set are what earlier runs left, and go once the newest is in the store.
  void leave_older_own(std::vector<Point>& points) const {
    const Point* newest = nullptr;
    for (const Point& point : points) {
      if (is_own(point)) newest = &point;
    }
    if (newest == nullptr) return;
    const Guid kept = newest->guid;
    std::erase_if(points, [&](const Point& point) { return is_own(point) && point.guid != kept; });
  }

  void find_targets() {
    std::vector<Point> points = missing();
    const auto newest_own = std::find_if(points.rbegin(), points.rend(),
                                         [&](const Point& point) { return is_own(point); });
    lineage_.waiting = static_cast<std::size_t>(
        std::count_if(points.begin(), points.end(), [&](const Point& one) { return is_own(one); }));
    const bool alone = newest_own != points.rend() && policy_.newest_alone.contains(volume_.name);
    if (policy_.history == History::Own || alone) {
      if (newest_own != points.rend()) lineage_.targets = {*newest_own};
    } else if (lineage_.base || policy_.history == History::All) {
      if (!lineage_.base && !policy_.take_nothing) leave_older_own(points);
      lineage_.targets = std::move(points);
    } else if (newest_own != points.rend()) {
      lineage_.targets.assign(newest_own.base() - 1, points.end());
    } else if (!points.empty()) {
      lineage_.targets = {points.back()};
    }
    if (lineage_.targets.empty() && !lineage_.names_taken.empty()) {
      conflict(ConflictKind::NameTaken, false,
               "the store has another snapshot named @" + lineage_.names_taken.back(),
               "rename one of the two");
    }
  }

  const Match& match_;
  const VolumeState& volume_;
  const Policy& policy_;
  const ReplicaState* replica_;
  Lineage lineage_;
};

}  // namespace

bool is_linear(VolumeType type) { return type != VolumeType::Subvolume; }

Lineage trace(const Match& match, const Policy& policy) {
  return Tracer(match, policy, match.replica).trace();
}

namespace {

// The same as if the replica were not there.
Lineage trace_anew(const Match& match, const Policy& policy) {
  Match alone = match;
  alone.replica = nullptr;
  alone.foreign = nullptr;
  alone.ambiguous = false;
  return Tracer(alone, policy, nullptr).trace();
}

bool never_heals(const Match& match, ConflictKind kind) {
  if (kind == ConflictKind::ReplicaChanged) return match.aside == nullptr;
  return kind == ConflictKind::NoCommonSnapshot && !is_linear(match.volume->type) &&
         match.aside == nullptr && match.aside_before == nullptr;
}

}  // namespace

Course choose_course(const Match& match, const Policy& policy) {
  Course course{trace(match, policy), match.replica, {}, policy.start_anew};
  const Lineage& found = course.lineage;
  if (!found.conflict || !found.anew_helps) return course;
  if (!policy.start_anew && !never_heals(match, found.conflict->kind)) return course;
  std::string cause = found.cause;
  course.lineage = trace_anew(match, policy);
  course.replica = nullptr;
  if (!course.lineage.conflict) course.anew = std::move(cause);
  return course;
}

std::string text_of(const Point& point) {
  return (point.kind == PointKind::Bookmark ? "#" : "@") + point.name;
}

std::set<Guid> guids_of(const std::vector<Point>& points) {
  std::set<Guid> guids;
  for (const Point& point : points) guids.insert(point.guid);
  return guids;
}

bool has_guid(const std::vector<Point>& points, const Guid& guid) {
  return std::any_of(points.begin(), points.end(),
                     [&](const Point& point) { return point.guid == guid; });
}

}  // namespace snapferry::replication
