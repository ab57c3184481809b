#include "replication/origin.h"

#include <algorithm>
#include <set>

#include "core/aside.h"
#include "replication/lineage.h"
#include "replication/snapshot_name.h"

namespace snapferry::replication {
namespace {

bool is_mark_of_store(const Point& point, const Policy& policy) {
  const auto mark = parse_bookmark_name(point.name);
  return mark && cursor_tag(policy.set, mark->store) == policy.cursor;
}

// Of a received one nobody knows when it was taken.
bool was_taken_here(const VolumeState& volume, const Point& point) {
  return volume.type == VolumeType::Subvolume && !volume.last_unchanged && point.created != 0;
}

// The source is a store, which says so itself.
bool was_set_aside(const VolumeState& volume, const ReplicaState& replica) {
  return volume.last_unchanged && path_before_aside(volume.name) == replica.volume.path;
}

}  // namespace

bool is_proven_origin(const VolumeState& volume, const ReplicaState& replica,
                      const Policy& policy) {
  const std::set<Guid> in_store = guids_of(replica.points);
  const bool is_aside = was_set_aside(volume, replica);
  return std::ranges::any_of(volume.points, [&](const Point& point) {
    if (!in_store.contains(point.guid)) return false;
    if (point.kind == PointKind::Bookmark) return is_mark_of_store(point, policy);
    return is_aside || was_taken_here(volume, point);
  });
}

}  // namespace snapferry::replication
