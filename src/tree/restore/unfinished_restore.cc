#include "tree/restore/unfinished_restore.h"

#include <array>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/fd.h"

namespace snapferry::tree {
namespace {

constexpr std::string_view kMadeTarget = " made the directory\n";
constexpr std::string_view kFoundTarget = " found the directory\n";

const char* mark_name() { return kUnfinishedName.data(); }

std::string text_of(const UnfinishedRestore& restore) {
  return restore.snapshot.hex() + std::string(restore.made_target ? kMadeTarget : kFoundTarget);
}

std::string read_mark(int fd) {
  std::array<char, 128> buffer;
  const ssize_t size = ::pread(fd, buffer.data(), buffer.size(), 0);
  return size < 0 ? std::string() : std::string(buffer.data(), static_cast<std::size_t>(size));
}

}  // namespace

std::optional<UnfinishedRestore> find_unfinished(int directory) {
  constexpr int kFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  const platform::Fd mark(::openat(directory, mark_name(), kFlags));
  struct stat stat;
  if (!mark.valid() || ::fstat(mark.get(), &stat) != 0) return std::nullopt;
  if (!S_ISREG(stat.st_mode) || stat.st_uid != ::geteuid()) return std::nullopt;
  const std::string text = read_mark(mark.get());
  const auto snapshot = ObjectId::from_hex(text.substr(0, text.find(' ')));
  if (!snapshot) return std::nullopt;
  const UnfinishedRestore restore{*snapshot, text.ends_with(kMadeTarget)};
  // One that was torn by a loss of power tells nothing.
  return text == text_of(restore) ? std::optional(restore) : std::nullopt;
}

std::optional<UnfinishedRestore> find_unfinished(const std::string& directory) {
  const platform::Fd opened(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return opened.valid() ? find_unfinished(opened.get()) : std::nullopt;
}

bool mark_unfinished(int directory, const UnfinishedRestore& restore) {
  constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  const platform::Fd mark(::openat(directory, mark_name(), kFlags, 0600));
  if (!mark.valid()) return false;
  const std::string text = text_of(restore);
  const ssize_t size = ::write(mark.get(), text.data(), text.size());
  if (size == static_cast<ssize_t>(text.size())) return true;
  unmark(directory);
  return false;
}

void unmark(int directory) { ::unlinkat(directory, mark_name(), 0); }

}  // namespace snapferry::tree
