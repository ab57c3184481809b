#include "tree/backup/entry_reader.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/tree_node.h"
#include "platform/metadata.h"
#include "tree/backup/left_out.h"
#include "tree/backup/lost_content.h"
#include "tree/change_detection.h"
#include "tree/mount_point.h"

namespace snapferry::tree {
namespace {

// A file that changes is read so often, and an entry that becomes another looked at.
constexpr int kAttempts = 3;

// What /proc and the like give is less, unless it never ends.
constexpr std::uint64_t kMostOfPseudoFile = std::uint64_t{1} << 30;

// So that a leaf, which holds one entry at least, fits into an object.
constexpr std::size_t kMaxEntryBytes = kMaxObjectSize / 2;

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

void note(Entry& entry, EntryOutcome& outcome, std::string_view problem) {
  entry.unsettled = true;
  if (!outcome.problem.empty()) outcome.problem += "; ";
  outcome.problem += problem;
}

void take_metadata(FileMetadata found, Entry& entry, EntryOutcome& outcome) {
  entry.xattrs = std::move(found.xattrs);
  entry.attributes = found.attributes;
  entry.project = found.project;
  const auto note_missing = [&](std::string_view what, const std::string& problem) {
    if (problem.empty()) return;
    note(entry, outcome,
         std::string(what) + " attributes could not be read (" + problem +
             "); the rest of it was saved");
  };
  note_missing("extended", found.xattrs_problem);
  note_missing("inode", found.attributes_problem);
}

}  // namespace

EntryOutcome EntryReader::read(const EntryPlace& place, const ByteView* base, bool may_wait) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const struct statx stat = place.in.look(place.text, Ask::Anew);
    EntryOutcome outcome;
    outcome.reason = reason_to_skip(place, stat);
    if (outcome.reason != LeftOut::None) return outcome;
    fill_in(stat, outcome);
    if (base != nullptr && is_unchanged(stat, *base, context_.racy) && !may_be_empty(place, stat)) {
      if (!is_due(stat) && !has_lost_content(*base, context_.source, context_.sink)) {
        take_over(stat, *base, outcome);
        return outcome;
      }
      if (read_again(place, stat, *base, outcome)) return outcome;
      continue;
    }
    // What may be as it was is stored at once, which tells whether it is.
    const bool alike = base != nullptr && is_alike(stat, *base);
    if (!read_changed(place, stat, may_wait && !alike, outcome)) continue;
    if (alike) compare(stat, *base, outcome);
    return outcome;
  }
  throw Error(ErrorKind::Unavailable,
              std::string(place.text) + ": was replaced again and again while it was read");
}

// A directory of another filesystem is saved without what is in it. A file that is mounted over
// another is all content.
LeftOut EntryReader::reason_to_skip(const EntryPlace& place, const struct statx& stat) const {
  if (S_ISDIR(stat.stx_mode)) {
    const bool own = is_skipped(context_.options, device_of(stat), stat.stx_ino);
    return own ? LeftOut::OwnStore : LeftOut::None;
  }
  const bool is_root = place.directory == nullptr;
  const bool mounted = context_.one_filesystem && !is_root && is_mount_point(stat);
  return mounted ? LeftOut::OtherFilesystem : LeftOut::None;
}

bool EntryReader::is_due(const struct statx& stat) const {
  return context_.options.reread && S_ISREG(stat.stx_mode) &&
         context_.options.reread->is_due(stat.stx_ino);
}

bool EntryReader::read_again(const EntryPlace& place, const struct statx& stat, ByteView base,
                             EntryOutcome& outcome) {
  if (!read_file(place, stat, false, outcome)) return false;
  compare(stat, base, outcome);
  if (outcome.same) return true;
  const bool root = place.directory == nullptr;
  const Entry now = decode_entry(outcome.encoded, root);
  const Entry then = decode_entry(base, root);
  if (!now.unsettled && now.ctime == then.ctime && now.content != then.content) {
    outcome.notice =
        "its content changed without a new time; it was read again and saved as it is now, but "
        "earlier snapshots may lack the change";
  }
  return true;
}

