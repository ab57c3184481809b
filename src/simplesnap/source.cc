#include "simplesnap/source.h"

#include <algorithm>
#include <array>

#include "core/error.h"
#include "zfs/listing.h"

namespace snapferry::simplesnap {
namespace {

enum SourceColumn : std::size_t {
  kName,
  kGuid,
  kCreateTxg,
  kExclude,
  kOwnExclude,
  kBookmarks,
  kDelivery,
  kColumns
};
constexpr std::array<const char*, kColumns> kProperties = {"name",
                                                           "guid",
                                                           "createtxg",
                                                           kExcludeProperty,
                                                           kOwnExcludeProperty,
                                                           kBookmarksProperty,
                                                           kDeliveryProperty};

bool is_excluded(const std::string& exclude, const std::string& own) {
  return exclude == "on" || own == "on";
}

std::uint64_t needed_number(const std::vector<std::string>& row, SourceColumn column) {
  const auto number = zfs::parse_number(row[column]);
  if (!number)
    throw Error(ErrorKind::Corrupt, "zfs list: " + row[kName] + " has no " + kProperties[column]);
  return *number;
}

Link link_of(const std::vector<std::string>& row, std::size_t delimiter) {
  Link link;
  const bool bookmark = row[kName][delimiter] == '#';
  link.point.kind = bookmark ? PointKind::Bookmark : PointKind::Snapshot;
  link.point.name = row[kName].substr(delimiter + 1);
  link.point.guid = Guid::from_number(needed_number(row, kGuid));
  link.point.order = needed_number(row, kCreateTxg);
  if (!bookmark) link.delivery = Delivery::parse(row[kDelivery]);
  return link;
}

}  // namespace

std::vector<std::string> served_datasets(platform::Commands& commands) {
  const auto listing = zfs::run_list(
      commands,
      {.columns = {"name", kExcludeProperty, kOwnExcludeProperty}, .types = "filesystem,volume"});
  std::vector<std::string> names;
  for (const auto& row : listing.rows) {
    if (!is_excluded(row[1], row[2])) names.push_back(row[0]);
  }
  return names;
}

SourceDataset served_dataset(platform::Commands& commands, const std::string& name) {
  const auto listing = zfs::run_list(commands, {.columns = {kProperties.begin(), kProperties.end()},
                                                .types = "filesystem,volume,snapshot,bookmark",
                                                .depth = 1,
                                                .roots = {name}});
  SourceDataset dataset;
  for (const auto& row : listing.rows) {
    const auto delimiter = row[kName].find_first_of("@#");
    if (row[kName].substr(0, delimiter) != name) continue;
    if (delimiter != std::string::npos) {
      dataset.links.push_back(link_of(row, delimiter));
      continue;
    }
    dataset.name = name;
    dataset.excluded = is_excluded(row[kExclude], row[kOwnExclude]);
    dataset.bookmarks = row[kBookmarks] == "on";
  }
  if (dataset.name.empty()) {
    throw Error(ErrorKind::NotFound, name + ": there is no such dataset; see zfs list");
  }
  if (dataset.excluded) {
    throw Error(ErrorKind::PermissionDenied,
                name + ": is excluded from backups by a property; see zfs get all " + name);
  }
  std::stable_sort(
      dataset.links.begin(), dataset.links.end(),
      [](const auto& one, const auto& two) { return one.point.order < two.point.order; });
  return dataset;
}

}  // namespace snapferry::simplesnap
