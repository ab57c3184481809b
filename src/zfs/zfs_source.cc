#include "zfs/zfs_source.h"

#include <algorithm>

#include "core/error.h"
#include "zfs/arguments.h"
#include "zfs/child_stream.h"
#include "zfs/command_failure.h"
#include "zfs/dataset_name.h"
#include "zfs/freezer.h"
#include "zfs/property_rules.h"
#include "zfs/resume_check.h"
#include "zfs/settler.h"
#include "zfs/source_listing.h"

namespace snapferry::zfs {

ZfsSource::ZfsSource(platform::Commands& commands, PoolCalls& calls,
                     std::optional<ZfsVersion> version)
    : commands_(commands), calls_(calls), version_(version) {}

StreamFeatures ZfsSource::features() {
  if (!version_) version_ = installed_version(commands_);
  return features_of(*version_);
}

std::vector<VolumeState> ZfsSource::inventory(const std::vector<std::string>& patterns) {
  if (patterns.empty()) return {};
  std::vector<VolumePattern> parsed;
  for (const auto& pattern : patterns) parsed.push_back(VolumePattern::parse(pattern));
  const auto listing = run_list(commands_, source_listing(parsed));
  auto volumes = parse_source_rows(listing.rows, parsed);
  if (!listing.missing.empty()) require_pools(parsed, listing.missing);
  for (const auto& pattern : parsed) {
    if (pattern.has_wildcards() || pattern.is_recursive()) continue;
    const bool found = std::any_of(volumes.begin(), volumes.end(), [&](const auto& volume) {
      return volume.name == pattern.text();
    });
    if (!found) {
      throw Error(ErrorKind::NotFound,
                  pattern.text() + ": no such dataset; zfs list shows what there is");
    }
  }
  return volumes;
}

// A dataset that is gone is one thing; a pool that is away takes everything with it, and a pattern
// over it covers nothing only because nobody can look.
void ZfsSource::require_pools(const std::vector<VolumePattern>& patterns,
                              const std::vector<std::string>& missing) {
  for (const auto& pattern : patterns) {
    const auto prefix = pattern.literal_prefix();
    if (std::find(missing.begin(), missing.end(), prefix) == missing.end()) continue;
    const std::string pool(pool_of(prefix));
    const bool is_there =
        pool != prefix &&
        run_list(commands_,
                 {.columns = {"name"}, .types = "filesystem", .recursive = false, .roots = {pool}})
            .missing.empty();
    if (is_there) continue;
    throw Error(ErrorKind::NotFound, pattern.text() + ": there is no pool '" + pool +
                                         "' here; import it with zpool import");
  }
}

Freeze ZfsSource::freeze(const std::vector<std::string>& volumes, const std::string& name) {
  return freeze_volumes(commands_, calls_, volumes, name);
}

std::unique_ptr<Stream> ZfsSource::send(const StreamRequest& request) {
  const auto dataset = dataset_of_volume(request.volume);
  if (!request.resume_token.empty()) check_resumable(commands_, dataset, request);
  auto argv = send_arguments(dataset, request);
  return std::make_unique<ChildStream>(commands_.start(argv, {.output = true}), argv);
}

std::vector<VolumeDescription> ZfsSource::describe(const std::vector<std::string>& volumes) {
  std::vector<std::string> datasets;
  for (const auto& volume : volumes) datasets.push_back(dataset_of_volume(volume));
  std::vector<VolumeDescription> descriptions;
  for (const auto& argv : batches(describing_arguments(), datasets)) {
    // Of those that are gone it says so on its standard error, and of the others what they are.
    const auto output = commands_.run(argv);
    if (!output.exit.ok() && output.text.empty()) throw command_failure(argv, output.exit);
    for (auto& description : parse_descriptions(output.text, datasets)) {
      descriptions.push_back(std::move(description));
    }
  }
  return descriptions;
}

std::vector<VolumeFailure> ZfsSource::settle(const std::vector<Settlement>& settlements) {
  return settle_volumes(commands_, calls_, settlements);
}

}  // namespace snapferry::zfs
