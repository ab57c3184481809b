#include "tree/restore/unfinished_restore.h"

#include <algorithm>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/fd.h"

namespace snapferry::tree {
namespace {

using platform::Fd;
using State = UnfinishedRestore::State;

constexpr std::string_view kBegin = "unfinished restore of snapshot ";
constexpr std::string_view kEnd = "end\n";
constexpr std::string_view kMadeTarget = "made the directory";
constexpr std::string_view kFoundTarget = "found the directory empty";
constexpr std::string_view kUnsynced = "may not be on the disk";
constexpr std::string_view kPath = "path ";
constexpr std::string_view kExclude = "exclude ";
constexpr std::string_view kFormerMadeTarget = " made the directory\n";
constexpr std::string_view kFormerFoundTarget = " found the directory\n";

// Of a million paths. What is longer is neither written nor read.
constexpr std::size_t kMaxSize = 64u << 20;

const char* mark_name() { return kUnfinishedName.data(); }

// --- Text ---

void append_line(std::string& text, std::string_view word, std::string_view value) {
  text += word;
  for (const char byte : value) {
    if (byte == '\\') text += '\\';
    text += byte == '\n' ? std::string_view("\\n") : std::string_view(&byte, 1);
  }
  text += '\n';
}

std::optional<std::string> unescape(std::string_view text) {
  std::string value;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      value += text[i];
    } else if (++i < text.size() && (text[i] == '\\' || text[i] == 'n')) {
      value += text[i] == 'n' ? '\n' : '\\';
    } else {
      return std::nullopt;
    }
  }
  return value;
}

std::string_view state_text(const UnfinishedRestore& restore) {
  if (restore.state == State::Unsynced) return kUnsynced;
  return restore.made_target ? kMadeTarget : kFoundTarget;
}

std::string text_of(const UnfinishedRestore& restore) {
  std::string text;
  append_line(text, kBegin, restore.snapshot.hex());
  append_line(text, "", state_text(restore));
  for (const auto& path : restore.part->paths) append_line(text, kPath, path);
  for (const auto& pattern : restore.part->excludes) append_line(text, kExclude, pattern);
  text += kEnd;
  return text;
}

// Takes the next line, without its end, from `text`.
std::optional<std::string_view> take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == text.npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

std::optional<UnfinishedRestore> parse_head(std::string_view& text) {
  const auto first = take_line(text);
  const auto state = take_line(text);
  if (!first || !state || !first->starts_with(kBegin)) return std::nullopt;
  const auto snapshot = ObjectId::from_hex(first->substr(kBegin.size()));
  if (!snapshot) return std::nullopt;
  UnfinishedRestore restore{.snapshot = *snapshot, .part = RestoredPart{}};
  restore.made_target = *state == kMadeTarget;
  if (*state == kUnsynced) restore.state = State::Unsynced;
  return *state == state_text(restore) ? std::optional(restore) : std::nullopt;
}

std::optional<UnfinishedRestore> parse(std::string_view text) {
  auto restore = parse_head(text);
  while (restore && text != kEnd) {
    const auto line = take_line(text);
    if (!line) return std::nullopt;
    const bool is_path = line->starts_with(kPath);
    if (!is_path && !line->starts_with(kExclude)) return std::nullopt;
    auto value = unescape(line->substr(is_path ? kPath.size() : kExclude.size()));
    if (!value) return std::nullopt;
    (is_path ? restore->part->paths : restore->part->excludes).push_back(std::move(*value));
  }
  return restore;
}

std::optional<UnfinishedRestore> parse_former(std::string_view text) {
  const std::size_t end = text.find(' ');
  if (end == text.npos) return std::nullopt;
  const auto snapshot = ObjectId::from_hex(text.substr(0, end));
  if (!snapshot) return std::nullopt;
  const std::string_view state = text.substr(end);
  if (state != kFormerMadeTarget && state != kFormerFoundTarget) return std::nullopt;
  return UnfinishedRestore{.snapshot = *snapshot, .made_target = state == kFormerMadeTarget};
}

