#include "replication/match.h"

#include <algorithm>
#include <map>
#include <set>

#include "core/aside.h"
#include "core/volume_kind.h"
#include "replication/snapshot_name.h"

namespace snapferry::replication {
namespace {

class Matcher {
 public:
  Matcher(const std::vector<VolumeState>& source, const std::vector<ReplicaState>& store,
          const Policy& policy)
      : source_(source), policy_(policy) {
    for (const VolumeState& volume : source) names_.insert(volume.name);
    for (const ReplicaState& replica : store) {
      if (replica.volume.host == policy.host) replicas_[replica.volume.path] = &replica;
    }
    index_orphans();
  }

  std::vector<Match> match() {
    std::vector<Match> matches;
    for (const VolumeState& volume : source_) matches.push_back(match_one(volume));
    resolve_claims(matches);
    return matches;
  }

  std::vector<std::string> candidates() const {
    std::set<std::string> found;
    for (const VolumeState& volume : source_) {
      if (has_own(volume)) continue;
      for (const ReplicaState* orphan : orphans_of(volume)) {
        if (path_before_aside(orphan->volume.path)) continue;
        if (!policy_.absent.contains(orphan->volume.path)) found.insert(orphan->volume.path);
      }
    }
    return {found.begin(), found.end()};
  }

 private:
  // Replicas that no listed volume has the name of, by the snapshots in them.
  void index_orphans() {
    for (const auto& [path, replica] : replicas_) {
      if (names_.contains(path)) continue;
      for (const Point& point : replica->points) orphans_.emplace(point.guid, replica);
    }
  }

  const ReplicaState* own_replica(const VolumeState& volume) const {
    const auto found = replicas_.find(volume.name);
    return found == replicas_.end() ? nullptr : found->second;
  }

  bool has_own(const VolumeState& volume) const {
    const ReplicaState* own = own_replica(volume);
    return own != nullptr && (!own->points.empty() || own->partial);
  }

  // Those that have snapshots of `volume`, by name.
  std::vector<const ReplicaState*> orphans_of(const VolumeState& volume) const {
    std::map<std::string_view, const ReplicaState*> found;
    if (orphans_.empty()) return {};
    for (const Point& point : volume.points) {
      const auto [begin, end] = orphans_.equal_range(point.guid);
      for (auto at = begin; at != end; ++at) {
        if (split_local_name(at->second->volume.path).kind == split_local_name(volume.name).kind) {
          found.emplace(at->second->volume.path, at->second);
        }
      }
    }
    std::vector<const ReplicaState*> result;
    for (const auto& [path, replica] : found) result.push_back(replica);
    return result;
  }

  const ReplicaState* aside_of(const VolumeState& volume) const {
    for (const ReplicaState* orphan : orphans_of(volume)) {
      if (path_before_aside(orphan->volume.path) == volume.name) return orphan;
    }
    return nullptr;
  }

  const ReplicaState* aside_before(const VolumeState& volume) const {
    const std::string beginning = volume.name + std::string(kAsideMark);
    for (auto at = replicas_.lower_bound(beginning);
         at != replicas_.end() && at->first.starts_with(beginning); ++at) {
      if (path_before_aside(at->first) == volume.name && has_set(*at->second)) return at->second;
    }
    return nullptr;
  }

  bool has_set(const ReplicaState& replica) const {
    return std::ranges::any_of(
        replica.points, [&](const Point& point) { return is_of_set(point.name, policy_.set); });
  }

  Match match_one(const VolumeState& volume) const {
    Match match;
    match.volume = &volume;
    match.replica = own_replica(volume);
    match.name = {policy_.host, volume.name};
    for (const ReplicaState* orphan : orphans_of(volume)) {
      if (policy_.absent.contains(orphan->volume.path)) {
        match.foreign = orphan;
      } else if (!path_before_aside(orphan->volume.path)) {
        match.others.push_back(orphan);
      }
    }
    match.aside = aside_of(volume);
    match.aside_before = aside_before(volume);
    if (match.foreign != nullptr && !has_own(volume)) {
      match.replica = match.foreign;
      match.name = match.foreign->volume;
      match.foreign = nullptr;
    }
    return match;
  }

  // A replica that two volumes would follow is followed by neither.
  static void resolve_claims(std::vector<Match>& matches) {
    std::map<const ReplicaState*, std::size_t> claims;
    for (const Match& match : matches) {
      if (match.replica != nullptr) ++claims[match.replica];
    }
    for (Match& match : matches) {
      if (match.replica == nullptr || claims[match.replica] < 2) continue;
      match.foreign = match.replica;
      match.ambiguous = true;
      match.replica = nullptr;
      match.name.path = match.volume->name;
    }
  }

  const std::vector<VolumeState>& source_;
  const Policy& policy_;
  std::set<std::string_view> names_;
  std::map<std::string_view, const ReplicaState*> replicas_;
  std::multimap<Guid, const ReplicaState*> orphans_;
};

}  // namespace

std::vector<Match> match_replicas(const std::vector<VolumeState>& source,
                                  const std::vector<ReplicaState>& store, const Policy& policy) {
  return Matcher(source, store, policy).match();
}

std::vector<std::string> rename_candidates(const std::vector<VolumeState>& source,
                                           const std::vector<ReplicaState>& store,
                                           const Policy& policy) {
  return Matcher(source, store, policy).candidates();
}

}  // namespace snapferry::replication