void EntryReader::compare(const struct statx& stat, ByteView base, EntryOutcome& outcome) {
  if (outcome.is_directory() || !outcome.problem.empty()) return;
  if (!say_the_same(outcome.encoded, base)) return;
  if (std::ranges::equal(outcome.encoded, base)) take_over(stat, base, outcome);
  outcome.same = true;
  outcome.reread = outcome.type == EntryType::File;
}

void EntryReader::take_over(const struct statx& stat, ByteView base, EntryOutcome& outcome) {
  outcome.state = EntryOutcome::State::TakenOver;
  outcome.same = true;
  outcome.encoded = base;
  outcome.type = static_cast<EntryType>(base[offsetof(FixedEntry, type)]);
  if (outcome.type == EntryType::File) outcome.size = stat.stx_size;
}

bool EntryReader::read_changed(const EntryPlace& place, const struct statx& stat, bool may_wait,
                               EntryOutcome& outcome) {
  if (S_ISREG(stat.stx_mode)) return read_file(place, stat, may_wait, outcome);
  Entry entry = platform::entry_from_statx(stat, place.name);
  entry.mount_point = outcome.mount_point;
  take_metadata(place.in.metadata(place.text, stat), entry, outcome);
  if (entry.type == EntryType::Symlink) entry.target = place.in.link_target(place.text);
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
      entry.attributes = found->attributes;
      entry.project = found->project;
      encode(entry, outcome);
      return true;
    }
  }
  if (context_.hooks.opening) {
    const int number = context_.hooks.opening(place.path());
    if (number != 0) throw system_error(number, "open", place.text);
  }
  const std::unique_ptr<SourceFile> file = place.in.open(place.text);
  if (!file) return false;
  struct statx before = file->look();
  if (!S_ISREG(before.stx_mode)) return false;
  for (int attempt = 1;; ++attempt) {
    entry = platform::entry_from_statx(before, place.name);
    outcome.problem.clear();
    read_open(place, *file, before, entry, outcome);
    const struct statx after = file->look();
    if (is_settled(before, after)) break;
    if (attempt == kAttempts) {
      note(entry, outcome, "kept changing while it was read; saved as it was read last");
      break;
    }
    before = after;
  }
  note_early_end(before, entry, outcome);
  fill_in(before, outcome);
  store_content(entry, may_wait, outcome);
  if (entry.link_device && !entry.unsettled && outcome.state == EntryOutcome::State::Read) {
    context_.links.remember(before, {entry.content, entry.xattrs, entry.attributes, entry.project});
  }
  return true;
}

void EntryReader::read_open(const EntryPlace& place, SourceFile& file, const struct statx& stat,
                            Entry& entry, EntryOutcome& outcome) {
  take_metadata(file.metadata(), entry, outcome);
  outcome.content = {};
  read_content(place, file, stat, entry, outcome);
  if (!context_.hooks.read) return;
  const int number = context_.hooks.read(place.path());
  if (number != 0) throw system_error(number, "read", place.text);
}

void EntryReader::read_content(const EntryPlace& place, SourceFile& file, const struct statx& stat,
                               Entry& entry, EntryOutcome& outcome) {
  const FilesystemTraits& filesystem = filesystem_of(place, device_of(stat));
  if (filesystem.is_pseudo) {
    read_as_data(file, kMostOfPseudoFile, Holes::None, entry, outcome);
    if (entry.size < kMostOfPseudoFile) return;
    throw Error(
        ErrorKind::Unsupported,
        std::string(place.text) + ": has no end, as some files of the kernel's own; exclude it");
  }
  if (!read_as_stated(place, file, stat, entry, outcome)) return;
  // There is more than was said. If it grew, then it is read again anyway.
  if (!is_settled(stat, file.look())) return;
  outcome.content = {};
  read_as_data(file, std::numeric_limits<std::int64_t>::max(), Holes::None, entry, outcome);
}

