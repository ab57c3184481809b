#include "btrfs/store.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <fcntl.h>
#include <linux/btrfs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include "btrfs/directory_names.h"
#include "btrfs/expected_note.h"
#include "btrfs/private_directory.h"
#include "btrfs/read_back.h"
#include "btrfs/receive.h"
#include "btrfs/refusal.h"
#include "btrfs/send_stream.h"
#include "btrfs/store_layout.h"
#include "btrfs/store_listing.h"
#include "btrfs/unchanged_note.h"
#include "core/aside.h"
#include "core/bytes.h"
#include "core/error.h"
#include "view/directory_view.h"

namespace snapferry::btrfs {
namespace {

constexpr std::size_t kMostNamed = 100;  // damaged files of one snapshot

UnchangedNote read_unchanged(int host, const std::string& file, const std::string& path) {
  try {
    return decode_unchanged(read_small_file(host, file, path + "/" + file));
  } catch (const Error&) {
    return {};  // written anew
  }
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

BtrfsStore::BtrfsStore(std::string directory)
    : directory_(StoreLayout::directory_of(std::move(directory))) {}

// Not open for reading: an agent may look into its own host alone.
platform::Fd BtrfsStore::open_store() const {
  platform::Fd fd(::open(directory_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  platform::Fd marker(
      fd.valid() ? ::openat(fd.get(), StoreLayout::kIdentityName, O_PATH | O_NOFOLLOW | O_CLOEXEC)
                 : -1);
  const bool is_missing = !marker.valid() && (errno == ENOENT || errno == ENOTDIR);
  if (is_missing && fd.valid() && ::faccessat(fd.get(), "config", F_OK, 0) == 0) {
    throw NoSuchStore(name() +
                      ": there is no store of btrfs snapshots, but what looks like a "
                      "repository; name it repo:" +
                      directory_);
  }
  if (is_missing) {
    throw NoSuchStore(name() + ": there is no store; mount its disk, or make it with 'snapferry " +
                      "init --store " + name() + "'");
  }
  if (!marker.valid()) throw system_error(errno, "open", directory_);
  require_btrfs(marker.get(), name());
  return fd;
}

ReplicaDirectory BtrfsStore::open_replica(const VolumeName& volume) const {
  const auto host_name = StoreLayout::host_name(volume.host);
  const auto store = open_store();
  ReplicaDirectory replica;
  replica.name = StoreLayout::volume_name(volume);
  replica.path = directory_ + "/" + host_name + "/" + replica.name;
  replica.host = find_directory(store.get(), host_name, directory_ + "/" + host_name);
  if (replica.host.valid()) {
    replica.directory = find_directory(replica.host.get(), replica.name, replica.path);
  }
  return replica;
}

ReplicaDirectory BtrfsStore::make_replica(const VolumeName& volume) const {
  const auto host_name = StoreLayout::host_name(volume.host);
  const auto store = open_store();
  ReplicaDirectory replica;
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
  return list_replicas(open_store().get(), directory_, host);
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
                               Placing::Snapshot,
                               &run_};
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
    if (replica.rename(volume, aside)) return aside;
  }
}

void BtrfsStore::move(const VolumeName& from, const VolumeName& to) {
  const auto replica = open_replica(from);
  if (!replica.directory.valid()) {
    throw Error(ErrorKind::NotFound, name() + ": has no " + from.text());
  }
  replica.lock();
  // What no snapshot is left in makes way.
  if (const auto there = open_replica(to); there.directory.valid()) there.remove_if_empty();
  if (replica.rename(from, to)) return;
  throw Error(ErrorKind::AlreadyExists, name() + ": has " + to.text() + " already");
}

void BtrfsStore::record_unchanged(const std::string& set, std::int64_t time,
                                  const std::vector<VolumeName>& volumes) {
  if (volumes.empty()) return;
  const auto host_name = StoreLayout::host_name(volumes.front().host);
  const auto path = directory_ + "/" + host_name;
  const auto host = find_directory(open_store().get(), host_name, path);
  if (!host.valid()) return;
  // Only what is there, so that the note grows no further than the store.
  std::map<std::string, Guid> newest;
  for (const auto& replica : inventory(volumes.front().host)) {
    if (replica.points.empty()) continue;
    newest[StoreLayout::volume_name(replica.volume)] = replica.points.back().guid;
  }
  const auto file = StoreLayout::unchanged_name(set);
  UnchangedNote note;
  for (const auto& volume : volumes) {
    const auto name = StoreLayout::volume_name(volume);
    if (const auto found = newest.find(name); found != newest.end()) {
      note[name] = {time, found->second};
    }
  }
  if (note.empty()) return;
  for (const auto& [name, earlier] : read_unchanged(host.get(), file, path)) {
    if (newest.contains(name)) note.emplace(name, earlier);
  }
  replace_small_file(host.get(), file, encode_unchanged(note), path + "/" + file);
}

Expectations BtrfsStore::expectations(const std::string& host) {
  return list_expectations(open_store().get(), directory_, host);
}

std::vector<VolumeFailure> BtrfsStore::change_expectations(const std::string& host,
                                                           const ExpectationChange& change) {
  // No directory is made for what expects nothing.
  if (change.missing.empty() && change.retire.empty() && expectations(host).empty()) return {};
  const auto name = StoreLayout::host_name(host);
  const auto path = directory_ + "/" + name;
  const auto directory = open_or_make_private(open_store().get(), name, path);
  return change_expected(directory.get(), change, path);
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
    if (!fd.valid()) continue;  // forgotten since it was listed
    if (state.identity() != point.guid) {
      report("is another snapshot than before, of the same name");
      continue;
    }
    if (const auto change = what_was_changed(state); !change.empty()) {
      report(change + ", and is not what was backed up; back the volume up again");
    }
    if (read_data) {
      const auto unreadable = read_back(fd.get(), progress, cancellation);
      if (!unreadable.empty() && !replica.open_snapshot(point.name, state).valid()) continue;
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
  require_changeable(store.get(), directory_ + "/HOST");
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
  for (auto& line : unreadable_notes(store.get(), directory_)) lines.push_back(std::move(line));
  return lines;
}

}  // namespace snapferry::btrfs
