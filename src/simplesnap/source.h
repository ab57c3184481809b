#pragma once

#include <string>
#include <vector>

#include "core/cancellation.h"
#include "platform/command.h"
#include "simplesnap/chain.h"

namespace snapferry::simplesnap {

// simplesnap(8): the properties that decide what is served, and how. "on" is on.
inline constexpr const char* kExcludeProperty = "org.complete.simplesnap:exclude";
inline constexpr const char* kBookmarksProperty = "org.complete.simplesnap:createbookmarks";
inline constexpr const char* kOwnExcludeProperty = "snapferry:exclude";

// A dataset of this machine with all its snapshots and bookmarks, ascending.
struct SourceDataset {
  std::string name;
  bool excluded = false;
  bool bookmarks = false;
  std::vector<Link> links;
};

// All filesystems and volumes but the excluded ones, in the order of `zfs list`: parents first.
// One process. Throws as zfs::run_list: a failed listing is never an empty one.
std::vector<std::string> served_datasets(platform::Commands& commands);

// One process. Throws NotFound, and PermissionDenied if it is excluded.
SourceDataset served_dataset(platform::Commands& commands, const std::string& name);

}  // namespace snapferry::simplesnap