// True if there is more than that. A small file stays in memory until it is known to be settled.
bool EntryReader::read_as_stated(const EntryPlace& place, SourceFile& file,
                                 const struct statx& stat, Entry& entry, EntryOutcome& outcome) {
  if (stat.stx_size <= kSmallFile && !is_sparse(stat)) {
    const ByteView bytes = files_.read_small(file, stat.stx_size);
    outcome.content = bytes.first(std::min<std::size_t>(bytes.size(), stat.stx_size));
    entry.size = outcome.content.size();
    stats_.bytes_read += entry.size;
    return bytes.size() > entry.size;
  }
  const bool local = filesystem_of(place, device_of(stat)).is_local;
  const Holes holes = !is_sparse(stat) ? Holes::None : local ? Holes::Told : Holes::Zeros;
  read_as_data(file, stat.stx_size, holes, entry, outcome);
  return files_.has_more(file, stat.stx_size);
}

void EntryReader::read_as_data(SourceFile& file, std::uint64_t limit, Holes holes, Entry& entry,
                               EntryOutcome& outcome) {
  const std::uint64_t before = stats_.bytes_read;
  entry.content = files_.read(file, limit, holes, stats_.bytes_read);
  entry.size = length_of(entry.content);
  outcome.shown = std::min(outcome.shown + (stats_.bytes_read - before), entry.size);
}

// Sizes of a pseudo filesystem mean nothing, and files of others that are longer than said were
// read to their end.
void EntryReader::note_early_end(const struct statx& stat, Entry& entry,
                                 EntryOutcome& outcome) const {
  if (entry.size >= stat.stx_size || entry.unsettled || known_traits_.is_pseudo) return;
  note(entry, outcome,
       "ended after " + std::to_string(entry.size) + " of the " + std::to_string(stat.stx_size) +
           " bytes that it should have; saved as far as it could be read");
}

const FilesystemTraits& EntryReader::filesystem_of(const EntryPlace& place, std::uint64_t device) {
  if (known_device_ != device) {
    known_traits_ = place.in.filesystem(place.text);
    known_device_ = device;
  }
  return known_traits_;
}

// Such a file may have got content without a sign of it.
bool EntryReader::may_be_empty(const EntryPlace& place, const struct statx& stat) {
  return S_ISREG(stat.stx_mode) && stat.stx_size == 0 &&
         !filesystem_of(place, device_of(stat)).is_local;
}

void EntryReader::store_content(Entry& entry, bool may_wait, EntryOutcome& outcome) {
  bool waits = false;
  if (!outcome.content.empty()) {
    waits = may_wait && !entry.link_device && context_.queue.has_idle_worker();
    const ObjectId id = waits ? ObjectId{} : context_.sink.put(ObjectKind::Data, outcome.content);
    entry.content.runs = {{entry.size, id}};
  }
  encode(entry, outcome);
  if (waits) outcome.state = EntryOutcome::State::Unstored;
}

// The largest attributes stay behind, so that the file does not.
void EntryReader::encode_with_fewer_attributes(Entry entry, EntryOutcome& outcome) {
  std::string left_behind;
  const auto smaller = [](const ExtendedAttribute& a, const ExtendedAttribute& b) {
    return a.value.size() < b.value.size();
  };
  while (encoded_.size() > kMaxEntryBytes && !entry.xattrs.empty()) {
    const auto largest = std::max_element(entry.xattrs.begin(), entry.xattrs.end(), smaller);
    left_behind += (left_behind.empty() ? "" : ", ") + largest->name;
    entry.xattrs.erase(largest);
    encoded_.clear();
    encode_entry(entry, encoded_);
  }
  note(entry, outcome,
       "has too many extended attributes to store all of them; left out: " + left_behind);
  encoded_.clear();
  encode_entry(entry, encoded_);
}

void EntryReader::encode(const Entry& entry, EntryOutcome& outcome) {
  encoded_.clear();
  encode_entry(entry, encoded_);
  if (encoded_.size() > kMaxEntryBytes) encode_with_fewer_attributes(entry, outcome);
  outcome.encoded = encoded_;
  outcome.state = EntryOutcome::State::Read;
  outcome.type = entry.type;
  outcome.size = entry.size;
}

}  // namespace snapferry::tree
