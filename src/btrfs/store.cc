#include "btrfs/store.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <map>
#include <utility>

#include <fcntl.h>
#include <linux/btrfs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include "btrfs/damage_note.h"
#include "btrfs/directory_names.h"
#include "btrfs/place_note.h"
#include "btrfs/private_directory.h"
#include "btrfs/read_back.h"
#include "btrfs/receive.h"
#include "btrfs/send_stream.h"
#include "btrfs/store_layout.h"
#include "btrfs/subvolume_table.h"
#include "btrfs/unchanged_note.h"
#include "core/aside.h"
#include "core/bytes.h"
#include "core/error.h"
#include "view/directory_view.h"

namespace snapferry::btrfs {
namespace {

constexpr int kOpenDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
constexpr std::size_t kMostNamed = 100;  // damaged files of one snapshot

// A directory is one of a subvolume, and an inode in that.
using Place = std::pair<std::uint64_t, std::uint64_t>;

Place place_of(int directory, const std::string& subject) {
  struct stat status {};
  if (::fstat(directory, &status) != 0) throw system_error(errno, "look at it", subject);
  return {subvolume_id_of(directory, subject), status.st_ino};
}

bool is_snapshot_name(std::string_view name) {
  return !name.empty() && name.front() != '.' && name.find('/') == name.npos;
}

constexpr const char* kWasDamaged = "was found damaged by verify";

// What a snapshot of a replica is no longer as it was received; empty: it is.
std::string what_was_changed(const Subvolume& subvolume) {
  if (subvolume.received_uuid.is_zero()) return "was made writable, or put here, by hand";
  if (!subvolume.read_only) return "was made writable";
  if (subvolume.was_changed()) return "was changed after it was received";
  return {};
}

Point point_of(const Subvolume& subvolume) {
  Point point;
  point.name = subvolume.name;
  point.guid = subvolume.identity();
  point.order = subvolume.otransid;
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
    content.points.push_back(point_of(subvolume));
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
using Seen = std::map<std::string, std::vector<std::pair<std::string, std::int64_t>>>;

// Calls `use(name, cause)` for each note of when volumes were found unchanged that cannot be read.
template <typename Use>
Seen read_seen(int host, const std::vector<std::string>& names, const std::string& subject,
               Use use) {
  Seen seen;
  for (const auto& name : names) {
    const auto set = StoreLayout::set_of_unchanged(name);
    if (!set) continue;
    try {
      for (const auto& [volume, time] : decode_unchanged(read_small_file(host, name, subject))) {
        seen[volume].emplace_back(*set, time);
      }
    } catch (const Error& error) {
      use(name, error.message());
    }
  }
  for (auto& [volume, times] : seen) std::sort(times.begin(), times.end());
  return seen;
}

// Freshness is then judged by the snapshots alone. What one host wrote fails no command for the
// others.
void pass_over(const std::string&, const std::string&) {}

UnchangedNote read_unchanged(int host, const std::string& file, const std::string& path) {
  try {
    return decode_unchanged(read_small_file(host, file, path + "/" + file));
  } catch (const Error&) {
    return {};  // written anew
  }
}

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

// An extent as zlib packs four KiB of zeros (RFC 1950).
constexpr std::array<std::uint8_t, 26> kPackedZeros = {
    0x78, 0xda, 0xed, 0xc1, 0x01, 0x0d, 0x00, 0x00, 0x00, 0xc2, 0xa0, 0xf7, 0x4f,
    0x6d, 0x0f, 0x07, 0x14, 0x00, 0x00, 0x00, 0xf0, 0x6e, 0x10, 0x00, 0x00, 0x01};

// Whether the kernel takes compressed extents (Linux 5.18), and files here may have them: with the
// mount option nodatasum, or in a directory with the attribute C, they may not.
bool takes_compressed(int directory) {
  constexpr std::uint64_t kUnpacked = 4096;
  const platform::Fd file(::openat(directory, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600));
  if (!file.valid()) return false;
  auto data = kPackedZeros;
  iovec part{data.data(), data.size()};
  btrfs_ioctl_encoded_io_args arguments{};
  arguments.iov = &part;
  arguments.iovcnt = 1;
  arguments.len = arguments.unencoded_len = kUnpacked;
  arguments.compression = BTRFS_ENCODED_IO_COMPRESSION_ZLIB;
  return ::ioctl(file.get(), BTRFS_IOC_ENCODED_WRITE, &arguments) >= 0;
}

}  // namespace

// The open directory of one replica.
struct BtrfsStore::Replica {
  platform::Fd host;
  platform::Fd directory;  // invalid if there is none
  std::string name;        // in `host`
  std::string path;

  // Held until the directory is closed.
  void lock() const {
    if (::flock(directory.get(), LOCK_EX | LOCK_NB) == 0) return;
    if (errno != EWOULDBLOCK) throw system_error(errno, "lock it", path);
    throw Error(ErrorKind::Busy,
                path + ": another run is receiving this volume; wait until it is done");
  }

