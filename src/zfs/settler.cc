#include "zfs/settler.h"

#include <algorithm>
#include <map>
#include <set>

#include "core/error.h"
#include "zfs/arguments.h"
#include "zfs/command_failure.h"
#include "zfs/dataset_name.h"
#include "zfs/listing.h"
#include "zfs/run_all.h"

namespace snapferry::zfs {
namespace {

using Names = std::vector<std::string>;

bool contains_any(std::string_view text, std::initializer_list<std::string_view> phrases) {
  return std::any_of(phrases.begin(), phrases.end(),
                     [&](auto phrase) { return text.find(phrase) != text.npos; });
}

// A tag becomes an argument, so it must not look like an option.
void check_tag(const std::string& tag) {
  if (!is_name_part(tag) || tag.front() == '-') {
    throw Error(ErrorKind::InvalidArgument, "'" + tag + "': is no name for a hold");
  }
}

class Settler {
 public:
  explicit Settler(platform::Commands& commands) : commands_(commands) {}

  std::vector<VolumeFailure> settle(const std::vector<Settlement>& settlements) {
    hold(settlements);
    bookmark(settlements);
    release(settlements);
    destroy(settlements);
    return std::move(failures_);
  }

 private:
  using ByTag = std::map<std::string, Names>;

  bool failed(const std::string& volume) const { return failed_.count(volume) > 0; }

  void fail(const std::string& volume, std::string message) {
    if (failed_.insert(volume).second) failures_.push_back({volume, std::move(message)});
  }

  // `zfs hold` and `zfs release` go on with the others after one has failed, and say for each
  // what was wrong.
  void for_all(const std::string& verb, const ByTag& by_tag,
               std::initializer_list<std::string_view> harmless) {
    for (const auto& [tag, snapshots] : by_tag) {
      for (const auto& argv : batches({"zfs", verb, tag}, snapshots)) {
        const auto output = commands_.run(argv);
        if (!output.exit.ok()) blame(argv, output.exit, harmless);
      }
    }
  }

  void blame(const Names& argv, const platform::ExitReport& exit,
             std::initializer_list<std::string_view> harmless) {
    bool understood = false;
    for (const auto line : error_lines(exit)) {
      if (contains_any(line, harmless)) {
        understood = true;
      } else if (const auto name = quoted_name(line); is_dataset_name(dataset_of(name))) {
        fail(volume_of_dataset(dataset_of(name)), std::string(line));
        understood = true;
      }
    }
    if (understood) return;
    for (auto name = argv.begin() + 3; name != argv.end(); ++name) {
      fail(volume_of_dataset(dataset_of(*name)), command_failure(argv, exit).message());
    }
  }

  static std::string_view dataset_of(std::string_view name) {
    return name.substr(0, name.find_first_of("@#"));
  }

  void hold(const std::vector<Settlement>& settlements) {
    ByTag by_tag;
    for (const auto& one : settlements) {
      if (!one.hold) continue;
      check_tag(one.cursor);
      by_tag[one.cursor].push_back(point_name(dataset_of_volume(one.volume), *one.hold));
    }
    for_all("hold", by_tag, {"tag already exists"});
  }

  void bookmark(const std::vector<Settlement>& settlements) {
    Names volumes;
    std::vector<Names> argvs;
    for (const auto& one : settlements) {
      if (!one.bookmark_of || failed(one.volume)) continue;
      const auto dataset = dataset_of_volume(one.volume);
      Point target;
      target.kind = PointKind::Bookmark;
      target.name = one.bookmark;
      volumes.push_back(one.volume);
      argvs.push_back(
          {"zfs", "bookmark", point_name(dataset, *one.bookmark_of), point_name(dataset, target)});
    }
    const auto outputs = run_all(commands_, argvs);
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const auto& exit = outputs[i].exit;
      if (exit.ok() || contains_any(exit.errors, {"bookmark exists"})) continue;
      fail(volumes[i], command_failure(argvs[i], exit).message());
    }
  }

  // Nothing is let go of where what shall take its place failed.
  void release(const std::vector<Settlement>& settlements) {
    ByTag by_tag;
    for (const auto& one : settlements) {
      if (one.release.empty() || failed(one.volume)) continue;
      check_tag(one.cursor);
      for (const auto& point : one.release) {
        by_tag[one.cursor].push_back(point_name(dataset_of_volume(one.volume), point));
      }
    }
    for_all("release", by_tag, {"no such tag", "does not exist"});
  }

  void destroy(const std::vector<Settlement>& settlements) {
    std::vector<Doomed> doomed;
    for (const auto& one : settlements) {
      if (failed(one.volume)) continue;
      for (const auto& point : one.destroy) {
        doomed.push_back({dataset_of_volume(one.volume), point});
      }
    }
    for (auto& failure : destroy_points(commands_, doomed)) {
      fail(failure.volume, std::move(failure.message));
    }
  }

  platform::Commands& commands_;
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

std::vector<VolumeFailure> settle_volumes(platform::Commands& commands,
                                          const std::vector<Settlement>& settlements) {
  return Settler(commands).settle(settlements);
}

std::vector<VolumeFailure> destroy_points(platform::Commands& commands,
                                          const std::vector<Doomed>& doomed) {
  std::vector<VolumeFailure> failures;
  if (doomed.empty()) return failures;
  std::map<std::string, std::string> snapshots;  // dataset → "a,b,c"
  Names datasets;
  std::vector<Names> argvs;
  const auto add = [&](const std::string& dataset, std::string target) {
    datasets.push_back(dataset);
    argvs.push_back({"zfs", "destroy", std::move(target)});
  };
  for (const auto& one : still_the_same(commands, doomed)) {
    if (one.point.kind == PointKind::Bookmark) {
      add(one.dataset, point_name(one.dataset, one.point));
    } else {
      auto& list = snapshots[one.dataset];
      list += (list.empty() ? "" : ",") + one.point.name;
    }
  }
  for (const auto& [dataset, list] : snapshots) add(dataset, dataset + "@" + list);
  const auto outputs = run_all(commands, argvs);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (outputs[i].exit.ok()) continue;
    failures.push_back(
        {volume_of_dataset(datasets[i]), command_failure(argvs[i], outputs[i].exit).message()});
  }
  return failures;
}

}  // namespace snapferry::zfs