bool is_torn(std::string_view text) { return text.starts_with(kBegin) || kBegin.starts_with(text); }

std::optional<UnfinishedRestore> read_text(std::string_view text) {
  if (auto restore = parse(text)) return restore;
  if (auto restore = parse_former(text)) return restore;
  if (is_torn(text)) return UnfinishedRestore{.state = State::Unsynced};
  return std::nullopt;
}

// --- Files ---

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t size = ::write(fd, text.data(), text.size());
    if (size <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

std::optional<std::string> read_all(int fd, std::size_t size) {
  std::string text(size, 0);
  std::size_t filled = 0;
  while (filled < size) {
    const ssize_t part = ::read(fd, text.data() + filled, size - filled);
    if (part < 0) return std::nullopt;
    if (part == 0) break;
    filled += static_cast<std::size_t>(part);
  }
  text.resize(filled);
  return text;
}

std::optional<UnfinishedRestore> read_mark(int directory) {
  constexpr int kFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  const Fd mark(::openat(directory, mark_name(), kFlags));
  struct stat stat;
  if (!mark.valid() || ::fstat(mark.get(), &stat) != 0) return std::nullopt;
  if (!S_ISREG(stat.st_mode) || std::cmp_greater(stat.st_size, kMaxSize)) return std::nullopt;
  const auto text = read_all(mark.get(), static_cast<std::size_t>(stat.st_size));
  const auto restore = text ? read_text(*text) : std::nullopt;
  const bool is_own = stat.st_uid == ::geteuid();
  if (restore && restore->state == State::Interrupted && !is_own) return std::nullopt;
  return restore;
}

}  // namespace

RestoredPart part_of(const RestoreOptions& options) {
  RestoredPart part{options.paths, options.excludes.texts()};
  std::ranges::sort(part.paths);
  return part;
}

std::optional<UnfinishedRestore> find_unfinished(int directory) {
  if (auto restore = read_mark(directory)) return restore;
  if (::faccessat(directory, kFormerUnsyncedName.data(), F_OK, AT_SYMLINK_NOFOLLOW) != 0) {
    return std::nullopt;
  }
  return UnfinishedRestore{.state = State::Unsynced};
}

std::optional<UnfinishedRestore> find_unfinished(const std::string& directory) {
  const Fd opened(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return opened.valid() ? find_unfinished(opened.get()) : std::nullopt;
}

bool mark_unfinished(int directory, const UnfinishedRestore& restore) {
  constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  const std::string text = text_of(restore);
  if (text.size() > kMaxSize) return false;
  const Fd mark(::openat(directory, mark_name(), kFlags, 0600));
  if (!mark.valid()) return false;
  if (write_all(mark.get(), text)) return true;
  unmark(directory);
  return false;
}

void mark_unsynced(int directory, const ObjectId& snapshot, const RestoredPart& part) {
  UnfinishedRestore restore{.state = State::Unsynced, .snapshot = snapshot, .part = part};
  const auto before = find_unfinished(directory);
  if (before && before->state == State::Unsynced && !before->is_covered_by(part)) {
    restore.part = RestoredPart{};
  }
  constexpr int kFlags = O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  const Fd mark(::openat(directory, mark_name(), kFlags | (before ? O_TRUNC : O_EXCL), 0600));
  if (!mark.valid()) return;
  std::string text = text_of(restore);
  if (text.size() > kMaxSize) text = text_of({.state = State::Unsynced, .part = RestoredPart{}});
  // Torn, it says enough.
  (void)write_all(mark.get(), text);
}

void unmark(int directory) {
  ::unlinkat(directory, mark_name(), 0);
  ::unlinkat(directory, kFormerUnsyncedName.data(), 0);
}

}  // namespace snapferry::tree
