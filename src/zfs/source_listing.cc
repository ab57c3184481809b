#include "zfs/source_listing.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "core/error.h"
#include "zfs/dataset_name.h"
#include "zfs/store_layout.h"

namespace snapferry::zfs {
namespace {

// No column that needs a dataset mounted or its space counted anew: `written` and `userrefs` come
// with the dataset's own statistics.
struct SourceColumn {
  enum : std::size_t {
    Name,
    Type,
    Guid,
    CreateTxg,
    Written,
    Holds,
    Encryption,
    KeyStatus,
    Exclude,
    SimplesnapExclude,
    Store,
    Columns
  };
};
constexpr std::array<const char*, SourceColumn::Columns> kProperties = {
    "name",
    "type",
    "guid",
    "createtxg",
    "written",
    "userrefs",
    "encryption",
    "keystatus",
    "snapferry:exclude",
    "org.complete.simplesnap:exclude",
    kIdentityProperty};

using Row = std::vector<std::string>;

// How many levels below `root` the pattern can match.
std::size_t levels_below(const VolumePattern& pattern, const std::string& root) {
  const auto name = std::string_view(pattern.text()).substr(kVolumePrefix.size() + root.size());
  return static_cast<std::size_t>(std::count(name.begin(), name.end(), '/'));
}

void check_pattern(const VolumePattern& pattern) {
  if (!pattern.text().starts_with(kVolumePrefix)) {
    throw Error(ErrorKind::InvalidArgument,
                pattern.text() + ": is no pattern for ZFS; they look like zfs:tank/**");
  }
  const auto prefix = pattern.literal_prefix();
  if (!prefix.empty() && !is_dataset_name(prefix)) {
    throw Error(ErrorKind::InvalidArgument, pattern.text() + ": is no name of a ZFS dataset");
  }
}

bool is_below(std::string_view name, std::string_view root) {
  return name.size() > root.size() && name.starts_with(root) && name[root.size()] == '/';
}

std::uint64_t needed_number(const Row& row, std::size_t column) {
  const auto number = parse_number(row[column]);
  if (!number) {
    throw Error(ErrorKind::Corrupt, "zfs list: " + row[SourceColumn::Name] + " has no " +
                                        std::string(kProperties[column]) + " that is a number");
  }
  return *number;
}

// org.complete.simplesnap:exclude counts where it is "on" (simplesnap(8)).
bool is_on(const std::string& value) { return value == "on" || value == "true" || value == "yes"; }

// A store of this program and all that is in it have the store's mark. Backups of it would hold
// backups of themselves, so a pattern takes them in only where it begins there.
class StoresInSource {
 public:
  StoresInSource(const std::vector<Row>& rows, const std::vector<VolumePattern>& patterns)
      : patterns_(patterns) {
    for (const auto& row : rows) {
      if (row[SourceColumn::Store] != "-" &&
          row[SourceColumn::Name].find_first_of("@#") == std::string::npos) {
        marks_[row[SourceColumn::Name]] = row[SourceColumn::Store];
      }
    }
  }

  // nullopt: the volume is in none, or meant all the same.
  enum class Part { Top, Within };
  std::optional<Part> part_left_out(const std::string& dataset) const {
    const auto mark = mark_of(dataset);
    if (mark.empty() || is_meant(dataset, mark)) return std::nullopt;
    const std::string parent(parent_of(dataset));
    return mark_of(parent) == mark ? Part::Within : Part::Top;
  }

 private:
  std::string mark_of(const std::string& dataset) const {
    const auto found = marks_.find(dataset);
    return found == marks_.end() ? std::string() : found->second;
  }
  bool is_meant(const std::string& dataset, const std::string& mark) const {
    return std::any_of(patterns_.begin(), patterns_.end(), [&](const VolumePattern& pattern) {
      return mark_of(pattern.literal_prefix()) == mark &&
             pattern.matches(volume_of_dataset(dataset));
    });
  }

