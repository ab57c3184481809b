#include "agent/authorized_keys.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/bytes.h"
#include "core/error.h"
#include "platform/fd.h"
#include "platform/written_file.h"
#include "wire/names.h"

namespace snapferry::agent {
namespace {

using sandbox::SandboxMode;
using wire::quoted;

constexpr std::size_t kLargestFile = 64u << 20;

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_-./:@%+=,").find(c) != std::string_view::npos;
}

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return path.substr(0, std::max<std::size_t>(slash, 1));
}

// Root makes files for other people: they belong to whoever has the directory.
void give_to_owner_of(const std::string& directory, int fd, const std::string& path) {
  struct ::stat status {};
  if (::geteuid() != 0 || ::stat(directory.c_str(), &status) != 0) return;
  if (::fchown(fd, status.st_uid, status.st_gid) != 0) throw system_error(errno, "chown it", path);
}

void make_directory_for(const std::string& path) {
  const auto directory = directory_of(path);
  if (::mkdir(directory.c_str(), 0700) != 0) {
    if (errno == EEXIST) return;
    throw system_error(errno, "make it", directory);
  }
  const auto fd = platform::open_path(directory, O_RDONLY | O_DIRECTORY);
  give_to_owner_of(directory_of(directory), fd.get(), directory);
}

platform::Fd open_or_make(const std::string& path) {
  make_directory_for(path);
  constexpr int kFlags = O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW;
  platform::Fd fd(::open(path.c_str(), kFlags | O_CREAT | O_EXCL, 0600));
  if (fd.valid()) {
    give_to_owner_of(directory_of(path), fd.get(), path);
    return fd;
  }
  return platform::open_path(path, kFlags);
}

std::string read_whole(int fd, const std::string& path) {
  struct ::stat status {};
  if (::fstat(fd, &status) != 0) throw system_error(errno, "look at it", path);
  if (!S_ISREG(status.st_mode) || static_cast<std::size_t>(status.st_size) > kLargestFile) {
    throw Error(ErrorKind::InvalidArgument,
                quoted(path) +
                    ": no authorized_keys file; give one such as /root/.ssh/"
                    "authorized_keys");
  }
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  text.resize(platform::pread_up_to(fd, reinterpret_cast<std::uint8_t*>(text.data()), text.size(),
                                    0, path));
  return text;
}

// Whether `line` is one for a key with this blob: it is a word of its own, in front of which
// options may stand.
bool holds_key(std::string_view line, std::string_view blob) {
  if (line.find_first_not_of(" \t") == line.npos || line[line.find_first_not_of(" \t")] == '#') {
    return false;
  }
  const auto at = line.find(blob);
  if (at == line.npos || at == 0) return false;
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  const auto end = at + blob.size();
  return is_blank(line[at - 1]) && (end == line.size() || is_blank(line[end]) || line[end] == '\r');
}

// Throws Conflict for the key with other options.
bool is_there(std::string_view text, std::string_view line, const PublicKey& key,
              const std::string& path) {
  std::size_t number = 0;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto found = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (found == line) return true;
    if (!holds_key(found, key.blob)) continue;
    throw Error(ErrorKind::Conflict,
                quoted(path) + ": line " + std::to_string(number) +
                    " has this key with other options, and sshd obeys the first; remove that "
                    "line, or make a key for this purpose alone with ssh-keygen");
  }
  return false;
}

}  // namespace

std::string shell_word(std::string_view word) {
  const auto is_control = [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; };
  if (std::ranges::any_of(word, is_control)) {
    throw Error(ErrorKind::InvalidArgument,
                quoted(word) +
                    ": has a control character, which authorized_keys cannot hold; "
                    "use '?' in its place in a pattern");
  }
  if (!word.empty() && std::ranges::all_of(word, is_plain)) return std::string(word);
  std::string result = "'";
  for (const char c : word) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

std::string agent_command(std::string_view program, const Policy& policy, SandboxMode sandbox) {
  std::string command = shell_word(program) + " agent";
  for (const auto& argument : policy.arguments()) command += " " + shell_word(argument);
  if (sandbox == SandboxMode::Require) command += " --sandbox require";
  if (sandbox == SandboxMode::Off) command += " --sandbox off";
  return command;
}

std::string authorized_line(const PublicKey& key, std::string_view command) {
  // sshd takes \" for a quote and every other backslash as it is; one before the closing quote
  // would hide that.
  if (command.ends_with('\\')) {
    throw Error(ErrorKind::Internal, "a forced command that ends in a backslash");
  }
  std::string line = "command=\"";
  for (const char c : command) {
    if (c == '"') line += '\\';
    line += c;
  }
  line += "\",restrict " + key.type + " " + key.blob;
  if (!key.comment.empty()) line += " " + key.comment;
  return line;
}

Authorized authorize(const std::string& path, std::string_view line, const PublicKey& key) {
  const auto fd = open_or_make(path);
  if (::flock(fd.get(), LOCK_EX) != 0) throw system_error(errno, "lock it", path);
  const auto text = read_whole(fd.get(), path);
  if (is_there(text, line, key, path)) return Authorized::WasThere;
  const bool cut = !text.empty() && text.back() != '\n';
  const std::string added = (cut ? "\n" : "") + std::string(line) + "\n";
  try {
    platform::write_all(fd.get(), as_bytes(added), path);
    if (::fsync(fd.get()) != 0) throw system_error(errno, "make it durable", path);
    platform::flush_written(fd.get(), path);
  } catch (const Error&) {
    (void)!::ftruncate(fd.get(), static_cast<::off_t>(text.size()));
    throw;
  }
  return Authorized::Added;
}

}  // namespace snapferry::agent
