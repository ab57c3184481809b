#include "btrfs/source.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "btrfs/filesystem.h"
#include "btrfs/lineage.h"
#include "btrfs/receive.h"
#include "btrfs/send_stream.h"
#include "btrfs/snapshot_finder.h"
#include "btrfs/snapshot_place.h"
#include "btrfs/store_layout.h"
#include "btrfs/swap_files.h"
#include "btrfs/unfollowed.h"
#include "core/error.h"
#include "core/volume_pattern.h"
#include "platform/workers.h"

namespace snapferry::btrfs {
namespace {

constexpr std::string_view kKind = "btrfs:";
constexpr const char* kExcludeAttribute = "user.snapferry.exclude";
// Snapshots of several volumes share the commit of one transaction if they are asked for at once.
constexpr std::size_t kMostFreezers = 16;

std::vector<VolumePattern> parse_patterns(const std::vector<std::string>& texts) {
  std::vector<VolumePattern> patterns;
  for (const auto& text : texts) {
    patterns.push_back(VolumePattern::parse(text));
    if (patterns.back().kind() == "btrfs") continue;
    throw Error(ErrorKind::InvalidArgument,
                text + ": is no volume of btrfs; give a path such as btrfs:/mnt/data");
  }
  return patterns;
}

std::vector<std::string> beginnings(const std::vector<VolumePattern>& patterns) {
  std::vector<std::string> paths;
  for (const auto& pattern : patterns) {
    auto path = pattern.literal_prefix();
    paths.push_back(path.empty() ? "/" : std::move(path));
  }
  return paths;
}

// What a wildcard means: a subvolume that lives, and neither ours nor half received.
bool is_for_wildcards(const Subvolume& subvolume, const std::string& path) {
  return !subvolume.read_only && !is_ours(path) &&
         !(subvolume.name == kPartialName && is_store_replica(path));
}

bool covered(const std::vector<VolumePattern>& patterns, const Subvolume& subvolume,
             const std::string& path) {
  const auto name = std::string(kKind) + path;
  return std::any_of(patterns.begin(), patterns.end(), [&](const VolumePattern& pattern) {
    return pattern.matches(name) && (!pattern.has_wildcards() || is_for_wildcards(subvolume, path));
  });
}

bool is_excluded(int fd) {
  char value[8] = {};
  const auto size = ::fgetxattr(fd, kExcludeAttribute, value, sizeof value);
  if (size < 0) return errno == ERANGE;
  return std::string_view(value, static_cast<std::size_t>(size)) != "off";
}

// Those that can be opened: what lies below no mount can be no base, and cannot be sent.
std::vector<VolumePoint> visible_points(const Filesystem& filesystem, const Lineage& lineage,
                                        const Subvolume& subvolume, const std::string& path) {
  const auto standing =
      filesystem.is_mounted_at(path) ? Lineage::Standing::Mounted : Lineage::Standing::Anywhere;
  auto points = lineage.points_of(subvolume, standing);
  std::erase_if(points,
                [&](const VolumePoint& point) { return !filesystem.is_visible(*point.subvolume); });
  return points;
}

VolumeState state_of(const Subvolume& subvolume, const std::string& path, int fd,
                     const std::vector<VolumePoint>& points) {
  VolumeState state;
  state.name = std::string(kKind) + path;
  state.type = VolumeType::Subvolume;
  state.guid = subvolume.uuid;
  state.excluded = is_excluded(fd);
  state.written = Lineage::written(subvolume, points);
  for (const auto& point : points) state.points.push_back(point.point);
  return state;
}

// A subvolume that several paths lead to is one volume, named by the first that is covered; `names`
// gets all of them.
void list(const Filesystem& filesystem, const std::vector<VolumePattern>& patterns,
          std::vector<VolumeState>& states, std::set<std::string>& names) {
  const Lineage lineage(filesystem.subvolumes());
  for (const auto& subvolume : filesystem.subvolumes().all()) {
    bool is_listed = false;
    for (const auto& path : filesystem.paths_of(subvolume)) {
      if (!covered(patterns, subvolume, path)) continue;
      const auto fd = filesystem.open_at(subvolume, path);
      if (!fd.valid()) continue;
      names.insert(std::string(kKind) + path);
      if (is_listed) continue;
      states.push_back(state_of(subvolume, path, fd.get(),
                                visible_points(filesystem, lineage, subvolume, path)));
      is_listed = true;
    }
  }
}

// Of a path at which no subvolume was found. A disk that is away leaves its mount point, or
// nothing.
std::string_view why_none_is_there(const std::string& path) {
  constexpr std::string_view kNothing =
      ": nothing is there; is its disk mounted? `btrfs subvolume list` shows which there are";
  constexpr std::string_view kOtherKind =
      ": is not on a btrfs; is its disk mounted? A directory can be backed up as a tree";
  constexpr std::string_view kEmpty =
      ": is an empty directory and no btrfs subvolume; is its disk mounted?";
  constexpr std::string_view kOrdinary =
      ": no btrfs subvolume is there; `btrfs subvolume list` shows which there are, and a "
      "directory can be backed up as a tree";
  const platform::Fd place(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!place.valid()) return errno == ENOENT ? kNothing : kOrdinary;
  if (!is_btrfs(place.get())) return kOtherKind;
  std::error_code error;
  return std::filesystem::is_empty(path, error) && !error ? kEmpty : kOrdinary;
}

void require_each(const std::vector<VolumePattern>& patterns, const std::set<std::string>& names) {
  for (const auto& pattern : patterns) {
    if (pattern.has_wildcards() || names.contains(pattern.text())) continue;
    throw Error(
        ErrorKind::NotFound,
        pattern.text() + std::string(why_none_is_there(pattern.text().substr(kKind.size()))));
  }
}

Point point_of(const Subvolume& snapshot) {
  Point point;
  point.name = snapshot.name;
  point.guid = snapshot.identity();
  point.order = snapshot.otransid;
  point.created = snapshot.otime.seconds;
  return point;
}

platform::Fd open_volume(const std::string& path) {
  auto fd = open_unfollowed(path, O_RDONLY);
  if (!is_subvolume(fd.get())) {
    throw Error(ErrorKind::NotFound, std::string(kKind) + path +
                                         ": is no btrfs subvolume; a directory can be backed up as "
                                         "a tree");
  }
  return fd;
}

Point take_snapshot(const std::string& volume, const std::string& name) {
  const auto path = path_of_volume(volume);
  const auto source = open_volume(path);
  const auto place = snapshot_place(path);
  const auto directory = open_snapshot_place(place);
  const auto subject = place.path_of(name);
  // A read-only snapshot of what was once received would get the identity of that (lineage.h).
  const bool lends_identity = !describe(source.get(), subject).received_uuid.is_zero();
  create_snapshot(source.get(), directory.get(), name,
                  lends_identity ? Access::ReadWrite : Access::ReadOnly, subject);
  const auto snapshot = platform::open_at(directory.get(), name.c_str(),
                                          O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, subject);
  if (lends_identity) set_read_only(snapshot.get(), subject);
  return point_of(describe(snapshot.get(), subject));
}

// As far as it is to be seen from here.
void refuse_swap_file(int subvolume, const std::string& volume) {
  struct stat status {};
  if (::fstat(subvolume, &status) != 0) throw system_error(errno, "look at it", volume);
  for (const auto& path : active_swap_files()) {
    struct stat file {};
    // Every subvolume has a device number of its own.
    if (::stat(path.c_str(), &file) != 0 || file.st_dev != status.st_dev) continue;
    throw Error(ErrorKind::Busy,
                path + ": no snapshot can be taken, because " + std::string(kSwapFileInIt));
  }
}

[[noreturn]] void refuse_name(const std::string& volume, const std::string& name) {
  throw Error(ErrorKind::AlreadyExists,
              volume + ": has a snapshot " + name + " already; run again in a second");
}

void refuse_existing(const std::vector<std::string>& volumes, const std::string& name) {
  for (const auto& volume : volumes) {
    struct stat status {};
    try {
      const auto directory = find_snapshot_place(snapshot_place(path_of_volume(volume)));
      if (!directory.valid() ||
          ::fstatat(directory.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
        continue;
      }
    } catch (const Error&) {
      continue;  // a volume that is not there fails by itself
    }
    refuse_name(volume, name);
  }
}

// As another run has begun in the same second. What cannot be removed goes when the next run
// settles.
void take_back(const Freeze::Frozen& frozen) {
  if (frozen.volume.empty()) return;
  try {
    const auto place = snapshot_place(path_of_volume(frozen.volume));
    const auto directory = find_snapshot_place(place);
    if (!directory.valid()) return;
    destroy_subvolume(directory.get(), frozen.snapshot.name, place.path_of(frozen.snapshot.name));
  } catch (const Error&) {
    return;
  }
}

void settle_volume(const Filesystem& filesystem, const Lineage& lineage,
                   const Settlement& settlement) {
  const auto* volume = filesystem.at(path_of_volume(settlement.volume));
  // Whose a snapshot is that of a volume which is gone, or on another filesystem, nobody can tell.
  if (volume == nullptr) return;
  for (const auto& point : settlement.destroy) {
    if (point.kind != PointKind::Snapshot) continue;
    for (const auto* snapshot : filesystem.subvolumes().snapshots(point.guid)) {
      std::string path;
      if (snapshot->name != point.name || !filesystem.subvolumes().path_of(*snapshot, path) ||
          !is_ours(path) || !lineage.may_settle(*volume, *snapshot)) {
        continue;
      }
      destroy_subvolume_by_id(filesystem.fd(), snapshot->id, settlement.volume + "@" + point.name);
    }
  }
}

}  // namespace

std::string path_of_volume(const std::string& volume) {
  const auto refuse = [&](const char* cause) {
    return Error(ErrorKind::InvalidArgument,
                 volume + ": " + cause + "; give an absolute path such as btrfs:/mnt/data/home");
  };
  if (!volume.starts_with(kKind)) throw refuse("is no volume of btrfs");
  const auto path = volume.substr(kKind.size());
  if (!path.starts_with('/') || path.find('\0') != path.npos) throw refuse("is no absolute path");
  if (path != "/" && path.ends_with('/')) throw refuse("ends in a slash");
  const auto whole = path + "/";
  for (const char* part : {"//", "/./", "/../"}) {
    if (path != "/" && whole.find(part) != whole.npos) throw refuse("has a part that is no name");
  }
  return path;
}

StreamFeatures BtrfsSource::features() {
  StreamFeatures features;
  features.compressed = newest_send_version() >= 2;
  return features;
}

std::vector<VolumeState> BtrfsSource::inventory(const std::vector<std::string>& texts) {
  const auto patterns = parse_patterns(texts);
  std::vector<VolumeState> states;
  std::set<std::string> names;
  for (const auto& filesystem :
       Filesystem::touched_by(beginnings(patterns), Filesystem::Sync::Yes)) {
    list(filesystem, patterns, states, names);
  }
  require_each(patterns, names);
  std::sort(states.begin(), states.end(),
            [](const VolumeState& one, const VolumeState& other) { return one.name < other.name; });
  return states;
}

Freeze BtrfsSource::freeze(const std::vector<std::string>& volumes, const std::string& name) {
  refuse_existing(volumes, name);
  std::vector<Freeze::Frozen> frozen(volumes.size());
  std::vector<std::string> failures(volumes.size());
  std::vector<char> taken(volumes.size());
  platform::for_each_index(volumes.size(), kMostFreezers, [&](std::size_t i) {
    try {
      frozen[i] = {volumes[i], take_snapshot(volumes[i], name)};
    } catch (const Error& error) {
      taken[i] = error.kind() == ErrorKind::AlreadyExists;
      failures[i] = error.message();
    } catch (const std::exception& error) {
      failures[i] = error.what();
    }
  });
  const auto first_taken = std::ranges::find_if(taken, [](char is_taken) { return is_taken != 0; });
  if (first_taken != taken.end()) {
    for (const auto& one : frozen) take_back(one);
    refuse_name(volumes[static_cast<std::size_t>(first_taken - taken.begin())], name);
  }
  Freeze result;
  for (std::size_t i = 0; i < volumes.size(); ++i) {
    if (failures[i].empty()) {
      result.frozen.push_back(std::move(frozen[i]));
    } else {
      result.failed.push_back({volumes[i], std::move(failures[i])});
    }
  }
  return result;
}

std::vector<VolumeFailure> BtrfsSource::rehearse(const std::vector<std::string>& volumes) {
  std::vector<VolumeFailure> failures;
  for (const auto& volume : volumes) {
    try {
      const auto path = path_of_volume(volume);
      refuse_swap_file(open_volume(path).get(), volume);
      rehearse_snapshot_place(snapshot_place(path));
    } catch (const Error& error) {
      failures.push_back({volume, error.message()});
    }
  }
  return failures;
}

std::unique_ptr<Stream> BtrfsSource::send(const StreamRequest& request) {
  SnapshotFinder finder(request.volume);
  return std::make_unique<SendStream>(
      send_legs(request, [&](const Point& point) { return finder.open_own(point); }),
      send_format(request));
}

std::vector<VolumeFailure> BtrfsSource::settle(const std::vector<Settlement>& settlements) {
  std::vector<VolumeFailure> failures;
  std::vector<std::string> paths;
  for (const auto& settlement : settlements) {
    if (!settlement.destroy.empty()) paths.push_back(path_of_volume(settlement.volume));
  }
  if (paths.empty()) return failures;
  for (const auto& filesystem : Filesystem::touched_by(paths, Filesystem::Sync::No)) {
    const Lineage lineage(filesystem.subvolumes());
    for (const auto& settlement : settlements) {
      if (settlement.destroy.empty()) continue;
      try {
        settle_volume(filesystem, lineage, settlement);
      } catch (const std::exception& error) {
        failures.push_back({settlement.volume, error.what()});
      }
    }
  }
  return failures;
}

}  // namespace snapferry::btrfs
