#include "zfs/settler.h"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <map>
#include <set>

#include "core/error.h"
#include "zfs/arguments.h"
#include "zfs/dataset_name.h"
#include "zfs/listing.h"
#include "zfs/pool_changes.h"

namespace snapferry::zfs {
namespace {

using Names = std::vector<std::string>;

// A person may have to give it to `zfs release`, so it must not look like an option.
void check_tag(const std::string& tag) {
  if (!is_name_part(tag) || tag.front() == '-') {
    throw Error(ErrorKind::InvalidArgument, "'" + tag + "': is no name for a hold");
  }
}

std::string dataset_of(std::string_view name) {
  return std::string(name.substr(0, name.find_first_of("@#")));
}

// What could not be done, by volume. `done`: the errno of what has been done already.
std::vector<VolumeFailure> change_volumes(PoolCalls& calls, PoolChange change,
                                          const std::vector<PoolItem>& items, int done) {
  std::vector<VolumeFailure> failures;
  for (const auto& refused : change_all(calls, change, items)) {
    if (refused.error == done) continue;
    failures.push_back(
        {volume_of_dataset(dataset_of(refused.item.name)), refusal(change, refused)});
  }
  return failures;
}

class Settler {
 public:
  Settler(platform::Commands& commands, PoolCalls& calls) : commands_(commands), calls_(calls) {}

  std::vector<VolumeFailure> settle(const std::vector<Settlement>& settlements) {
    hold(settlements);
    bookmark(settlements);
    release(settlements);
    destroy(settlements);
    return std::move(failures_);
  }

 private:
  bool failed(const std::string& volume) const { return failed_.count(volume) > 0; }

  void fail(const std::string& volume, std::string message) {
    if (failed_.insert(volume).second) failures_.push_back({volume, std::move(message)});
  }

  void change(PoolChange change, const std::vector<PoolItem>& items, int done) {
    for (auto& failure : change_volumes(calls_, change, items, done)) {
      fail(failure.volume, std::move(failure.message));
    }
  }

  void hold(const std::vector<Settlement>& settlements) {
    std::vector<PoolItem> items;
    for (const auto& one : settlements) {
      if (!one.hold) continue;
      check_tag(one.cursor);
      items.push_back({point_name(dataset_of_volume(one.volume), *one.hold), one.cursor});
    }
    change(PoolChange::Hold, items, EEXIST);
  }

  void bookmark(const std::vector<Settlement>& settlements) {
    std::vector<PoolItem> items;
    for (const auto& one : settlements) {
      if (!one.bookmark_of || failed(one.volume)) continue;
      const auto dataset = dataset_of_volume(one.volume);
      Point target;
      target.kind = PointKind::Bookmark;
      target.name = one.bookmark;
      items.push_back({point_name(dataset, target), point_name(dataset, *one.bookmark_of)});
    }
    change(PoolChange::Bookmark, items, EEXIST);
  }

  // Nothing is let go of where what shall take its place failed.
  void release(const std::vector<Settlement>& settlements) {
    std::vector<PoolItem> items;
    for (const auto& one : settlements) {
      if (one.release.empty() || failed(one.volume)) continue;
      check_tag(one.cursor);
      for (const auto& point : one.release) {
        items.push_back({point_name(dataset_of_volume(one.volume), point), one.cursor});
      }
    }
    change(PoolChange::Release, items, ENOENT);
  }

  void destroy(const std::vector<Settlement>& settlements) {
    std::vector<Doomed> doomed;
    for (const auto& one : settlements) {
      if (failed(one.volume)) continue;
      for (const auto& point : one.destroy) {
        doomed.push_back({dataset_of_volume(one.volume), point});
      }
    }
    for (auto& failure : destroy_points(commands_, calls_, doomed)) {
      fail(failure.volume, std::move(failure.message));
    }
  }

  platform::Commands& commands_;
  PoolCalls& calls_;
  std::set<std::string> failed_;
  std::vector<VolumeFailure> failures_;
};

// Of `doomed` what is there under its name with its guid, and is held by nobody.
std::vector<Doomed> still_the_same(platform::Commands& commands,
                                   const std::vector<Doomed>& doomed) {
  Names roots;
  for (const auto& one : doomed) roots.push_back(point_name(one.dataset, one.point));
  std::map<std::string, Point> there;
  for (const auto& batch : batches({}, roots)) {
    const auto listing = run_list(commands, {.columns = {"name", "guid", "userrefs"},
                                             .types = "snapshot,bookmark",
                                             .recursive = false,
                                             .roots = batch});
    for (const auto& row : listing.rows) {
      auto& point = there[row[0]];
      point.guid = Guid::from_number(parse_number(row[1]).value_or(0));
      point.holds = static_cast<std::uint32_t>(parse_number(row[2]).value_or(0));
    }
  }
  std::vector<Doomed> same;
  for (const auto& one : doomed) {
    const auto found = there.find(point_name(one.dataset, one.point));
    const bool matches = found != there.end() && !one.point.guid.is_zero() &&
                         found->second.guid == one.point.guid && found->second.holds == 0;
    if (matches) same.push_back(one);
  }
  return same;
}

}  // namespace

std::vector<VolumeFailure> settle_volumes(platform::Commands& commands, PoolCalls& calls,
                                          const std::vector<Settlement>& settlements) {
  return Settler(commands, calls).settle(settlements);
}

std::vector<VolumeFailure> destroy_points(platform::Commands& commands, PoolCalls& calls,
                                          const std::vector<Doomed>& doomed) {
  if (doomed.empty()) return {};
  std::vector<PoolItem> bookmarks;
  std::vector<PoolItem> snapshots;
  for (const auto& one : still_the_same(commands, doomed)) {
    auto& items = one.point.kind == PointKind::Bookmark ? bookmarks : snapshots;
    items.push_back({point_name(one.dataset, one.point)});
  }
  auto failures = change_volumes(calls, PoolChange::DestroyBookmarks, bookmarks, ENOENT);
  auto more = change_volumes(calls, PoolChange::DestroySnapshots, snapshots, ENOENT);
  std::move(more.begin(), more.end(), std::back_inserter(failures));
  return failures;
}

}  // namespace snapferry::zfs
