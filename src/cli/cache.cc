#include "cli/cache.h"

#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/format.h"
#include "cli/store.h"
#include "platform/absolute_path.h"
#include "platform/fd.h"

namespace snapferry::cli {
namespace {

std::string text_of(int error) { return std::generic_category().message(error); }

// A file without a name; where the filesystem knows none, one that loses it at once.
platform::Fd unnamed_file(const std::string& directory) {
  platform::Fd file(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file.valid() || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return file;
  std::string name = directory + "/.temporary-XXXXXX";
  file = platform::Fd(::mkostemp(name.data(), O_CLOEXEC));
  if (file.valid()) ::unlink(name.c_str());
  return file;
}

}  // namespace

std::string cache_directory(const Io& io, bool is_root) {
  if (const auto own = io.variable("SNAPFERRY_CACHE")) return platform::absolute_path(*own);
  if (const auto base = io.variable("XDG_CACHE_HOME")) return *base + "/snapferry";
  if (const auto home = io.variable("HOME")) return *home + "/.cache/snapferry";
  return is_root ? "/var/cache/snapferry" : "";
}

std::string why_unusable(const std::string& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return error.message();
  const platform::Fd file = unnamed_file(directory);
  if (!file.valid()) return text_of(errno);
  // A full disk shows only where a block is needed.
  const std::array<std::uint8_t, 4096> block{};
  const ssize_t written = ::write(file.get(), block.data(), block.size());
  if (written < 0) return text_of(errno);
  return static_cast<std::size_t>(written) < block.size() ? text_of(ENOSPC) : "";
}

std::string cache_of(Context& context) {
  const std::string directory = cache_directory(context.io, ::geteuid() == 0);
  if (directory.empty()) {
    context.console.warn_once(
        "cache: neither SNAPFERRY_CACHE nor XDG_CACHE_HOME nor HOME is set; set one of them, or "
        "each run takes longer");
    return directory;
  }
  const std::string cause = why_unusable(directory);
  if (!cause.empty()) {
    context.console.warn_once(
        fmt::format("{}: the cache cannot be used: {}; set SNAPFERRY_CACHE to a directory that can "
                    "be written, or each run takes longer",
                    printable(directory), cause));
  }
  return directory;
}

}  // namespace snapferry::cli
