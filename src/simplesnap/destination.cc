#include "simplesnap/destination.h"

#include <algorithm>
#include <sstream>

#include <fmt/format.h>

#include "core/error.h"
#include "replication/snapshot_name.h"
#include "zfs/command_failure.h"
#include "zfs/listing.h"
#include "zfs/store_layout.h"

namespace snapferry::simplesnap {
namespace {

constexpr std::size_t kMaximalProperty = 8000;  // ZFS takes 8191 bytes

enum ReplicaColumn : std::size_t {
  kReplicaName,
  kReplicaGuid,
  kReplicaTxg,
  kPlaceholder,
  kMissing
};

std::map<std::string, std::vector<std::string>> parse_missing(const std::string& text) {
  std::map<std::string, std::vector<std::string>> missing;
  std::istringstream entries(text == "-" ? "" : text);
  for (std::string entry; std::getline(entries, entry, ';');) {
    // Earlier versions put blanks between the names, in which blanks may be, too.
    const char separator = entry.find(',') == std::string::npos ? ' ' : ',';
    std::istringstream words(entry);
    std::string set;
    std::getline(words, set, separator);
    for (std::string dataset; std::getline(words, dataset, separator);) {
      missing[set].push_back(dataset);
    }
  }
  return missing;
}

// What does not fit is left out: any of them makes --check fail.
std::string format_missing(const std::map<std::string, std::vector<std::string>>& missing) {
  std::string text;
  for (const auto& [set, datasets] : missing) {
    if (datasets.empty() || text.size() > kMaximalProperty) continue;
    text += (text.empty() ? "" : ";") + set;
    for (const auto& dataset : datasets) {
      if (text.size() + dataset.size() < kMaximalProperty) text += "," + dataset;
    }
  }
  return text;
}

std::optional<replication::SnapshotName> own_name(const Point& point, const std::string& set) {
  auto name = replication::parse_snapshot_name(point.name);
  if (!name || name->style != replication::NameStyle::Simplesnap || !is_same_chain(name->set, set))
    return std::nullopt;
  return name;
}

std::string property_of(platform::Commands& commands, const std::string& dataset,
                        const std::string& property) {
  const auto listing = zfs::run_list(commands, {.columns = {"name", property},
                                                .types = "filesystem",
                                                .recursive = false,
                                                .roots = {dataset}});
  if (listing.rows.empty()) {
    throw Error(ErrorKind::NotFound, dataset +
                                         ": there is no such filesystem; make it with zfs "
                                         "create, or name another store");
  }
  return listing.rows[0][1];
}

}  // namespace

HostListing list_host(platform::Commands& commands, const std::string& root, bool root_is_replica) {
  const auto listing = zfs::run_list(
      commands,
      {.columns = {"name", "guid", "createtxg", zfs::kPlaceholderProperty, kMissingProperty},
       .types = "filesystem,volume,snapshot",
       .roots = {root}});
  HostListing host;
  for (const auto& row : listing.rows) {
    const auto at = row[kReplicaName].find('@');
    const auto dataset = row[kReplicaName].substr(0, at);
    if (dataset == root) {
      host.exists = true;
      if (at == std::string::npos) host.missing = parse_missing(row[kMissing]);
      if (!root_is_replica) continue;
    }
    auto& replica = host.replicas[dataset];
    if (at == std::string::npos) {
      replica.placeholder = row[kPlaceholder] == dataset;
      continue;
    }
    Point point;
    point.name = row[kReplicaName].substr(at + 1);
    point.guid = Guid::from_number(zfs::parse_number(row[kReplicaGuid]).value_or(0));
    point.order = zfs::parse_number(row[kReplicaTxg]).value_or(0);
    replica.points.push_back(std::move(point));
  }
  for (auto& [name, replica] : host.replicas) {
    std::sort(replica.points.begin(), replica.points.end(),
              [](const Point& one, const Point& two) { return one.order < two.order; });
  }
  return host;
}

std::vector<std::string> list_hosts(platform::Commands& commands, const std::string& store) {
  property_of(commands, store, "name");
  const auto listing = zfs::run_list(
      commands, {.columns = {"name"}, .types = "filesystem", .depth = 1, .roots = {store}});
  std::vector<std::string> hosts;
  for (const auto& row : listing.rows) {
    if (row[0] != store) hosts.push_back(row[0].substr(store.size() + 1));
  }
  std::sort(hosts.begin(), hosts.end());
  return hosts;
}

std::string mount_point_of(platform::Commands& commands, const std::string& store) {
  const auto place = property_of(commands, store, "mountpoint");
  return place.starts_with('/') ? place : std::string();
}

void make_host(platform::Commands& commands, const std::string& dataset) {
  const std::vector<std::string> argv = {"zfs", "create", dataset};
  const auto output = commands.run(argv);
  if (!output.exit.ok()) throw zfs::command_failure(argv, output.exit);
}

void record_missing(platform::Commands& commands, const std::string& host_dataset,
                    const HostListing& listing, const std::string& set,
                    const std::vector<std::string>& missing) {
  auto all = listing.missing;
  all[set] = missing;
  const auto before = listing.missing.find(set);
  if (before == listing.missing.end() ? missing.empty() : before->second == missing) return;
  const auto text = format_missing(all);
  const auto argv =
      text.empty() ? std::vector<std::string>{"zfs", "inherit", kMissingProperty, host_dataset}
                   : std::vector<std::string>{
                         "zfs", "set", fmt::format("{}={}", kMissingProperty, text), host_dataset};
  const auto output = commands.run(argv);
  if (!output.exit.ok()) throw zfs::command_failure(argv, output.exit);
}

std::vector<Point> superseded(const std::vector<Point>& points, const std::string& set) {
  std::vector<Point> own;
  std::copy_if(points.begin(), points.end(), std::back_inserter(own),
               [&](const Point& point) { return own_name(point, set).has_value(); });
  if (!own.empty()) own.pop_back();
  return own;
}

std::string followed_set(const std::vector<Point>& points, const std::string& set) {
  for (auto point = points.rbegin(); point != points.rend(); ++point) {
    if (const auto name = own_name(*point, set)) return name->set;
  }
  return set;
}

std::string other_set(const std::string& set, unsigned number) {
  return fmt::format("{}x{}", set, number);
}

bool is_same_chain(std::string_view followed, const std::string& set) {
  if (followed == set) return true;
  if (!followed.starts_with(set + "x")) return false;
  const auto number = followed.substr(set.size() + 1);
  return number.size() == 1 && number[0] >= '2' && number[0] <= '9';
}

}  // namespace snapferry::simplesnap
