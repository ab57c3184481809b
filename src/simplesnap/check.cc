#include "simplesnap/check.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "core/error.h"
#include "core/wall_time.h"
#include "replication/snapshot_name.h"
#include "simplesnap/destination.h"
#include "zfs/settler.h"

namespace snapferry::simplesnap {
namespace {

std::vector<std::string> hosts_of(const ClientOptions& options, ClientContext& context) {
  if (!options.host.empty()) return {options.host};
  return list_hosts(context.commands, options.store);
}

HostListing needed_host(const std::string& dataset, ClientContext& context) {
  auto listing = list_host(context.commands, dataset);
  if (!listing.exists)
    throw Error(ErrorKind::NotFound, dataset + ": there are no backups of this host; back it up");
  return listing;
}

std::int64_t cutoff_of(const std::string& timeframe, ClientContext& context) {
  const std::vector<std::string> argv = {"date", "--date=" + timeframe, "+%s"};
  const auto output = context.commands.run(argv);
  if (!output.exit.ok())
    throw Error(ErrorKind::InvalidArgument,
                "--check '" + timeframe + "': is no time that date(1) understands");
  std::int64_t seconds = 0;
  std::from_chars(output.text.data(), output.text.data() + output.text.size(), seconds);
  return seconds;
}

// The time of the newest snapshot of the set; nullopt if there is none.
std::optional<std::int64_t> newest_time(const Replica& replica, const std::string& set) {
  std::optional<std::int64_t> newest;
  for (const auto& point : replica.points) {
    const auto name = replication::parse_snapshot_name(point.name);
    const bool own =
        name && name->style == replication::NameStyle::Simplesnap && is_same_chain(name->set, set);
    if (own) newest = std::max(newest.value_or(name->time), name->time);
  }
  return newest;
}

}  // namespace

std::size_t reap_only(const ClientOptions& options, ClientContext& context) {
  std::size_t failed = 0;
  for (const auto& host : hosts_of(options, context)) {
    const auto listing = needed_host(options.store + "/" + host, context);
    std::vector<zfs::Doomed> doomed;
    for (const auto& [dataset, replica] : listing.replicas) {
      for (const auto& point : superseded(replica.points, options.set))
        doomed.push_back({dataset, point});
    }
    for (const auto& failure : zfs::destroy_points(context.commands, context.calls, doomed)) {
      context.warn(failure.message);
      ++failed;
    }
  }
  return failed;
}

std::vector<std::string> check(const ClientOptions& options, ClientContext& context) {
  const auto cutoff = cutoff_of(options.check, context);
  std::vector<std::string> stale;
  for (const auto& host : hosts_of(options, context)) {
    const auto listing = needed_host(options.store + "/" + host, context);
    if (listing.replicas.empty())
      stale.push_back(fmt::format("{}/{}: nothing was ever backed up", options.store, host));
    for (const auto& [dataset, replica] : listing.replicas) {
      if (replica.placeholder) continue;
      const auto newest = newest_time(replica, options.set);
      if (!newest) {
        stale.push_back(
            fmt::format("{}: was never backed up whole in set {}", dataset, options.set));
      } else if (*newest <= cutoff) {
        stale.push_back(fmt::format("{}: the last backup is of {}, before {} ({})", dataset,
                                    format_local({*newest, 0}), format_local({cutoff, 0}),
                                    options.check));
      }
    }
    const auto missing = listing.missing.find(options.set);
    if (missing == listing.missing.end()) continue;
    for (const auto& dataset : missing->second)
      stale.push_back(
          fmt::format("{}:{}: was never backed up in set {}", host, dataset, options.set));
  }
  return stale;
}

}  // namespace snapferry::simplesnap