  // Invalid if it is not there.
  platform::Fd open_snapshot(const std::string& snapshot, Subvolume& state) const {
    if (!is_snapshot_name(snapshot)) return {};
    platform::Fd fd(
        ::openat(directory.get(), snapshot.c_str(), kOpenDirectory | O_CLOEXEC | O_NOATIME));
    if (!fd.valid() || !is_subvolume(fd.get())) return {};
    state = btrfs::describe(fd.get(), path + "/" + snapshot);
    state.name = snapshot;
    return fd;
  }

  // For what is relative to it.
  platform::Fd open_base(const Point& point) const {
    auto fd = open(point);
    const auto subject = path + "/" + point.name;
    auto change = what_was_changed(btrfs::describe(fd.get(), subject));
    if (change.empty() && read_damage(directory.get(), path).contains(point.guid)) {
      change = kWasDamaged;
    }
    if (change.empty()) return fd;
    throw Error(ErrorKind::Conflict, subject + ": " + change +
                                         ", and what is relative to it would not fit; pass "
                                         "--start-anew to set the replica aside");
  }

  // By its name, else by its identity alone. Throws NotFound.
  platform::Fd open(const Point& point) const {
    if (directory.valid()) {
      std::vector<std::string> candidates = {point.name};
      Subvolume state;
      for (std::size_t i = 0; i < candidates.size(); ++i) {
        auto fd = open_snapshot(candidates[i], state);
        if (fd.valid() && state.identity() == point.guid) return fd;
        if (i == 0) {
          for (auto& other : names_in(directory.get(), path))
            candidates.push_back(std::move(other));
        }
      }
    }
    throw Error(
        ErrorKind::NotFound,
        path + "/" + point.name + ": no such snapshot; `snapferry list` shows which there are");
  }

  // Where a directory `called` so has no room for the path.
  void note_place(const std::vector<std::string>& volumes, const std::string& called) const {
    if (StoreLayout::is_long(called)) write_place(directory.get(), volumes, path);
  }

  // Of snapshots that were not read it stays as it was.
  void note_damage(DamageNote damaged, const DamageNote& sound) const {
    for (const auto& earlier : read_damage(directory.get(), path)) {
      if (!sound.contains(earlier)) damaged.insert(earlier);
    }
    write_damage(directory.get(), damaged, path);
  }

  bool holds_snapshots() const {
    Subvolume state;
    const auto names = names_in(directory.get(), path);
    return std::any_of(names.begin(), names.end(), [&](const std::string& snapshot) {
      return open_snapshot(snapshot, state).valid();
    });
  }

