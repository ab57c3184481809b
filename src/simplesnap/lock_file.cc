#include "simplesnap/lock_file.h"

#include <cerrno>
#include <charconv>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"
#include "platform/fd.h"
#include "platform/written_file.h"

namespace snapferry::simplesnap {
namespace {

// The process that a lock names; nullopt if it names none, 0 if the file is gone.
std::optional<pid_t> owner_of(const std::string& path) {
  try {
    const auto bytes = platform::read_file(path, 4096);
    auto text = as_text(bytes);
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
    pid_t owner = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), owner);
    const bool whole = error == std::errc{} && end == text.data() + text.size();
    return whole && owner > 0 ? std::optional(owner) : std::nullopt;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::NotFound) return 0;
    throw;
  }
}

bool is_alive(pid_t process) { return ::kill(process, 0) == 0 || errno != ESRCH; }

[[noreturn]] void busy(const std::string& path, const std::string& cause) {
  throw Error(ErrorKind::Busy, path + ": " + cause);
}

}  // namespace

LockFile::LockFile(std::string path) : path_(std::move(path)) {
  const auto own = fmt::format("{}.{}", path_, ::getpid());
  {
    auto file = platform::open_path(own, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    platform::write_all(file.get(), as_bytes(fmt::format("{}\n", ::getpid())), own);
    platform::close_written(std::move(file), own);
  }
  // link(2) is the atomic step: it never replaces.
  for (int attempt = 0; ::link(own.c_str(), path_.c_str()) != 0; ++attempt) {
    const int reason = errno;
    auto give_up = [&] { ::unlink(own.c_str()); };
    struct stat status {};
    if (reason != EEXIST || attempt > 3) {
      give_up();
      throw system_error(reason, "make the lock", path_);
    }
    if (::lstat(path_.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
      give_up();
      busy(path_, "a stock simplesnap holds the lock, or crashed with it; if none runs, rmdir it");
    }
    const auto owner = owner_of(path_);
    if (!owner || (*owner != 0 && is_alive(*owner))) {
      give_up();
      busy(path_, owner ? fmt::format("process {} backs this host up now", *owner)
                        : "somebody backs this host up now; if nobody does, remove the file");
    }
    if (*owner != 0) ::unlink(path_.c_str());
  }
  ::unlink(own.c_str());
}

LockFile::~LockFile() { ::unlink(path_.c_str()); }

}  // namespace snapferry::simplesnap
