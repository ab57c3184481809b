#include "btrfs/mount_table.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>

#include "btrfs/mount_calls.h"
#include "btrfs/octal_escape.h"
#include "core/bytes.h"
#include "core/error.h"
#include "platform/fd.h"

namespace snapferry::btrfs {
namespace {

constexpr std::size_t kLargestTable = 64u << 20;

std::string_view take_until(std::string_view& rest, char end) {
  const auto position = rest.find(end);
  const auto part = rest.substr(0, position);
  rest = position == rest.npos ? std::string_view() : rest.substr(position + 1);
  return part;
}

// "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue"
std::optional<Mount> parse_mount(std::string_view line) {
  Mount mount;
  const auto id = take_until(line, ' ');
  std::from_chars(id.data(), id.data() + id.size(), mount.id);
  take_until(line, ' ');
  mount.device = take_until(line, ' ');
  mount.root = unescape_octal(take_until(line, ' '));
  mount.point = unescape_octal(take_until(line, ' '));
  const auto separator = line.find(" - ");
  if (separator == line.npos) return std::nullopt;
  line.remove_prefix(separator + 3);
  if (take_until(line, ' ') != "btrfs" || !mount.point.starts_with('/')) return std::nullopt;
  return mount;
}

std::uint64_t mount_id_of(const std::string& path) {
  struct ::statx status {};
  if (::statx(AT_FDCWD, path.c_str(), AT_NO_AUTOMOUNT, STATX_MNT_ID, &status) != 0) {
    throw system_error(errno, "look at it", path);
  }
  if ((status.stx_mask & STATX_MNT_ID) == 0) {
    throw Error(ErrorKind::Unsupported,
                path + ": this kernel does not tell which mount it is on; update to Linux 5.8");
  }
  return status.stx_mnt_id;
}

}  // namespace

std::string join(std::string_view parent, std::string_view name) {
  std::string path(parent);
  if (!path.ends_with('/')) path += '/';
  return path.append(name);
}

bool is_within(std::string_view path, std::string_view directory) {
  if (directory == "/") return path.starts_with('/');
  return path.starts_with(directory) &&
         (path.size() == directory.size() || path[directory.size()] == '/');
}

std::string Mount::path_of(std::string_view inside) const {
  const std::string whole = "/" + std::string(inside);
  if (!is_within(whole, root)) return "";
  const auto rest = std::string_view(whole).substr(root == "/" ? 1 : root.size());
  if (rest.empty()) return point;
  return join(point, rest.front() == '/' ? rest.substr(1) : rest);
}

std::vector<Mount> parse_mounts(std::string_view mountinfo) {
  std::vector<Mount> mounts;
  while (!mountinfo.empty()) {
    if (auto mount = parse_mount(take_until(mountinfo, '\n'))) mounts.push_back(std::move(*mount));
  }
  return mounts;
}

std::vector<Mount> read_mounts() {
  try {
    return parse_mounts(as_text(platform::read_file("/proc/self/mountinfo", kLargestTable)));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::NotFound) throw;
  }
  if (auto asked = ask_for_mounts()) return std::move(*asked);
  throw Error(ErrorKind::Unavailable,
              "mounts: neither /proc nor this kernel tells them; mount /proc, or run Linux 6.8");
}

bool on_one_btrfs(const std::string& one, const std::string& other) {
  const auto mounts = read_mounts();
  const auto find = [&](const std::string& path) {
    return std::ranges::find(mounts, mount_id_of(path), &Mount::id);
  };
  const auto first = find(one), second = find(other);
  return first != mounts.end() && second != mounts.end() && first->device == second->device;
}

}  // namespace snapferry::btrfs
