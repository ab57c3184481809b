#include "zfs/zfs_source.h"

#include <algorithm>

#include "core/error.h"
#include "zfs/arguments.h"
#include "zfs/child_stream.h"
#include "zfs/dataset_name.h"
#include "zfs/freezer.h"
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

Freeze ZfsSource::freeze(const std::vector<std::string>& volumes, const std::string& name) {
  return freeze_volumes(commands_, calls_, volumes, name);
}

std::unique_ptr<Stream> ZfsSource::send(const StreamRequest& request) {
  const auto dataset = dataset_of_volume(request.volume);
  if (!request.resume_token.empty()) check_resumable(commands_, dataset, request);
  auto argv = send_arguments(dataset, request);
  return std::make_unique<ChildStream>(commands_.start(argv, {.output = true}), argv);
}

std::vector<VolumeFailure> ZfsSource::settle(const std::vector<Settlement>& settlements) {
  return settle_volumes(commands_, calls_, settlements);
}

}  // namespace snapferry::zfs
