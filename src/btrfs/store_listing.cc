#include "btrfs/store_listing.h"

#include <algorithm>
#include <cerrno>
#include <map>
#include <utility>

#include <sys/stat.h>

#include "btrfs/damage_note.h"
#include "btrfs/directory_names.h"
#include "btrfs/expected_note.h"
#include "btrfs/place_note.h"
#include "btrfs/private_directory.h"
#include "btrfs/receive.h"
#include "btrfs/replica_directory.h"
#include "btrfs/store_layout.h"
#include "btrfs/subvolume_table.h"
#include "btrfs/unchanged_note.h"
#include "core/error.h"

namespace snapferry::btrfs {
namespace {

// A directory is one of a subvolume, and an inode in that.
using Place = std::pair<std::uint64_t, std::uint64_t>;

Place place_of(int directory, const std::string& subject) {
  struct stat status {};
  if (::fstat(directory, &status) != 0) throw system_error(errno, "look at it", subject);
  return {subvolume_id_of(directory, subject), status.st_ino};
}

Point stored_point(const Subvolume& subvolume) {
  Point point;
  point.name = subvolume.name;
  point.guid = subvolume.identity();
  point.order = subvolume.otransid;
  point.seen = subvolume.stime.seconds;
  return point;
}

struct Contents {
  std::vector<Point> points;
  std::string changed;  // ReplicaState::changed
  bool partial = false;
};

// The snapshots of the filesystem by the directory that they lie in.
std::map<Place, Contents> contents_by_place(int fd, const std::string& subject) {
  const SubvolumeTable table(fd, subject);
  std::map<Place, Contents> contents;
  for (const auto& subvolume : table.all()) {
    const Place place{subvolume.parent_id, subvolume.directory};
    if (subvolume.name == kPartialName) contents[place].partial = true;
    if (!is_snapshot_name(subvolume.name)) continue;
    auto& content = contents[place];
    content.points.push_back(stored_point(subvolume));
    if (const auto change = what_was_changed(subvolume); !change.empty()) {
      content.changed += (content.changed.empty() ? "@" : ", @") + subvolume.name + " " + change;
    }
  }
  for (auto& [place, content] : contents) {
    std::sort(content.points.begin(), content.points.end(),
              [](const Point& one, const Point& other) {
                return std::pair(one.order, one.name) < std::pair(other.order, other.name);
              });
  }
  return contents;
}

// Why nothing can be laid on the replica; empty: something can. Of damaged snapshots the newest
// counts alone: what is received next is relative to that one.
std::string what_stops(const Contents& contents, int directory, const std::string& path) {
  if (!contents.changed.empty() || contents.points.empty()) return contents.changed;
  const Point& newest = contents.points.back();
  try {
    if (!read_damage(directory, path).contains(newest.guid)) return {};
  } catch (const Error& error) {
    return error.message();
  }
  return "@" + newest.name + " " + kWasDamaged;
}

bool may_be_replica(const std::string& host, const std::string& name) {
  return StoreLayout::is_long(name) || StoreLayout::volume_of(host, name).has_value();
}

// nullopt where the note of a long name is not there, or cannot be read; warnings() tells.
std::optional<VolumeName> volume_at(int directory, const std::string& host, const std::string& name,
                                    const std::string& path) {
  if (!StoreLayout::is_long(name)) return StoreLayout::volume_of(host, name);
  try {
    const auto volume = read_place(directory, host, name, path);
    if (volume) return VolumeName{host, *volume};
  } catch (const Error&) {  // what one host wrote fails no command for the others
  }
  return std::nullopt;
}

// By the name of the replica's directory; sets ascending.
using Seen = std::map<std::string, std::vector<std::pair<std::string, FoundUnchanged>>>;

// Calls `use(name, cause)` for each note of when volumes were found unchanged that cannot be read.
template <typename Use>
Seen read_seen(int host, const std::vector<std::string>& names, const std::string& subject,
               Use use) {
  Seen seen;
  for (const auto& name : names) {
    const auto set = StoreLayout::set_of_unchanged(name);
    if (!set) continue;
    try {
      for (const auto& [volume, found] : decode_unchanged(read_small_file(host, name, subject))) {
        seen[volume].emplace_back(*set, found);
      }
    } catch (const Error& error) {
      use(name, error.message());
    }
  }
  for (auto& [volume, found] : seen) {
    std::sort(found.begin(), found.end(),
              [](const auto& one, const auto& other) { return one.first < other.first; });
  }
  return seen;
}

// Freshness is then judged by the snapshots alone. What one host wrote fails no command for the
// others.
void pass_over(const std::string&, const std::string&) {}

struct HostDirectory {
  std::string host;
  std::string path;
  platform::Fd directory;
};

// Those of `wanted`, or of all hosts if that is empty; whatever else is in a store is passed over.
std::vector<HostDirectory> host_directories(int store, const std::string& path,
                                            const std::string& wanted) {
  std::vector<std::string> names;
  if (wanted.empty()) {
    names = names_in(store, path);
  } else {
    names.push_back(StoreLayout::host_name(wanted));
  }
  std::vector<HostDirectory> hosts;
  for (const auto& name : names) {
    const auto host = StoreLayout::host_of(name);
    if (!host) continue;
    auto directory = directory_if_there(store, name, path + "/" + name);
    if (directory.valid()) hosts.push_back({*host, path + "/" + name, std::move(directory)});
  }
  return hosts;
}

}  // namespace

std::vector<ReplicaState> list_replicas(int store, const std::string& path_of_store,
                                        const std::string& host) {
  const auto hosts = host_directories(store, path_of_store, host);
  std::vector<ReplicaState> states;
  if (hosts.empty()) return states;
  const auto contents = contents_by_place(hosts.front().directory.get(), path_of_store);
  for (const auto& [host_name, path, host_directory] : hosts) {
    const auto names = names_in(host_directory.get(), path);
    const auto seen = read_seen(host_directory.get(), names, path, pass_over);
    for (const auto& name : names) {
      if (!may_be_replica(host_name, name)) continue;
      const auto directory = directory_if_there(host_directory.get(), name, path + "/" + name);
      if (!directory.valid()) continue;
      const auto volume = volume_at(directory.get(), host_name, name, path + "/" + name);
      if (!volume) continue;
      const auto found = contents.find(place_of(directory.get(), path + "/" + name));
      if (found == contents.end()) continue;
      ReplicaState state;
      state.volume = *volume;
      state.type = VolumeType::Subvolume;
      state.points = found->second.points;
      state.changed = what_stops(found->second, directory.get(), path + "/" + name);
      if (found->second.partial) state.partial.emplace();
      if (const auto notes = seen.find(name); notes != seen.end() && !state.points.empty()) {
        for (const auto& [set, unchanged] : notes->second) {
          if (unchanged.since != state.points.back().guid) continue;
          state.seen_unchanged.emplace_back(set, unchanged.time);
        }
      }
      states.push_back(std::move(state));
    }
  }
  std::sort(states.begin(), states.end(), [](const ReplicaState& one, const ReplicaState& other) {
    return one.volume < other.volume;
  });
  return states;
}

Expectations list_expectations(int store, const std::string& path_of_store,
                               const std::string& host) {
  Expectations found;
  for (const auto& [name, path, directory] : host_directories(store, path_of_store, host)) {
    auto expected = read_expected(directory.get(), path);
    if (!expected.empty()) found[name] = std::move(expected);
  }
  return found;
}

std::vector<std::string> unreadable_notes(int store, const std::string& path_of_store) {
  std::vector<std::string> lines;
  for (const auto& [host, path, directory] : host_directories(store, path_of_store, "")) {
    for (const auto& name : names_in(directory.get(), path)) {
      if (!StoreLayout::is_long(name)) continue;
      const auto replica = directory_if_there(directory.get(), name, path + "/" + name);
      if (!replica.valid() || volume_at(replica.get(), host, name, path + "/" + name)) continue;
      lines.push_back(
          path + "/" + name + "/" + StoreLayout::kPlaceName +
          ": does not say which volume this is a copy of; the next backup of the volume "
          "writes it anew");
    }
    (void)read_seen(directory.get(), names_in(directory.get(), path), path,
                    [&, &where = path](const std::string& file, const std::string& cause) {
                      lines.push_back(where + "/" + file + ": " + cause +
                                      "; the next run of its set writes it anew, or remove it");
                    });
  }
  return lines;
}

}  // namespace snapferry::btrfs
