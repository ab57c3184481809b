#include "sandbox/own_mounts.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <optional>
#include <vector>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/error.h"
#include "platform/fd.h"

namespace snapferry::sandbox {
namespace {

using platform::Fd;

// Any directory that is there: the new root lies over it for a moment.
constexpr const char* kBefore = "/dev";

[[noreturn]] void fail(const std::string& path) {
  throw system_error(errno, "show it in the mounts of the agent", path);
}

std::uint64_t attributes_for(PathAccess access) {
  std::uint64_t attributes = MOUNT_ATTR_NOSUID;
  if (access != PathAccess::Device) attributes |= MOUNT_ATTR_NODEV;
  if (access != PathAccess::Execute) attributes |= MOUNT_ATTR_NOEXEC;
  const bool written = access == PathAccess::Tree || access == PathAccess::Directories ||
                       access == PathAccess::Device;
  return written ? attributes : attributes | MOUNT_ATTR_RDONLY;
}

// One path as a mount that is nowhere yet.
struct Piece {
  std::string path;
  Fd mount;
  bool is_directory = false;
};

// nullopt if it is not there.
std::optional<Piece> take(const std::string& path, PathAccess access) {
  Piece piece;
  piece.path = path;
  piece.mount = Fd(::open_tree(AT_FDCWD, path.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  if (!piece.mount.valid()) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    fail(path);
  }
  struct stat status {};
  if (::fstat(piece.mount.get(), &status) != 0) fail(path);
  piece.is_directory = S_ISDIR(status.st_mode);
  mount_attr attributes{};
  attributes.attr_set = attributes_for(access);
  if (::mount_setattr(piece.mount.get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0) {
    fail(path);
  }
  return piece;
}

// Ascending, so that what is within another comes after it; each path once, with the most that is
// granted for it.
std::vector<Piece> take_all(std::span<const PathGrant> grants) {
  std::map<std::string, PathAccess> strongest;
  for (const auto& grant : grants) {
    const auto [place, is_new] = strongest.emplace(grant.path, grant.access);
    if (!is_new) place->second = std::max(place->second, grant.access);
  }
  std::vector<Piece> pieces;
  for (const auto& [path, access] : strongest) {
    if (auto piece = take(path, access)) pieces.push_back(std::move(*piece));
  }
  return pieces;
}

Fd make_empty_root() {
  const Fd context(::fsopen("tmpfs", FSOPEN_CLOEXEC));
  if (!context.valid() || ::fsconfig(context.get(), FSCONFIG_SET_STRING, "mode", "0700", 0) != 0 ||
      ::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
    fail("an empty root");
  }
  Fd root(::fsmount(context.get(), FSMOUNT_CLOEXEC,
                    MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC));
  if (!root.valid()) fail("an empty root");
  return root;
}

void begin_at(const Fd& root) {
  if (::move_mount(root.get(), "", AT_FDCWD, kBefore, MOVE_MOUNT_F_EMPTY_PATH) != 0 ||
      ::fchdir(root.get()) != 0 || ::syscall(SYS_pivot_root, ".", ".") != 0 ||
      ::umount2(".", MNT_DETACH) != 0 || ::chdir("/") != 0) {
    fail("/");
  }
}

void make_place(const Piece& piece) {
  for (auto slash = piece.path.find('/', 1); slash != std::string::npos;
       slash = piece.path.find('/', slash + 1)) {
    (void)::mkdir(piece.path.substr(0, slash).c_str(), 0700);
  }
  if (piece.is_directory) {
    (void)::mkdir(piece.path.c_str(), 0700);
  } else {
    const Fd file(::open(piece.path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  }
}

void show(const Piece& piece) {
  make_place(piece);
  if (::move_mount(piece.mount.get(), "", AT_FDCWD, piece.path.c_str(), MOVE_MOUNT_F_EMPTY_PATH) !=
      0) {
    fail(piece.path);
  }
}

}  // namespace

std::string enter_own_mounts(std::span<const PathGrant> grants) {
  if (::unshare(CLONE_NEWNS) != 0)
    return std::string("no mounts of its own: ") + std::strerror(errno);
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) fail("/");
  const auto pieces = take_all(grants);
  begin_at(make_empty_root());
  for (const auto& piece : pieces) show(piece);
  mount_attr read_only{};
  read_only.attr_set = MOUNT_ATTR_RDONLY;
  if (::mount_setattr(AT_FDCWD, "/", 0, &read_only, sizeof read_only) != 0) fail("/");
  return "";
}

}  // namespace snapferry::sandbox