  const std::vector<VolumePattern>& patterns_;
  std::map<std::string, std::string> marks_;
};

VolumeState volume_of(const Row& row) {
  VolumeState volume;
  volume.name = volume_of_dataset(row[SourceColumn::Name]);
  volume.type = row[SourceColumn::Type] == "volume" ? VolumeType::Zvol : VolumeType::Filesystem;
  volume.guid = Guid::from_number(needed_number(row, SourceColumn::Guid));
  volume.excluded =
      is_on(row[SourceColumn::Exclude]) || is_on(row[SourceColumn::SimplesnapExclude]);
  volume.encrypted = row[SourceColumn::Encryption] != "off" && row[SourceColumn::Encryption] != "-";
  volume.key_loaded = !volume.encrypted || row[SourceColumn::KeyStatus] == "available";
  volume.written = parse_number(row[SourceColumn::Written]);
  return volume;
}

Point point_of(const Row& row, std::size_t delimiter) {
  Point point;
  point.kind =
      row[SourceColumn::Name][delimiter] == '#' ? PointKind::Bookmark : PointKind::Snapshot;
  point.name = row[SourceColumn::Name].substr(delimiter + 1);
  point.guid = Guid::from_number(needed_number(row, SourceColumn::Guid));
  point.order = needed_number(row, SourceColumn::CreateTxg);
  point.holds = static_cast<std::uint32_t>(parse_number(row[SourceColumn::Holds]).value_or(0));
  return point;
}

// A bookmark stands before the snapshot it remembers.
bool is_earlier(const Point& one, const Point& two) {
  return std::tuple(one.order, one.kind == PointKind::Snapshot, one.name) <
         std::tuple(two.order, two.kind == PointKind::Snapshot, two.name);
}

}  // namespace

ListRequest source_listing(const std::vector<VolumePattern>& patterns) {
  ListRequest request;
  request.columns.assign(kProperties.begin(), kProperties.end());
  request.types = "filesystem,volume,snapshot,bookmark";
  std::for_each(patterns.begin(), patterns.end(), check_pattern);
  // Without a root `zfs list` begins at the pools, and with any at those alone.
  const bool everywhere = std::any_of(patterns.begin(), patterns.end(), [](const auto& pattern) {
    return pattern.literal_prefix().empty();
  });
  std::set<std::string> roots;
  std::size_t levels = 0;
  bool recursive = false;
  for (const auto& pattern : patterns) {
    const auto root = everywhere ? std::string() : pattern.literal_prefix();
    if (!everywhere) roots.insert(root);
    levels = std::max(levels, levels_below(pattern, root));
    recursive |= pattern.is_recursive();
  }
  // Snapshots are one level below their volume.
  if (!recursive) request.depth = static_cast<unsigned>(levels + 1);
  for (const auto& root : roots) {
    const bool covered = recursive && std::any_of(roots.begin(), roots.end(), [&](auto& other) {
                           return is_below(root, other);
                         });
    if (!covered) request.roots.push_back(root);
  }
  return request;
}

std::vector<VolumeState> parse_source_rows(const std::vector<Row>& rows,
                                           const std::vector<VolumePattern>& patterns) {
  std::map<std::string, VolumeState> volumes;
  std::map<std::string, std::vector<Point>> points;
  const StoresInSource stores(rows, patterns);
  for (const auto& row : rows) {
    const auto delimiter = row[SourceColumn::Name].find_first_of("@#");
    if (delimiter != std::string::npos) {
      points[volume_of_dataset(row[SourceColumn::Name].substr(0, delimiter))].push_back(
          point_of(row, delimiter));
      continue;
    }
    const auto left_out = stores.part_left_out(row[SourceColumn::Name]);
    if (left_out == StoresInSource::Part::Within) continue;
    auto volume = volume_of(row);
    volume.excluded |= left_out.has_value();
    const bool wanted = std::any_of(patterns.begin(), patterns.end(), [&](const auto& pattern) {
      return pattern.matches(volume.name);
    });
    if (wanted) volumes.emplace(volume.name, std::move(volume));
  }
  std::vector<VolumeState> result;
  result.reserve(volumes.size());
  for (auto& [name, volume] : volumes) {
    if (const auto found = points.find(name); found != points.end()) {
      volume.points = std::move(found->second);
      std::sort(volume.points.begin(), volume.points.end(), is_earlier);
    }
    result.push_back(std::move(volume));
  }
  return result;
}

}  // namespace snapferry::zfs
