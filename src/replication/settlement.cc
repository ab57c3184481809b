#include "replication/settlement.h"

#include <algorithm>
#include <map>
#include <set>

#include "replication/lineage.h"
#include "replication/snapshot_name.h"

namespace snapferry::replication {
namespace {

class Settler {
 public:
  Settler(const VolumeState& volume, const Point& newest, const std::set<Guid>& in_store,
          const Policy& policy, const std::set<Guid>& needed)
      : volume_(volume), newest_(newest), in_store_(in_store), policy_(policy), needed_(needed) {
    settlement_.volume = volume.name;
    settlement_.cursor = policy.cursor;
  }

  std::optional<Settlement> settle(bool transferred) {
    const Point* own = newest_own();
    if (own != nullptr) move_hold(*own);
    if (policy_.source.bookmarks) move_bookmark();
    if (!transferred && !unsettled_) return std::nullopt;
    return std::move(settlement_);
  }

 private:
  bool is_own_snapshot(const Point& point) const {
    return point.kind == PointKind::Snapshot && is_of_set(point.name, policy_.set);
  }

  const Point* newest_own() const {
    const auto found =
        std::find_if(volume_.points.rbegin(), volume_.points.rend(), [&](const Point& point) {
          return is_own_snapshot(point) && in_store_.contains(point.guid);
        });
    return found == volume_.points.rend() ? nullptr : &*found;
  }

  // How many cursors of the set for other stores are on each snapshot, as their bookmarks tell:
  // a hold is on the newest snapshot of the set that the store has.
  std::map<Guid, std::size_t> cursors_of_others() const {
    std::map<Guid, std::set<std::string>> stores;
    std::map<Guid, const Point*> own_snapshots;
    for (const Point& point : volume_.points) {
      if (is_own_snapshot(point)) own_snapshots.emplace(point.guid, &point);
    }
    const Point* newest = nullptr;
    for (const Point& point : volume_.points) {
      // A bookmark stands before its own snapshot.
      if (point.kind == PointKind::Bookmark && !is_bookmark_of(point.name, policy_.cursor)) {
        const auto bookmark = parse_bookmark_name(point.name);
        if (!bookmark || bookmark->set != policy_.set) continue;
        const auto found = own_snapshots.find(point.guid);
        const Point* own = found == own_snapshots.end() ? newest : found->second;
        if (own != nullptr) stores[own->guid].insert(bookmark->store);
      } else if (is_own_snapshot(point)) {
        newest = &point;
      }
    }
    std::map<Guid, std::size_t> counts;
    for (const auto& [guid, names] : stores) counts[guid] = names.size();
    return counts;
  }

  void move_hold(const Point& own) {
    settlement_.hold = own;
    // Where holds are unknown, nobody can tell that one is missing.
    if (own.holds == 0 && is_linear(volume_.type)) unsettled_ = true;
    const auto others = cursors_of_others();
    for (const Point& point : volume_.points) {
      if (!is_own_snapshot(point) || point.guid == own.guid || needed_.contains(point.guid))
        continue;
      const bool older = point.order < own.order;
      // Whose holds they are, the listing does not say. A younger one has that of this cursor
      // where it was destroyed on the store since.
      if (point.holds > 0) settlement_.release.push_back(point);
      if (older) settlement_.destroy.push_back(point);
      // As many as there are cursors of other stores are theirs, and it stays until they move on.
      const auto theirs = others.find(point.guid);
      const bool needed = theirs != others.end() && point.holds <= theirs->second;
      if (point.holds > 0 ? !needed : older) unsettled_ = true;
    }
  }

  void move_bookmark() {
    bool there = false;
    std::vector<Point> older;
    for (const Point& point : volume_.points) {
      if (point.kind != PointKind::Bookmark || !is_bookmark_of(point.name, policy_.cursor))
        continue;
      if (point.guid == newest_.guid && !there) {
        there = true;
      } else {
        older.push_back(point);
      }
    }
    if (!there && newest_.kind != PointKind::Snapshot) return;
    if (!there) {
      settlement_.bookmark_of = newest_;
      settlement_.bookmark = free_name();
    }
    if (!there || !older.empty()) unsettled_ = true;
    settlement_.destroy.insert(settlement_.destroy.end(), older.begin(), older.end());
  }

  // Of a snapshot that others named the listing may not know it; then that of the set's before it.
  std::int64_t time_of(const Point& point) const {
    if (const auto parsed = parse_snapshot_name(point.name)) return parsed->time;
    if (point.created != 0 || !settlement_.hold) return point.created;
    return parse_snapshot_name(settlement_.hold->name)->time;
  }

  std::string free_name() const {
    std::int64_t time = time_of(newest_);
    std::set<std::string_view> taken;
    for (const Point& point : volume_.points) {
      if (point.kind == PointKind::Bookmark) taken.insert(point.name);
    }
    std::string name = bookmark_name(policy_.cursor, time);
    while (taken.contains(name)) name = bookmark_name(policy_.cursor, ++time);
    return name;
  }

  const VolumeState& volume_;
  const Point& newest_;
  const std::set<Guid>& in_store_;
  const Policy& policy_;
  const std::set<Guid>& needed_;
  Settlement settlement_;
  bool unsettled_ = false;
};

}  // namespace

std::optional<Settlement> settle_after(const VolumeState& volume, const Point& newest,
                                       const std::set<Guid>& in_store, bool transferred,
                                       const Policy& policy, const std::set<Guid>& needed) {
  return Settler(volume, newest, in_store, policy, needed).settle(transferred);
}

}  // namespace snapferry::replication
