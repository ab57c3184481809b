#include "zfs/freezer.h"

#include <algorithm>
#include <map>

#include "core/error.h"
#include "zfs/arguments.h"
#include "zfs/command_failure.h"
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
  void freeze_pool(Names datasets) {
    auto failure = snapshot(datasets);
    if (failure && failure->kind() != ErrorKind::AlreadyExists) {
      // One that is gone keeps the others of its pool from being taken.
      remove_missing(datasets);
      if (!datasets.empty()) failure = snapshot(datasets);
    }
    if (failure && failure->kind() == ErrorKind::AlreadyExists) throw *failure;
    for (const auto& dataset : datasets) {
      if (failure) {
        result_.failed.push_back({volume_of_dataset(dataset), failure->message()});
      } else {
        taken_.push_back(dataset);
      }
    }
  }

  std::optional<Error> snapshot(const Names& datasets) {
    Names snapshots;
    for (const auto& dataset : datasets) snapshots.push_back(snapshot_name(dataset));
    for (const auto& argv : batches({"zfs", "snapshot"}, snapshots)) {
      const auto output = commands_.run(argv);
      if (!output.exit.ok()) return command_failure(argv, output.exit);
    }
    return std::nullopt;
  }

  void remove_missing(Names& datasets) {
    const auto listing = run_list(
        commands_,
        {.columns = {"name"}, .types = "filesystem,volume", .recursive = false, .roots = datasets});
    for (const auto& missing : listing.missing) {
      std::erase(datasets, missing);
      result_.failed.push_back(
          {volume_of_dataset(missing), volume_of_dataset(missing) + ": is not there any more"});
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
  void take_back() {
    std::vector<PoolItem> items;
    for (const auto& dataset : taken_) items.push_back({snapshot_name(dataset)});
    change_all(calls_, PoolChange::DestroySnapshots, items);
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
