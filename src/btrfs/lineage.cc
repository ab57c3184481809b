#include "btrfs/lineage.h"

#include <algorithm>
#include <set>
#include <utility>

#include "btrfs/snapshot_place.h"
#include "core/bytes.h"

namespace snapferry::btrfs {
namespace {

constexpr int kLongestChain = 64;  // restores of restores; only a forged filesystem has more

bool must_be_escaped(std::string_view path, std::size_t i) {
  return path[i] == '/' || path[i] == '%' || (i == 0 && path[i] == '.');
}

// Names of points have 255 bytes at most, which paths have not; the guid keeps them apart.
std::string shortened(std::string name, const Guid& guid) {
  constexpr std::size_t kLongest = 255;
  if (name.size() <= kLongest) return name;
  const auto end = "~" + guid.hex();
  return name.substr(0, kLongest - end.size()) + end;
}

// Where snapshots of ours of the volume at `path`, from the top level, lie beside it, and where
// those of one that is mounted lie inside it (snapshot_place.h); with a slash at the end.
std::string place_beside(const std::string& path) {
  const auto slash = path.rfind('/');
  const auto directory = slash == path.npos ? std::string() : path.substr(0, slash + 1);
  return directory + kSnapshotsName + "/" + path.substr(slash == path.npos ? 0 : slash + 1) + "/";
}
std::string place_within(const std::string& path) {
  return (path.empty() ? path : path + "/") + kSnapshotsName + "/" + kOwnBasename + "/";
}

// Two that are not ours, or one and one of ours, may have one name.
void make_names_unique(std::vector<VolumePoint>& points, const SubvolumeTable& table) {
  std::map<std::string, int> uses;
  for (const auto& point : points) ++uses[point.point.name];
  for (auto& point : points) {
    if (point.ours || uses[point.point.name] == 1) continue;
    std::string path;
    if (table.path_of(*point.subvolume, path)) {
      point.point.name = shortened(escape_path(path), point.point.guid);
    }
  }
}

// A store takes what begins with '.' for its own.
std::string point_name_of(const Subvolume& snapshot) {
  if (!snapshot.name.starts_with('.')) return snapshot.name;
  return shortened(escape_path(snapshot.name), snapshot.identity());
}

}  // namespace

std::string escape_path(std::string_view path) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string name;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (!must_be_escaped(path, i)) {
      name += path[i];
      continue;
    }
    const auto byte = static_cast<unsigned char>(path[i]);
    name += '%';
    name += kDigits[byte >> 4];
    name += kDigits[byte & 15];
  }
  return name;
}

std::optional<std::string> unescape_path(std::string_view name) {
  std::string path;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] != '%') {
      path += name[i];
      continue;
    }
    std::uint8_t byte = 0;
    if (!from_hex(name.substr(i + 1, 2), {&byte, 1})) return std::nullopt;
    path += static_cast<char>(byte);
    i += 2;
  }
  if (path.empty() || escape_path(path) != name) return std::nullopt;
  return path;
}

Lineage::Lineage(const SubvolumeTable& table) : table_(table) {
  for (const auto& subvolume : table.all()) {
    if (subvolume.parent_uuid.is_zero()) continue;
    auto& by_parent = subvolume.read_only ? snapshots_by_parent_ : copies_by_parent_;
    by_parent.emplace(subvolume.parent_uuid, &subvolume);
  }
}

// Of a received subvolume that nobody could have changed it is a copy, and rightly has its
// identity.
bool Lineage::is_mistakable(const Subvolume& snapshot) const {
  if (!snapshot.has_borrowed_identity()) return false;
  const Subvolume* origin = table_.find_by_uuid(snapshot.parent_uuid);
  return origin == nullptr || !origin->read_only || origin->was_changed ||
         origin->received_uuid != snapshot.received_uuid || is_mistakable(*origin);
}

bool Lineage::is_kept_for(const Subvolume& volume, const Subvolume& snapshot) const {
  std::string inside, kept;
  if (!table_.path_of(volume, inside) || !table_.path_of(snapshot, kept)) return false;
  const auto name = inside.rfind('/') + 1;  // 0 where there is none
  const auto ours = std::string(kSnapshotsName) + "/";
  return kept.starts_with(inside.substr(0, name) + ours + inside.substr(name) + "/") ||
         kept.starts_with(inside + "/" + ours);
}

// Those of the original that lie where the volume's own would, not younger than the volume.
std::vector<const Subvolume*> Lineage::taken_before(const Subvolume& volume,
                                                    const Subvolume& original,
                                                    Standing standing) const {
  std::vector<const Subvolume*> found;
  std::string own, inside;
  if (!table_.path_of(volume, own) || !table_.path_of(original, inside)) return found;
  const auto beside = place_beside(own);
  const auto within = place_within(inside);
  const auto [first, last] = snapshots_by_parent_.equal_range(original.uuid);
  for (auto at = first; at != last; ++at) {
    std::string path;
    if (at->second->otransid > volume.otransid || !table_.path_of(*at->second, path)) continue;
    if (path.starts_with(beside) || (standing == Standing::Mounted && path.starts_with(within))) {
      found.push_back(at->second);
    }
  }
  return found;
}

