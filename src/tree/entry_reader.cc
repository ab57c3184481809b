#include "tree/entry_reader.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>

#include "core/tree_node.h"
#include "platform/metadata.h"
#include "tree/change_detection.h"
#include "tree/left_out.h"

namespace snapferry::tree {
namespace {

// A file that changes is read so often, and an entry that becomes another looked at.
constexpr int kAttempts = 3;

// So that a leaf, which holds one entry at least, fits into an object.
constexpr std::size_t kMaxEntryBytes = kMaxObjectSize / 2;

struct statx look_at(const EntryPlace& place) {
  struct statx stat;
  constexpr int kFlags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC;
  if (::statx(place.fd, place.text, kFlags, kStatxMask, &stat) != 0) {
    throw system_error(errno, "look at", place.text);
  }
  return stat;
}

struct statx look_at(int fd, const EntryPlace& place) {
  struct statx stat;
  if (::statx(fd, "", AT_EMPTY_PATH, kStatxMask, &stat) != 0) {
    throw system_error(errno, "look at", place.text);
  }
  return stat;
}

// Invalid if it became something that is not opened for reading: a symlink or a socket.
platform::Fd open_file(const EntryPlace& place) {
  constexpr int kFlags = O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK | O_CLOEXEC;
  int fd = ::openat(place.fd, place.text, kFlags | O_NOATIME);
  // Only the owner may ask that the access time stays.
  if (fd < 0 && errno == EPERM) fd = ::openat(place.fd, place.text, kFlags);
  if (fd < 0 && errno != ELOOP && errno != ENXIO) {
    throw system_error(errno, "open", place.text);
  }
  return platform::Fd(fd);
}

bool is_mount_point(const struct statx& stat) {
  return (stat.stx_attributes_mask & stat.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

bool is_sparse(const struct statx& stat) { return stat.stx_blocks * 512 < stat.stx_size; }

void fill_in(const struct statx& stat, EntryOutcome& outcome) {
  outcome.uid = stat.stx_uid;
  outcome.gid = stat.stx_gid;
  outcome.device = device_of(stat);
  outcome.mount_point = is_mount_point(stat);
}

std::uint64_t length_of(const Content& content) {
  std::uint64_t length = 0;
  for (const ContentRun& run : content.runs) length += run.length;
  return length;
}

}  // namespace

EntryOutcome EntryReader::read(const EntryPlace& place, const ByteView* base, bool may_wait) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const struct statx stat = look_at(place);
    EntryOutcome outcome;
    if (is_left_out(stat)) return outcome;
    fill_in(stat, outcome);
    if (base != nullptr && is_unchanged(stat, *base, context_.cutoff)) {
      take_over(stat, *base, outcome);
      return outcome;
    }
    if (read_changed(place, stat, may_wait, outcome)) return outcome;
  }
  throw Error(ErrorKind::Unavailable,
              std::string(place.text) + ": was replaced again and again while it was read");
}

bool EntryReader::is_left_out(const struct statx& stat) const {
  return S_ISDIR(stat.stx_mode) && is_skipped(context_.options, device_of(stat), stat.stx_ino);
}

void EntryReader::take_over(const struct statx& stat, ByteView base, EntryOutcome& outcome) {
  outcome.state = EntryOutcome::State::TakenOver;
  outcome.encoded = base;
  outcome.type = static_cast<EntryType>(base[offsetof(FixedEntry, type)]);
  if (outcome.type == EntryType::File) outcome.size = stat.stx_size;
}

bool EntryReader::read_changed(const EntryPlace& place, const struct statx& stat, bool may_wait,
                               EntryOutcome& outcome) {
  if (S_ISREG(stat.stx_mode)) return read_file(place, stat, may_wait, outcome);
  Entry entry = platform::entry_from_statx(stat, place.name);
  entry.xattrs = platform::read_xattrs_at(place.fd, place.text, place.text);
  if (entry.type == EntryType::Symlink) {
    entry.target = platform::read_symlink_at(place.fd, place.text, place.text);
  }
  encode(entry, outcome);
  return true;
}

bool EntryReader::read_file(const EntryPlace& place, const struct statx& stat, bool may_wait,
                            EntryOutcome& outcome) {
  Entry entry = platform::entry_from_statx(stat, place.name);
  if (entry.link_device) {
    if (auto found = context_.links.find(stat)) {
      entry.content = std::move(found->content);
      entry.xattrs = std::move(found->xattrs);
      encode(entry, outcome);
      return true;
    }
  }
  if (context_.hooks.opening) {
    const int number = context_.hooks.opening(place.path());
    if (number != 0) throw system_error(number, "open", place.text);
  }
  const platform::Fd file = open_file(place);
  if (!file.valid()) return false;
  struct statx before = look_at(file.get(), place);
  if (!S_ISREG(before.stx_mode)) return false;
  for (int attempt = 1;; ++attempt) {
    entry = platform::entry_from_statx(before, place.name);
    read_content(place, file.get(), before, entry, outcome);
    const struct statx after = look_at(file.get(), place);
    if (is_settled(before, after)) break;
    if (attempt == kAttempts) {
      entry.unsettled = true;
      break;
    }
    before = after;
  }
  fill_in(before, outcome);
  store_content(entry, may_wait, outcome);
  if (entry.link_device && !entry.unsettled && outcome.state == EntryOutcome::State::Read) {
    context_.links.remember(before, {entry.content, entry.xattrs});
  }
  return true;
}

// A small file stays in memory until it is known to be settled.
void EntryReader::read_content(const EntryPlace& place, int fd, const struct statx& stat,
                               Entry& entry, EntryOutcome& outcome) {
  outcome.content = {};
  entry.xattrs = platform::read_xattrs(fd, place.text);
  if (stat.stx_size <= kSmallFile && !is_sparse(stat)) {
    outcome.content = files_.read_small(fd, stat.stx_size, place.text);
    entry.size = outcome.content.size();
    stats_.bytes_read += entry.size;
  } else {
    const std::uint64_t before = stats_.bytes_read;
    entry.content = files_.read(fd, stat.stx_size, is_sparse(stat), place.text, stats_.bytes_read);
    outcome.shown =
        std::min(outcome.shown + (stats_.bytes_read - before), length_of(entry.content));
    entry.size = length_of(entry.content);
  }
  if (!context_.hooks.read) return;
  const int number = context_.hooks.read(place.path());
  if (number != 0) throw system_error(number, "read", place.text);
}

void EntryReader::store_content(Entry& entry, bool may_wait, EntryOutcome& outcome) {
  outcome.unsettled = entry.unsettled;
  bool waits = false;
  if (!outcome.content.empty()) {
    waits = may_wait && !entry.link_device && context_.queue.has_idle_worker();
    const ObjectId id = waits ? ObjectId{} : context_.sink.put(ObjectKind::Data, outcome.content);
    entry.content.runs = {{entry.size, id}};
  }
  encode(entry, outcome);
  if (waits) outcome.state = EntryOutcome::State::Unstored;
}

void EntryReader::encode(const Entry& entry, EntryOutcome& outcome) {
  encoded_.clear();
  encode_entry(entry, encoded_);
  if (encoded_.size() > kMaxEntryBytes) {
    throw Error(ErrorKind::Unsupported, entry.name +
                                            ": has too many extended attributes to be stored; "
                                            "remove those that are not needed");
  }
  outcome.encoded = encoded_;
  outcome.state = EntryOutcome::State::Read;
  outcome.type = entry.type;
  outcome.size = entry.size;
}

}  // namespace snapferry::tree
