#include "replication/cursors.h"

#include <algorithm>
#include <limits>
#include <map>

#include "replication/snapshot_name.h"

namespace snapferry::replication {
namespace {

bool is_snapshot_of(const Point& point, const std::string& set) {
  return point.kind == PointKind::Snapshot && is_of_set(point.name, set);
}

// The time in the name of the newest snapshot with one; the least possible without.
std::int64_t newest_own(const VolumeState& volume) {
  std::int64_t newest = std::numeric_limits<std::int64_t>::min();
  for (const Point& point : volume.points) {
    const auto name = parse_snapshot_name(point.name);
    if (point.kind == PointKind::Snapshot && name) newest = std::max(newest, name->time);
  }
  return newest;
}

void add_cursors(const VolumeState& volume, std::vector<Cursor>& all) {
  using Key = std::pair<std::string, std::string>;
  std::map<Key, Cursor> cursors;
  for (const Point& point : volume.points) {
    const auto name = parse_bookmark_name(point.name);
    if (point.kind != PointKind::Bookmark || !name) continue;
    Cursor& cursor = cursors[{name->set, name->store}];
    cursor.time = cursor.bookmarks.empty() ? name->time : std::max(cursor.time, name->time);
    cursor.bookmarks.push_back(point);
  }
  const std::int64_t newest = newest_own(volume);
  for (auto& [key, cursor] : cursors) {
    cursor.volume = volume.name;
    std::tie(cursor.set, cursor.store) = key;
    if (newest > cursor.time) cursor.behind = newest - cursor.time;
    all.push_back(std::move(cursor));
  }
}

}  // namespace

std::vector<Cursor> cursors_of(const std::vector<VolumeState>& source) {
  std::vector<Cursor> all;
  for (const VolumeState& volume : source) add_cursors(volume, all);
  std::sort(all.begin(), all.end(), [](const Cursor& one, const Cursor& other) {
    return std::tie(one.volume, one.set, one.store) <
           std::tie(other.volume, other.set, other.store);
  });
  return all;
}

std::vector<AbsentStore> absent_stores(const std::vector<VolumeState>& source) {
  struct Sum {
    AbsentStore store;
    std::int64_t newest = 0;  // of the snapshots for any store
  };
  std::map<std::pair<std::string, std::string>, Sum> sums;
  for (const Cursor& cursor : cursors_of(source)) {
    Sum& sum = sums[{cursor.set, cursor.store}];
    sum.store.time = std::max(sum.store.time, cursor.time);
    sum.newest = std::max(sum.newest, cursor.time + cursor.behind);
    ++sum.store.volumes;
  }
  std::vector<AbsentStore> absent;
  for (auto& [key, sum] : sums) {
    if (sum.newest - sum.store.time < kLongAbsence) continue;
    std::tie(sum.store.set, sum.store.store) = key;
    absent.push_back(std::move(sum.store));
  }
  return absent;
}

Settlement release_of(const VolumeState& volume, const Cursor& cursor) {
  Settlement settlement;
  settlement.volume = volume.name;
  settlement.cursor = cursor_tag(cursor.set, cursor.store);
  const auto newest =
      std::find_if(volume.points.rbegin(), volume.points.rend(),
                   [&](const Point& point) { return is_snapshot_of(point, cursor.set); });
  for (const Point& point : volume.points) {
    if (!is_snapshot_of(point, cursor.set)) continue;
    // Whose hold it is, the listing does not say; none of this cursor is no error.
    if (point.holds > 0) settlement.release.push_back(point);
    if (point.holds > 0 && point.guid != newest->guid) settlement.destroy.push_back(point);
  }
  settlement.destroy.insert(settlement.destroy.end(), cursor.bookmarks.begin(),
                            cursor.bookmarks.end());
  return settlement;
}

}  // namespace snapferry::replication