std::vector<const Subvolume*> Lineage::snapshots_of(const Subvolume& volume,
                                                    Standing standing) const {
  std::vector<const Subvolume*> found;
  const auto add_children = [&](const Guid& uuid) {
    const auto [first, last] = snapshots_by_parent_.equal_range(uuid);
    for (auto at = first; at != last; ++at) found.push_back(at->second);
  };
  if (volume.uuid.is_zero()) return found;
  add_children(volume.uuid);
  Guid origin = volume.parent_uuid;
  const Subvolume* made_of = nullptr;
  for (int depth = 0; !origin.is_zero() && depth < kLongestChain; ++depth) {
    const Subvolume* ancestor = table_.find_by_uuid(origin);
    if (ancestor != nullptr && !ancestor->read_only) {
      // A copy of a volume that lives on is no later state of it. Made of it directly, it has its
      // earlier history where it took its place; made of a snapshot of it, the history up to that
      // snapshot, and what is kept where the copy's own would be.
      if (made_of == nullptr) {
        for (const auto* before : taken_before(volume, *ancestor, standing)) {
          found.push_back(before);
        }
        break;
      }
      const auto [first, last] = snapshots_by_parent_.equal_range(origin);
      for (auto at = first; at != last; ++at) {
        const bool is_shared = at->second->otransid <= made_of->otransid;
        if (is_shared || is_kept_for(volume, *at->second)) found.push_back(at->second);
      }
      break;
    }
    if (ancestor != nullptr) found.push_back(ancestor);
    add_children(origin);
    if (ancestor == nullptr) break;
    made_of = ancestor;
    origin = ancestor->parent_uuid;
  }
  return found;
}

std::vector<VolumePoint> Lineage::points_of(const Subvolume& volume, Standing standing) const {
  std::vector<VolumePoint> points;
  for (const auto* subvolume : snapshots_of(volume, standing)) {
    if (subvolume->id == volume.id || subvolume->identity().is_zero()) continue;
    if (subvolume->was_changed || is_mistakable(*subvolume)) continue;
    std::string path;
    if (!table_.path_of(*subvolume, path)) continue;
    VolumePoint point;
    point.subvolume = subvolume;
    point.ours = is_ours(path);
    point.point.name = point_name_of(*subvolume);
    point.point.guid = subvolume->identity();
    point.point.order = subvolume->otransid;
    // That of a received one is the time of the receive.
    if (subvolume->received_uuid.is_zero()) point.point.created = subvolume->otime.seconds;
    points.push_back(std::move(point));
  }
  // Of several with one identity ours comes first, and stays.
  std::sort(points.begin(), points.end(), [](const VolumePoint& one, const VolumePoint& other) {
    return std::tuple(one.point.order, !one.ours, one.subvolume->id) <
           std::tuple(other.point.order, !other.ours, other.subvolume->id);
  });
  std::set<Guid> seen;
  std::erase_if(points,
                [&](const VolumePoint& point) { return !seen.insert(point.point.guid).second; });
  make_names_unique(points, table_);
  return points;
}

// A snapshot is made inside the commit of transaction `otransid`, when nobody else changes
// anything: what the volume's tree went through in that transaction is in the snapshot, and the
// next change bears a higher number. Taking the snapshot itself raises the volume's generation to
// exactly that number. A snapshot that was itself changed (made writable for a while, or
// moved by a balance) has a higher generation, and tells nothing any more.
std::optional<std::uint64_t> Lineage::written(const Subvolume& volume,
                                              const std::vector<VolumePoint>& points) {
  if (points.empty()) return std::nullopt;
  const Subvolume& newest = *points.back().subvolume;
  const bool same = newest.parent_uuid == volume.uuid && newest.read_only && newest.otransid != 0 &&
                    newest.generation == newest.otransid && volume.generation == newest.otransid;
  if (same) return 0;
  return std::nullopt;
}

bool Lineage::may_settle(const Subvolume& volume, const Subvolume& snapshot) const {
  const auto history = snapshots_of(volume, Standing::Anywhere);
  if (std::find(history.begin(), history.end(), &snapshot) == history.end()) return false;
  if (snapshot.parent_uuid != volume.uuid) {
    const Subvolume* origin = table_.find_by_uuid(snapshot.parent_uuid);
    if (origin != nullptr && !origin->read_only) return false;
  }
  const auto [first, last] = copies_by_parent_.equal_range(snapshot.uuid);
  return std::all_of(first, last, [&](const auto& copy) { return copy.second->id == volume.id; });
}

}  // namespace snapferry::btrfs
