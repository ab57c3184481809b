#include "replication/moves.h"

#include <algorithm>
#include <map>
#include <set>

#include "core/aside.h"
#include "core/volume_kind.h"
#include "replication/lineage.h"
#include "replication/origin.h"

namespace snapferry::replication {
namespace {

// Where a replica waits while another one leaves the name that it is to have: PATH ".diverged-0".
// To whoever lists the store it is one that was set aside, and none that is missed; but no replica
// is set aside under this name, and where the way ends there, the next plan goes on.
bool is_between(std::string_view path) {
  const auto before = path_before_aside(path);
  return before && path.find_first_not_of('0', before->size() + kAsideMark.size()) == path.npos;
}

bool holds_anything(const ReplicaState& replica) {
  return !replica.points.empty() || replica.partial.has_value();
}

bool is_same_kind(std::string_view one, std::string_view other) {
  return split_local_name(one).kind == split_local_name(other).kind;
}

// Where the volume has the newest snapshot, or bookmark, that the replica has, too; nullptr: there
// is none.
const Point* newest_common(const VolumeState& volume, const ReplicaState& replica) {
  const auto found =
      std::find_if(volume.points.rbegin(), volume.points.rend(),
                   [&](const Point& point) { return has_guid(replica.points, point.guid); });
  return found == volume.points.rend() ? nullptr : &*found;
}

class MovePlanner {
 public:
  MovePlanner(const std::vector<VolumeState>& source, const std::vector<ReplicaState>& store,
              const Policy& policy)
      : source_(source), policy_(policy) {
    for (const VolumeState& volume : source) volumes_[volume.name] = &volume;
    for (const ReplicaState& replica : store) {
      if (replica.volume.host == policy.host) replicas_[replica.volume.path] = &replica;
    }
  }

  bool lacks_heir() const {
    return std::ranges::any_of(replicas_, [&](const auto& each) {
      return volumes_.contains(each.first) && is_left(*each.second) && kin_of(*each.second).empty();
    });
  }

  std::vector<Move> plan() {
    find_heirs();
    leave_what_is_in_the_way();
    return in_order();
  }

 private:
  // No volume goes on in it under its name.
  bool is_left(const ReplicaState& replica) const {
    const std::string& path = replica.volume.path;
    if (replica.points.empty()) return false;
    if (is_between(path)) return !volumes_.contains(path);
    if (path_before_aside(path)) return false;
    const auto namesake = volumes_.find(path);
    if (namesake != volumes_.end()) return newest_common(*namesake->second, replica) == nullptr;
    return policy_.absent.contains(path) && !policy_.other_paths.contains(path);
  }

  // Those that have snapshots of it.
  std::vector<const VolumeState*> kin_of(const ReplicaState& replica) const {
    std::vector<const VolumeState*> kin;
    for (const VolumeState& volume : source_) {
      if (!is_same_kind(volume.name, replica.volume.path)) continue;
      if (newest_common(volume, replica) != nullptr) kin.push_back(&volume);
    }
    return kin;
  }

  // nullptr: none has snapshots of it, or several, or it may be a copy of the volume that still has
  // the name, of which the snapshots of the replica are gone.
  const VolumeState* heir_of(const ReplicaState& replica) const {
    const auto kin = kin_of(replica);
    if (kin.size() != 1 || kin.front()->excluded) return nullptr;
    const bool is_name_taken = volumes_.contains(replica.volume.path);
    if (is_name_taken && !is_proven_origin(*kin.front(), replica, policy_)) return nullptr;
    return kin.front();
  }

  // Of several that a volume could go on in, the one with the newest of its snapshots.
  void find_heirs() {
    std::map<std::string, const ReplicaState*> chosen;
    for (const auto& [path, replica] : replicas_) {
      if (!is_left(*replica)) continue;
      const VolumeState* heir = heir_of(*replica);
      if (heir == nullptr) continue;
      const ReplicaState*& best = chosen[heir->name];
      if (best == nullptr ||
          newest_common(*heir, *best)->order < newest_common(*heir, *replica)->order) {
        best = replica;
      }
    }
    for (const auto& [name, replica] : chosen) targets_[replica->volume.path] = name;
  }

  // What stays in its way may have others in its own way, and so on.
  void leave_what_is_in_the_way() {
    const auto is_blocked = [&](const auto& move) {
      const auto there = replicas_.find(move.second);
      return there != replicas_.end() && holds_anything(*there->second) &&
             !targets_.contains(move.second);
    };
    while (std::erase_if(targets_, is_blocked) > 0) {
    }
  }

  std::vector<Move> in_order() {
    std::vector<Move> moves;
    const auto go = [&](const std::string& from, const std::string& to) {
      moves.push_back({{policy_.host, from},
                       {policy_.host, to},
                       is_between(from) ? *path_before_aside(from) : from});
    };
    while (!targets_.empty()) {
      const auto free = std::ranges::find_if(
          targets_, [&](const auto& move) { return !targets_.contains(move.second); });
      if (free != targets_.end()) {
        go(free->first, free->second);
        targets_.erase(free);
        continue;
      }
      // They go round in a circle.
      const auto [from, to] = *targets_.begin();
      const std::string between = free_name(from);
      go(from, between);
      targets_.erase(from);
      targets_[between] = to;
    }
    return moves;
  }

  std::string free_name(const std::string& path) const {
    std::string name = path + std::string(kAsideMark) + "0";
    while (replicas_.contains(name)) name += "0";
    return name;
  }

  const std::vector<VolumeState>& source_;
  const Policy& policy_;
  std::map<std::string, const VolumeState*> volumes_;
  std::map<std::string, const ReplicaState*> replicas_;
  std::map<std::string, std::string> targets_;  // what goes where, by path
};

}  // namespace

std::vector<Move> plan_moves(const std::vector<VolumeState>& source,
                             const std::vector<ReplicaState>& store, const Policy& policy) {
  return MovePlanner(source, store, policy).plan();
}

bool lacks_heir(const std::vector<VolumeState>& source, const std::vector<ReplicaState>& store,
                const Policy& policy) {
  return MovePlanner(source, store, policy).lacks_heir();
}

std::vector<ReplicaState> after_move(std::vector<ReplicaState> store, const Move& move) {
  std::erase_if(store, [&](const ReplicaState& replica) { return replica.volume == move.to; });
  for (ReplicaState& replica : store) {
    if (replica.volume == move.from) replica.volume = move.to;
  }
  return store;
}

}  // namespace snapferry::replication
