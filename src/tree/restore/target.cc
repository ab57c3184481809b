#include "tree/restore/target.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/error.h"
#include "core/tree_node.h"
#include "platform/metadata_file.h"
#include "tree/mount_point.h"

namespace snapferry::tree {
namespace {

using platform::Fd;
using platform::MetadataFile;

constexpr unsigned kStatMask = STATX_BASIC_STATS;
constexpr int kDirectoryFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
constexpr std::string_view kTemporaryPrefix = ".snapferry-restore-";

// The last line of defence: names were checked when they were decoded.
const char* checked(const std::string& name) {
  if (!is_valid_name(name)) throw Error(ErrorKind::InvalidArgument, name + ": is not a file name");
  return name.c_str();
}

// What a directory that may not be read is made first.
Fd open_after_chmod(int directory, const std::string& name) {
  const Fd handle(
      ::openat(directory, checked(name), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!handle.valid()) throw system_error(errno, "open", name);
  const MetadataFile file = platform::is_private_directory(directory)
                                ? MetadataFile::named(handle.get(), directory, name.c_str())
                                : MetadataFile::handle(handle.get());
  if (const int error = file.change_mode(0700); error != 0) {
    throw system_error(error, "open", name);
  }
  Fd opened(::openat(handle.get(), ".", kDirectoryFlags));
  if (!opened.valid()) throw system_error(errno, "open", name);
  return opened;
}

// A directory that is being emptied by remove_tree.
struct Emptied {
  std::string name;
  struct statx stat;
  std::vector<std::string> directories;  // left to do, last first
  std::size_t path_size;                 // of the path of this one
  bool kept = false;                     // something in it stays, and so it does
};

class TreeRemover {
 public:
  explicit TreeRemover(const Removal& removal) : removal_(removal) {}

  bool remove(int directory, const std::string& name) {
    levels_.push_back({"", stat_open(directory, name), {name}, 0});
    current_ = Fd(::fcntl(directory, F_DUPFD_CLOEXEC, 0));
    while (levels_.size() > 1 || !levels_.back().directories.empty()) {
      if (levels_.back().directories.empty()) {
        leave();
      } else {
        const std::string next = std::move(levels_.back().directories.back());
        levels_.back().directories.pop_back();
        enter(next);
      }
    }
    return !levels_.back().kept;
  }

 private:
  void enter(const std::string& name) {
    const std::optional<struct statx> stat = stat_at(current_.get(), name);
    if (!stat || stays(name, *stat)) return;
    if (!is_directory(*stat)) return unlink(name, 0, *stat);
    Fd opened = open_directory_at(current_.get(), name,
                                  removal_.dry_run ? Access::AsItIs : Access::MakeAccessible);
    const struct statx inside = stat_open(opened.get(), name);
    // Something may have been mounted since.
    if (stays(name, inside)) return;
    current_ = std::move(opened);
    append(name);
    levels_.push_back({name, inside, {}, path_.size()});
    empty_of_files();
  }

  void empty_of_files() {
    for (std::string& name : list_names(current_.get())) {
      const std::optional<struct statx> stat = stat_at(current_.get(), name);
      if (!stat) continue;
      if (is_directory(*stat)) {
        levels_.back().directories.push_back(std::move(name));
      } else if (!stays(name, *stat)) {
        unlink(name, 0, *stat);
      }
    }
  }

  bool stays(const std::string& name, const struct statx& stat) {
    const std::size_t size = path_.size();
    append(name);
    const bool stays = is_mount_point(stat) || device_of(stat) != device_of(levels_.back().stat) ||
                       (removal_.keep && removal_.keep(path_, stat)) ||
                       (is_directory(stat) && removal_.is_protected &&
                        removal_.is_protected(path_, current_.get(), name, stat));
    if (stays) {
      levels_.back().kept = true;
      if (removal_.kept) removal_.kept(path_);
    }
    path_.resize(size);
    return stays;
  }

  void leave() {
    const Emptied done = std::move(levels_.back());
    levels_.pop_back();
    const struct statx& above = levels_.back().stat;
    current_ = open_parent(current_.get(), device_of(above), above.stx_ino);
    path_.resize(levels_.back().path_size);
    if (done.kept) {
      levels_.back().kept = true;
    } else {
      unlink(done.name, AT_REMOVEDIR, done.stat);
    }
  }

  void unlink(const std::string& name, int flags, const struct statx& stat) {
    if (!removal_.dry_run && ::unlinkat(current_.get(), checked(name), flags) != 0 &&
        errno != ENOENT) {
      throw system_error(errno, "remove", name);
    }
    const std::size_t size = path_.size();
    append(name);
    if (removal_.removed) removal_.removed(path_, stat);
    path_.resize(size);
  }

  void append(const std::string& name) {
    if (!path_.empty()) path_ += '/';
    path_ += name;
  }

  const Removal& removal_;
  std::vector<Emptied> levels_;
  Fd current_;  // the directory of levels_.back()
  std::string path_;
};

}  // namespace

std::optional<struct statx> stat_at(int directory, const std::string& name) {
  struct statx stat;
  if (::statx(directory, checked(name), AT_SYMLINK_NOFOLLOW | kStatxFlags, kStatMask, &stat) == 0) {
    return stat;
  }
  if (errno == ENOENT) return std::nullopt;
  throw system_error(errno, "look at", name);
}

struct statx stat_open(int fd, std::string_view subject) {
  struct statx stat;
  if (::statx(fd, "", AT_EMPTY_PATH | kStatxFlags, kStatMask, &stat) != 0) {
    throw system_error(errno, "look at", subject);
  }
  return stat;
}

bool is_directory(const struct statx& stat) { return S_ISDIR(stat.stx_mode); }

Fd open_directory_at(int directory, const std::string& name, Access access) {
  Fd opened(::openat(directory, checked(name), kDirectoryFlags));
  if (opened.valid()) return opened;
  if (errno == EACCES && access == Access::MakeAccessible) return open_after_chmod(directory, name);
  throw system_error(errno, "open", name);
}

Fd open_parent(int directory, std::uint64_t device, std::uint64_t inode) {
  Fd opened(::openat(directory, "..", kDirectoryFlags));
  if (!opened.valid()) throw system_error(errno, "open", "parent directory");
  const struct statx stat = stat_open(opened.get(), "parent directory");
  if (device_of(stat) != device || stat.stx_ino != inode) {
    throw Error(ErrorKind::Conflict, "parent directory: was moved meanwhile; restore it again");
  }
  return opened;
}

bool create_directory_at(int directory, const std::string& name) {
  if (::mkdirat(directory, checked(name), 0700) == 0) return true;
  if (errno == EEXIST) return false;
  throw system_error(errno, "create directory", name);
}

void unlink_at(int directory, const std::string& name) {
  if (::unlinkat(directory, checked(name), 0) != 0 && errno != ENOENT) {
    throw system_error(errno, "remove", name);
  }
}

bool remove_empty_directory(int directory, const std::string& name) {
  if (::unlinkat(directory, checked(name), AT_REMOVEDIR) == 0 || errno == ENOENT) return true;
  if (errno == ENOTEMPTY || errno == EEXIST) return false;
  throw system_error(errno, "remove", name);
}

bool is_empty_directory(int directory, const std::string& name) {
  const Fd opened = open_directory_at(directory, name, Access::AsItIs);
  return list_names(opened.get()).empty();
}

Fd open_for_metadata(int directory, const std::string& name) {
  Fd opened(::openat(directory, checked(name), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!opened.valid()) throw system_error(errno, "open", name);
  return opened;
}

Fd open_file_at(int directory, const std::string& name) {
  constexpr int kFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  Fd opened(::openat(directory, checked(name), kFlags));
  if (!opened.valid()) throw system_error(errno, "open", name);
  return opened;
}

std::vector<std::string> list_names(int directory) {
  // Not a duplicate, which would share the position.
  Fd again(::openat(directory, ".", kDirectoryFlags));
  if (!again.valid()) throw system_error(errno, "list", "directory");
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(again.get()), ::closedir);
  if (!stream) throw system_error(errno, "list", "directory");
  again.release();
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* found = ::readdir(stream.get())) {
    const std::string_view name = found->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
    errno = 0;
  }
  if (errno != 0) throw system_error(errno, "list", "directory");
  std::sort(names.begin(), names.end());
  return names;
}

bool remove_tree(int directory, const std::string& name, const Removal& removal) {
  return TreeRemover(removal).remove(directory, name);
}

Fd open_existing_target(const std::string& path) {
  Fd opened(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.valid() || errno == ENOENT) return opened;
  if (errno == ENOTDIR) {
    throw Error(ErrorKind::InvalidArgument, path + ": is not a directory; name one to restore to");
  }
  throw system_error(errno, "open", path);
}

Fd open_target(const std::string& given, bool& created) {
  const std::size_t end = given.find_last_not_of('/');
  const std::string path = end == std::string::npos ? given : given.substr(0, end + 1);
  if (Fd opened = open_existing_target(path); opened.valid()) return opened;
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const std::string parent = path.substr(0, slash);
    if (::mkdir(parent.c_str(), 0777) != 0 && errno != EEXIST) {
      throw system_error(errno, "create", parent);
    }
  }
  if (::mkdir(path.c_str(), 0700) == 0) {
    created = true;
  } else if (errno != EEXIST) {
    throw system_error(errno, "create", path);
  }
  return platform::open_path(path, O_RDONLY | O_DIRECTORY);
}

std::string temporary_name(std::uint64_t run, std::uint64_t number) {
  char digits[40];
  std::snprintf(digits, sizeof digits, "%016llx-%llx", static_cast<unsigned long long>(run),
                static_cast<unsigned long long>(number));
  return std::string(kTemporaryPrefix) + digits;
}

bool is_temporary_name(std::string_view name) {
  if (!name.starts_with(kTemporaryPrefix)) return false;
  name.remove_prefix(kTemporaryPrefix.size());
  const auto all_hex = [](std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  };
  return name.size() > 17 && name[16] == '-' && all_hex(name.substr(0, 16)) &&
         all_hex(name.substr(17));
}

}  // namespace snapferry::tree
