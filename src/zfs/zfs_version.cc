#include "zfs/zfs_version.h"

#include <charconv>

#include "core/error.h"
#include "platform/fd.h"
#include "zfs/command_failure.h"

namespace snapferry::zfs {
namespace {

constexpr std::size_t kMaxVersionFile = 4096;
constexpr ZfsVersion kOldest{0, 8};

bool take_number(std::string_view& text, unsigned& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

}  // namespace

ZfsVersion parse_version(const std::string& text) {
  std::string_view rest = text;
  if (rest.starts_with("zfs-")) rest.remove_prefix(4);
  ZfsVersion version;
  const bool known = take_number(rest, version.major) && rest.starts_with('.') &&
                     (rest.remove_prefix(1), take_number(rest, version.minor));
  if (!known) throw Error(ErrorKind::Corrupt, "zfs version: '" + text + "' is no version");
  return version;
}

ZfsVersion installed_version(platform::Commands& commands, const std::string& module_file) {
  try {
    return parse_version(std::string(as_text(platform::read_file(module_file, kMaxVersionFile))));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::NotFound) throw;
  }
  const std::vector<std::string> argv = {"zfs", "version"};
  const auto output = commands.run(argv, {}, kMaxVersionFile);
  if (!output.exit.ok()) throw command_failure(argv, output.exit);
  return parse_version(output.text.substr(0, output.text.find('\n')));
}

StreamFeatures features_of(ZfsVersion version) {
  if (version < kOldest) {
    throw Error(ErrorKind::Unsupported, "zfs: version " + std::to_string(version.major) + "." +
                                            std::to_string(version.minor) +
                                            " is too old; 0.8 or later is needed");
  }
  return {.large_blocks = true,
          .embedded = true,
          .compressed = true,
          .raw = true,
          .resumable = true,
          .bookmarks = true,
          .atomic_freeze = true};
}

}  // namespace snapferry::zfs
