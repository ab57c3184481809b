#include "zfs/freezer.h"

#include <cerrno>
#include <map>
#include <utility>

#include "core/error.h"
#include "zfs/arguments.h"
#include "zfs/dataset_name.h"
#include "zfs/listing.h"
#include "zfs/pool_changes.h"

namespace snapferry::zfs {
namespace {

using Names = std::vector<std::string>;

class Freezer {
 public:
  Freezer(platform::Commands& commands, PoolCalls& calls, const std::string& name)
      : commands_(commands), calls_(calls), name_(name) {}

  Freeze freeze(const std::vector<std::string>& volumes) {
    std::map<std::string, Names> pools;
    for (const auto& volume : volumes) {
      const auto dataset = dataset_of_volume(volume);
      pools[std::string(pool_of(dataset))].push_back(dataset);
    }
    try {
      for (const auto& [pool, datasets] : pools) freeze_pool(datasets);
    } catch (const Error&) {
      take_back();
      throw;
    }
    read_identities();
    return std::move(result_);
  }

 private:
  // One that is gone keeps the others of its pool from being taken, so they are tried again.
  void freeze_pool(Names datasets) {
    bool looked = false;
    while (!datasets.empty()) {
      const auto outcome = snapshot(datasets);
      if (outcome.error == 0) {
        taken_.insert(taken_.end(), datasets.begin(), datasets.end());
        return;
      }
      const auto before = datasets.size();
      remove_blamed(datasets, outcome);
      if (datasets.size() == before && !std::exchange(looked, true)) remove_missing(datasets);
      if (datasets.size() == before) return fail(datasets, outcome.error);
    }
  }

  PoolOutcome snapshot(const Names& datasets) {
    const auto items = snapshots_of(datasets);
    auto outcome = calls_.change(PoolChange::Snapshot, items);
    for (const auto& item : items) {
      const auto blamed = outcome.errors.find(item.name);
      if (blamed == outcome.errors.end() || blamed->second != EEXIST) continue;
      throw Error(ErrorKind::AlreadyExists, item.name + ": is there already");
    }
    return outcome;
  }

  void remove_blamed(Names& datasets, const PoolOutcome& outcome) {
    std::erase_if(datasets, [&](const std::string& dataset) {
      const auto blamed = outcome.errors.find(snapshot_name(dataset));
      if (blamed == outcome.errors.end()) return false;
      fail({dataset}, blamed->second);
      return true;
    });
  }

  void fail(const Names& datasets, int error) {
    for (const auto& dataset : datasets) {
      result_.failed.push_back({volume_of_dataset(dataset),
                                refusal(PoolChange::Snapshot, {{snapshot_name(dataset)}, error})});
    }
  }

  void remove_missing(Names& datasets) {
    const auto listing = run_list(
        commands_,
        {.columns = {"name"}, .types = "filesystem,volume", .recursive = false, .roots = datasets});
    for (const auto& missing : listing.missing) {
      std::erase(datasets, missing);
      fail({missing}, ENOENT);
    }
  }

  void read_identities() {
    if (taken_.empty()) return;
    Names snapshots;
    for (const auto& dataset : taken_) snapshots.push_back(snapshot_name(dataset));
    const auto listing = run_list(commands_, {.columns = {"name", "guid", "createtxg"},
                                              .types = "snapshot",
                                              .recursive = false,
                                              .roots = snapshots});
    std::map<std::string, Point> points;
    for (const auto& row : listing.rows) {
      auto& point = points[row[0]];
      point.name = name_;
      point.guid = Guid::from_number(parse_number(row[1]).value_or(0));
      point.order = parse_number(row[2]).value_or(0);
    }
    for (const auto& dataset : taken_) {
      const auto found = points.find(snapshot_name(dataset));
      if (found == points.end() || found->second.guid.is_zero()) {
        result_.failed.push_back(
            {volume_of_dataset(dataset),
             snapshot_name(dataset) + ": was taken and is not there any more"});
      } else {
        result_.frozen.push_back({volume_of_dataset(dataset), found->second});
      }
    }
  }

  // What other pools have of this name was taken a moment ago by this run.
  void take_back() { change_all(calls_, PoolChange::DestroySnapshots, snapshots_of(taken_)); }

  std::vector<PoolItem> snapshots_of(const Names& datasets) const {
    std::vector<PoolItem> items;
    for (const auto& dataset : datasets) items.push_back({snapshot_name(dataset)});
    return items;
  }

  std::string snapshot_name(const std::string& dataset) const {
    Point point;
    point.name = name_;
    return point_name(dataset, point);
  }

  platform::Commands& commands_;
  PoolCalls& calls_;
  const std::string& name_;
  Names taken_;
  Freeze result_;
};

}  // namespace

Freeze freeze_volumes(platform::Commands& commands, PoolCalls& calls,
                      const std::vector<std::string>& volumes, const std::string& name) {
  return Freezer(commands, calls, name).freeze(volumes);
}

}  // namespace snapferry::zfs
