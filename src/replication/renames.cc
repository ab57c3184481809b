#include "replication/renames.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "core/error.h"
#include "core/volume_kind.h"
#include "core/volume_pattern.h"
#include "replication/lineage.h"
#include "replication/origin.h"

namespace snapferry::replication {
namespace {

bool is_covered(const std::vector<std::string>& patterns, const std::string& name) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
    return VolumePattern::parse(pattern).matches(name);
  });
}

bool is_listed(const std::vector<VolumeState>& volumes, const VolumeState& other) {
  return std::ranges::any_of(volumes, [&](const VolumeState& volume) {
    return !volume.guid.is_zero() && volume.guid == other.guid;
  });
}

// In the replica of its name.
bool goes_on(const std::vector<ReplicaState>& replicas, const std::string& host,
             const VolumeState& volume) {
  return std::ranges::any_of(replicas, [&](const ReplicaState& replica) {
    return replica.volume == VolumeName{host, volume.name} &&
           std::ranges::any_of(volume.points, [&](const Point& point) {
             return has_guid(replica.points, point.guid);
           });
  });
}

// One of the volumes is known to have had the name.
bool was_of_another(const std::vector<VolumeState>& volumes,
                    const std::vector<ReplicaState>& replicas, const std::string& name,
                    const Policy& policy) {
  return std::ranges::any_of(replicas, [&](const ReplicaState& replica) {
    return replica.volume == VolumeName{policy.host, name} &&
           std::ranges::any_of(volumes, [&](const VolumeState& volume) {
             return is_proven_origin(volume, replica, policy);
           });
  });
}

// It is gone, or another path to one of the volumes that are backed up, as a second mount makes
// one, or a new volume that has none of the replica's snapshots, which one of the volumes left. Or
// the source does not say: the old volume is there, maybe, and lost its snapshots.
void look_at_name(Source& source, const std::string& name, const std::vector<VolumeState>& volumes,
                  const std::vector<ReplicaState>& replicas, Policy& policy) {
  try {
    const auto found = source.inventory({name});
    const auto in_its_replica = [&](const auto& other) {
      return goes_on(replicas, policy.host, other);
    };
    if (std::ranges::none_of(found, in_its_replica)) {
      if (found.empty() || was_of_another(volumes, replicas, name, policy)) {
        policy.absent.insert(name);
      }
    } else if (std::ranges::all_of(found,
                                   [&](const auto& other) { return is_listed(volumes, other); })) {
      policy.absent.insert(name);
      policy.other_paths.insert(name);
    }
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::NotFound) policy.absent.insert(name);
  }
}

// `volumes` first, as they were listed, then what else the source shows.
std::vector<VolumeState> all_volumes(Source& source, const std::vector<VolumeState>& volumes) {
  std::vector<VolumeState> all = volumes;
  std::set<std::string_view> listed;
  for (const VolumeState& volume : volumes) listed.insert(volume.name);
  const std::string kind(split_local_name(volumes.front().name).kind);
  try {
    for (auto& volume : source.inventory({kind + (kind == "btrfs" ? ":/**" : ":**")})) {
      if (!listed.contains(volume.name)) all.push_back(std::move(volume));
    }
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::Cancelled) throw;
  }
  return all;
}

}  // namespace

void learn_old_names(Source& source, const std::vector<std::string>& patterns,
                     const std::vector<VolumeState>& volumes,
                     const std::vector<ReplicaState>& replicas, Policy& policy) {
  for (const std::string& name : rename_candidates(volumes, replicas, policy)) {
    if (is_covered(patterns, name)) {
      policy.absent.insert(name);
    } else {
      look_at_name(source, name, volumes, replicas, policy);
    }
  }
}

std::vector<Move> find_moves(Source& source, const std::vector<VolumeState>& volumes,
                             const std::vector<ReplicaState>& replicas, const Policy& policy) {
  if (!lacks_heir(volumes, replicas, policy)) return plan_moves(volumes, replicas, policy);
  return plan_moves(all_volumes(source, volumes), replicas, policy);
}

}  // namespace snapferry::replication