  // A directory that holds anything but notes stays, and one in which somebody is receiving.
  void remove_if_empty() const {
    if (::flock(directory.get(), LOCK_EX | LOCK_NB) != 0) return;
    const auto names = names_in(directory.get(), path);
    if (!std::ranges::all_of(names, StoreLayout::is_note)) return;
    for (const auto& note : names) (void)::unlinkat(directory.get(), note.c_str(), 0);
    if (::unlinkat(host.get(), name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT ||
        errno == ENOTEMPTY) {
      return;
    }
    throw system_error(errno, "remove it", path);
  }
};

BtrfsStore::BtrfsStore(std::string directory)
    : directory_(StoreLayout::directory_of(std::move(directory))) {}

// Not open for reading: an agent may look into its own host alone.
platform::Fd BtrfsStore::open_store() const {
  platform::Fd fd(::open(directory_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  platform::Fd marker(
      fd.valid() ? ::openat(fd.get(), StoreLayout::kIdentityName, O_PATH | O_NOFOLLOW | O_CLOEXEC)
                 : -1);
  if (!marker.valid() && (errno == ENOENT || errno == ENOTDIR)) {
    throw NoSuchStore(name() + ": there is no store; mount its disk, or make it with 'snapferry " +
                      "init --store " + name() + "'");
  }
  if (!marker.valid()) throw system_error(errno, "open", directory_);
  require_btrfs(marker.get(), name());
  return fd;
}

BtrfsStore::Replica BtrfsStore::open_replica(const VolumeName& volume) const {
  const auto host_name = StoreLayout::host_name(volume.host);
  const auto store = open_store();
  Replica replica;
  replica.name = StoreLayout::volume_name(volume);
  replica.path = directory_ + "/" + host_name + "/" + replica.name;
  replica.host = find_directory(store.get(), host_name, directory_ + "/" + host_name);
  if (replica.host.valid()) {
    replica.directory = find_directory(replica.host.get(), replica.name, replica.path);
  }
  return replica;
}

BtrfsStore::Replica BtrfsStore::make_replica(const VolumeName& volume) const {
  const auto host_name = StoreLayout::host_name(volume.host);
  const auto store = open_store();
  Replica replica;
  replica.name = StoreLayout::volume_name(volume);
  replica.path = directory_ + "/" + host_name + "/" + replica.name;
  replica.host = open_or_make_private(store.get(), host_name, directory_ + "/" + host_name);
  replica.directory = open_or_make_private(replica.host.get(), replica.name, replica.path);
  return replica;
}

std::string BtrfsStore::identity() {
  const auto subject = directory_ + "/" + StoreLayout::kIdentityName;
  auto text = read_small_file(open_store().get(), StoreLayout::kIdentityName, subject);
  if (text.ends_with('\n')) text.pop_back();
  if (text.size() == 2 * Guid::kSize && Guid::from_hex(text)) return text;
  throw Error(ErrorKind::Corrupt, subject +
                                      ": holds no identity; write 32 hexadecimal digits into it to "
                                      "give the store a new one, and every volume a new cursor");
}

StreamFeatures BtrfsStore::features() {
  if (!features_) {
    StreamFeatures features;
    features.compressed = newest_send_version() >= 2 && takes_compressed(open_store().get());
    features_ = features;
  }
  return *features_;
}

void BtrfsStore::prepare(const std::string& host) {
  const auto name = StoreLayout::host_name(host);
  (void)open_or_make_private(open_store().get(), name, directory_ + "/" + name);
}

std::vector<ReplicaState> BtrfsStore::inventory(const std::string& host) {
  const auto store = open_store();
  const auto hosts = host_directories(store.get(), directory_, host);
  std::vector<ReplicaState> states;
  if (hosts.empty()) return states;
  const auto contents = contents_by_place(hosts.front().directory.get(), directory_);
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
      if (const auto times = seen.find(name); times != seen.end()) {
        state.seen_unchanged = times->second;
      }
      states.push_back(std::move(state));
    }
  }
  std::sort(states.begin(), states.end(), [](const ReplicaState& one, const ReplicaState& other) {
    return one.volume < other.volume;
  });
  return states;
}

void BtrfsStore::receive(const ReceiveRequest& request, Stream& stream) {
  const auto& wanted = request.stream;
  const auto replica = make_replica(request.volume);
  replica.lock();
  try {
    remove_partial(replica.directory.get(), replica.path);
    replica.note_place({request.volume.path}, replica.name);
    if (!wanted.base && replica.holds_snapshots()) {
      throw Error(ErrorKind::Conflict,
                  replica.path +
                      ": has snapshots already, and a whole stream never replaces them; "
                      "set the replica aside to start anew");
    }
    const ReceiveTarget target{replica.directory.get(),
                               replica.path,
                               [&](const Point& point) {
                                 try {
                                   return replica.open_base(point);
                                 } catch (const Error& error) {
                                   if (error.kind() != ErrorKind::NotFound) throw;
                                   throw Error(ErrorKind::Conflict,
                                               replica.path + ": has no snapshot " + point.name +
                                                   ", which the stream is relative to; run again");
                                 }
                               },
                               &commits_,
                               request.turn,
                               Placing::Snapshot};
    receive_snapshots(target, wanted, stream, request.progress, request.cancellation);
  } catch (...) {
    replica.remove_if_empty();
    throw;
  }
}

void BtrfsStore::abort_partial(const VolumeName& volume) {
  const auto replica = open_replica(volume);
  if (!replica.directory.valid()) return;
  replica.lock();
  remove_partial(replica.directory.get(), replica.path);
  replica.remove_if_empty();
}

VolumeName BtrfsStore::set_aside(const VolumeName& volume) {
  const auto replica = open_replica(volume);
  if (!replica.directory.valid()) {
    throw Error(ErrorKind::NotFound, name() + ": has no " + volume.text());
  }
  replica.lock();
  for (int number = 1;; ++number) {
    const VolumeName aside{volume.host,
                           volume.path + std::string(kAsideMark) + std::to_string(number)};
    const auto new_name = StoreLayout::volume_name(aside);
    replica.note_place({volume.path, aside.path}, new_name);
    if (::renameat2(replica.host.get(), replica.name.c_str(), replica.host.get(), new_name.c_str(),
                    RENAME_NOREPLACE) == 0) {
      replica.note_place({aside.path}, new_name);
      sync_filesystem(replica.host.get(), replica.path);
      return aside;
    }
    if (errno != EEXIST) throw system_error(errno, "set it aside", replica.path);
  }
}

void BtrfsStore::record_unchanged(const std::string& set, std::int64_t time,
                                  const std::vector<VolumeName>& volumes) {
  if (volumes.empty()) return;
  const auto host_name = StoreLayout::host_name(volumes.front().host);
  const auto path = directory_ + "/" + host_name;
  const auto host = find_directory(open_store().get(), host_name, path);
  const auto names = host.valid() ? names_in(host.get(), path) : std::vector<std::string>();
  const auto is_replica = [&](const std::string& name) {
    return std::binary_search(names.begin(), names.end(), name);
  };
  const auto file = StoreLayout::unchanged_name(set);
  UnchangedNote note;
  for (const auto& volume : volumes) {
    // Only what is there, so that the note grows no further than the store.
    const auto name = StoreLayout::volume_name(volume);
    if (is_replica(name)) note[name] = time;
  }
  if (note.empty()) return;
  for (const auto& [name, earlier] : read_unchanged(host.get(), file, path)) {
    if (is_replica(name)) note.emplace(name, earlier);
  }
  replace_small_file(host.get(), file, encode_unchanged(note), path + "/" + file);
}

std::unique_ptr<Stream> BtrfsStore::send(const VolumeName& volume, const StreamRequest& request) {
  const auto replica = open_replica(volume);
  return std::make_unique<SendStream>(
      send_legs(request, [&](const Point& point) { return replica.open(point); }),
      send_format(request));
}

std::unique_ptr<SnapshotView> BtrfsStore::browse(const VolumeName& volume, const Point& snapshot) {
  const auto replica = open_replica(volume);
  return std::make_unique<view::DirectoryView>(replica.open(snapshot),
                                               volume.text() + "@" + snapshot.name);
}

std::vector<VolumeFailure> BtrfsStore::destroy(const VolumeName& volume,
                                               const std::vector<Point>& snapshots) {
  std::vector<VolumeFailure> failures;
  const auto replica = open_replica(volume);
  if (!replica.directory.valid()) return failures;
  for (const auto& point : snapshots) {
    try {
      Subvolume state;
      {
        const auto fd = replica.open_snapshot(point.name, state);
        if (!fd.valid() || state.identity() != point.guid) continue;
      }
      destroy_subvolume(replica.directory.get(), point.name, replica.path + "/" + point.name);
    } catch (const Error& error) {
      failures.push_back({volume.path, error.message()});
    }
  }
  reclaim_space(replica.host.get());
  replica.remove_if_empty();
  return failures;
}

std::vector<ReplicaDamage> BtrfsStore::verify(const ReplicaState& replica_state, bool read_data,
                                              Progress* progress,
                                              const Cancellation* cancellation) {
  std::vector<ReplicaDamage> damage;
  const auto replica = open_replica(replica_state.volume);
  DamageNote damaged, sound;
  for (const auto& point : replica_state.points) {
    if (cancellation != nullptr) cancellation->check();
    const auto report = [&](std::string message) {
      damage.push_back({replica_state.volume, point.name, std::move(message)});
    };
    Subvolume state;
    const auto fd =
        replica.directory.valid() ? replica.open_snapshot(point.name, state) : platform::Fd();
    if (!fd.valid()) {
      report("is gone; back the volume up again");
      continue;
    }
    if (state.identity() != point.guid) {
      report("is another snapshot than before, of the same name");
      continue;
    }
    if (const auto change = what_was_changed(state); !change.empty()) {
      report(change + ", and is not what was backed up; back the volume up again");
    }
    if (read_data) {
      const auto unreadable = read_back(fd.get(), progress, cancellation);
      (unreadable.empty() ? sound : damaged).insert(point.guid);
      for (std::size_t i = 0; i < std::min(unreadable.size(), kMostNamed); ++i) {
        report(unreadable[i].message);
      }
      if (unreadable.size() > kMostNamed) {
        report("and " + std::to_string(unreadable.size() - kMostNamed) + " more files");
      }
    }
  }
  if (!read_data || !replica.directory.valid()) return damage;
  try {
    replica.note_damage(std::move(damaged), sound);
  } catch (const Error& error) {
    damage.push_back(
        {replica_state.volume, "",
         "which snapshots are damaged could not be noted, so that the next backup does "
         "not know: " +
             error.message()});
  }
  return damage;
}

std::vector<std::string> BtrfsStore::warnings() {
  std::vector<std::string> lines;
  const auto store = open_store();
  struct statvfs mount {};
  struct stat status {};
  if (::fstatvfs(store.get(), &mount) != 0 || ::fstat(store.get(), &status) != 0) {
    throw system_error(errno, "look at it", directory_);
  }
  const bool safe = (mount.f_flag & ST_NOSUID) != 0 && (mount.f_flag & ST_NODEV) != 0;
  if (!safe) {
    lines.push_back(name() +
                    ": is mounted without nosuid or nodev, so that set-user-id programs and "
                    "devices of other machines work in it; add both to /etc/fstab");
  }
  if ((status.st_mode & 077) != 0) {
    lines.push_back(name() + ": others may look into the directory; chmod 0700 it");
  }
  for (const auto& [host, path, directory] : host_directories(store.get(), directory_, "")) {
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
