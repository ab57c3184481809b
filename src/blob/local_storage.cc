#include "blob/local_storage.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <random>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <unistd.h>

#include "blob/object_name.h"
#include "core/error.h"
#include "platform/descriptor_limit.h"
#include "platform/written_file.h"

namespace snapferry::blob {
namespace {

constexpr std::string_view kTemporaryPrefix = ".tmp-";
// Tells a directory that was begun as a store, even if nothing else came to be in it.
constexpr std::string_view kShardedPrefix = "packs";
constexpr char kMarker[] = ".snapferry";
constexpr std::int64_t kLeftOverAge = 24 * 60 * 60;
// From this size on an object goes past the page cache, or is at least begun to be written out at
// once, so that sync() finds it done.
constexpr std::size_t kLarge = 1u << 20;
// So many changes without a sync() are synced by themselves, to bound memory.
constexpr std::size_t kMostUnsynced = 1u << 16;

bool is_hex_digit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

bool begins_with_shard(std::string_view name) {
  return name.size() >= 2 && is_hex_digit(name[0]) && is_hex_digit(name[1]);
}

// Unique among all processes of all machines that share the directory.
std::string temporary_name() {
  static const std::uint64_t process =
      std::random_device{}() * 0x1'0000'0000u + std::random_device{}();
  static std::atomic<std::uint64_t> count{0};
  char text[64];
  std::snprintf(text, sizeof text, "%s%016llx-%llx", kTemporaryPrefix.data(),
                static_cast<unsigned long long>(process),
                static_cast<unsigned long long>(count.fetch_add(1)));
  return text;
}

std::string_view next_step(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::PermissionDenied:
      return "; run as a user who may, or change the permissions";
    case ErrorKind::Unavailable:
      return "; check the device and run again";
    default:
      return "";
  }
}

Error storage_error(int number, std::string_view action, const std::string& subject) {
  if (number == ENOSPC || number == EDQUOT) {
    return std::move(
        Error(ErrorKind::NoSpace,
              subject + ": no space left on the device of the store; free some and run again")
            .with_errno(number));
  }
  Error plain = system_error(number, action, subject);
  if (number == EROFS) return plain;  // says what to do
  return std::move(Error(plain.kind(), plain.message() + std::string(next_step(plain.kind())))
                       .with_errno(number));
}

std::string_view kind_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFDIR:
      return "a directory";
    case S_IFLNK:
      return "a symlink";
    case S_IFIFO:
      return "a FIFO";
    case S_IFSOCK:
      return "a socket";
    default:
      return "a device";
  }
}

platform::Fd open_root(const std::string& path) {
  return platform::Fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

struct CloseDirectory {
  void operator()(DIR* stream) const { ::closedir(stream); }
};

// Reads the names in a directory; none if it is not there.
class Directory {
 public:
  Directory(int root, const std::string& path) {
    const int fd =
        ::openat(root, path.empty() ? "." : path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
      error_ = errno;
      return;
    }
    stream_.reset(::fdopendir(fd));
    if (!stream_) {
      error_ = errno;
      ::close(fd);
    }
  }

  // nullptr at the end; then error() tells whether it was the end.
  const dirent* next() {
    if (!stream_) return nullptr;
    errno = 0;
    const dirent* entry = ::readdir(stream_.get());
    if (entry == nullptr) error_ = errno;
    return entry;
  }
  int fd() const { return ::dirfd(stream_.get()); }
  int error() const { return error_; }

 private:
  std::unique_ptr<DIR, CloseDirectory> stream_;
  int error_ = 0;
};

}  // namespace

// A written file under a name that is not listed; removed unless it is published.
class LocalStorage::TemporaryFile {
 public:
  TemporaryFile(int root, std::string path) : root_(root), path_(std::move(path)) {}
  TemporaryFile(TemporaryFile&& other) noexcept
      : root_(other.root_), path_(std::exchange(other.path_, {})) {}
  ~TemporaryFile() {
    if (!path_.empty()) ::unlinkat(root_, path_.c_str(), 0);
  }

  // 0 or errno.
  int rename_to(const std::string& path) {
    if (::renameat(root_, path_.c_str(), root_, path.c_str()) != 0) return errno;
    path_.clear();
    return 0;
  }
  int link_as(const std::string& path) {
    if (::renameat2(root_, path_.c_str(), root_, path.c_str(), RENAME_NOREPLACE) == 0) {
      path_.clear();
      return 0;
    }
    // Not every filesystem has it; a hard link, then without the temporary name, is the same.
    if (!is_lacking(errno)) return errno;
    if (::linkat(root_, path_.c_str(), root_, path.c_str(), 0) == 0) return 0;
    return is_lacking(errno) ? rename_over_own(path) : errno;
  }

 private:
  // FUSE passes on whatever its program says.
  static bool is_lacking(int number) {
    return number == EINVAL || number == ENOSYS || number == EOPNOTSUPP || number == EPERM ||
           number == EMLINK;
  }

  // Whoever makes the file may put another in its place.
  int rename_over_own(const std::string& path) {
    constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    const platform::Fd made(::openat(root_, path.c_str(), kFlags, 0600));
    if (!made.valid()) return errno;
    const int number = rename_to(path);
    if (number != 0) ::unlinkat(root_, path.c_str(), 0);
    return number;
  }

  int root_;
  std::string path_;
};

LocalStorage::LocalStorage(platform::Fd root, std::string path)
    : root_(std::move(root)),
      path_(std::move(path)),
      // A share of what the process may open: restores and backups need theirs.
      open_files_(std::min(kOpenFiles, platform::descriptor_limit() / 8)),
      unsynced_(root_.get(), path_) {}

std::unique_ptr<LocalStorage> LocalStorage::open(const std::string& path) {
  platform::Fd root = open_root(path);
  if (root.valid()) return std::unique_ptr<LocalStorage>(new LocalStorage(std::move(root), path));
  const int number = errno;
  if (number == ENOENT || number == ENOTDIR) {
    throw Error(ErrorKind::NotFound, path +
                                         ": there is no directory; make a store with: "
                                         "snapferry init --store repo:" +
                                         path)
        .with_errno(number);
  }
  throw storage_error(number, "open", path);
}

std::unique_ptr<LocalStorage> LocalStorage::create(const std::string& path) {
  const bool made = ::mkdir(path.c_str(), 0700) == 0;
  if (!made && errno == ENOENT) {
    throw Error(ErrorKind::NotFound, path + ": the directory above it is missing; make it first")
        .with_errno(ENOENT);
  }
  if (!made && errno != EEXIST) throw storage_error(errno, "make the directory", path);
  platform::Fd root = open_root(path);
  if (!root.valid() && errno == ENOTDIR) {
    throw Error(ErrorKind::Conflict, path + ": is a file; choose another place for the store");
  }
  if (!root.valid() && errno == ENOENT && !made) {
    throw Error(ErrorKind::NotFound,
                path +
                    ": is a symlink to where nothing is; mount its disk, or make that directory "
                    "first")
        .with_errno(ENOENT);
  }
  if (!root.valid()) throw storage_error(errno, "open", path);
  std::unique_ptr<LocalStorage> storage(new LocalStorage(std::move(root), path));
  storage->claim_directory();
  if (made) storage->sync_above();
  return storage;
}

LocalStorage::Place LocalStorage::place_of(std::string_view name) {
  check_object_name(name);
  const std::size_t slash = name.find('/');
  if (slash == std::string_view::npos) return {"", std::string(name)};
  std::string directory(name.substr(0, slash));
  const std::string_view last = name.substr(slash + 1);
  if (directory == kShardedPrefix && begins_with_shard(last)) {
    directory.append("/").append(last.substr(0, 2));
  }
  std::string path = directory + "/" + std::string(last);
  return {std::move(directory), std::move(path)};
}

// A directory with a marker or a configuration is a store, also one whose making was
// interrupted; an empty one becomes a store; any other is someone else's.
void LocalStorage::claim_directory() {
  bool empty = true;
  Directory directory(root_.get(), "");
  while (const dirent* entry = directory.next()) {
    const std::string_view name = entry->d_name;
    if (name == kMarker || name == "config") return;
    if (name != "." && name != ".." && name != "lost+found") empty = false;
  }
  if (directory.error() != 0) throw storage_error(directory.error(), "list", path_);
  if (!empty) {
    throw Error(ErrorKind::Conflict,
                path_ + ": is not empty and no store; choose an empty or a new directory");
  }
  const platform::Fd marker(
      ::openat(root_.get(), kMarker, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!marker.valid()) throw storage_error(errno, "write", path_ + "/" + kMarker);
  unsynced_.written("", kMarker);
}

// Makes the name of the root durable.
void LocalStorage::sync_above() const {
  const platform::Fd above(::openat(root_.get(), "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (above.valid()) ::fsync(above.get());
}

void LocalStorage::fail(int number, std::string_view action, const std::string& path) const {
  throw storage_error(number, action, path_ + "/" + path);
}

void LocalStorage::make_directories(const std::string& directory) {
  for (std::size_t end = 0; end < directory.size();) {
    const std::size_t begin = end;
    end = std::min(directory.find('/', begin + 1), directory.size());
    const std::string part = directory.substr(0, end);
    if (::mkdirat(root_.get(), part.c_str(), 0700) == 0) {
      unsynced_.changed(begin == 0 ? "" : directory.substr(0, begin));
    } else if (errno != EEXIST) {
      fail(errno, "make the directory", part);
    }
  }
}

LocalStorage::TemporaryFile LocalStorage::write_temporary(const Place& place, ByteView bytes) {
  const std::string path =
      (place.directory.empty() ? "" : place.directory + "/") + temporary_name();
  constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  platform::Fd fd(::openat(root_.get(), path.c_str(), kFlags, 0600));
  if (!fd.valid() && errno == ENOENT) {
    make_directories(place.directory);
    fd = platform::Fd(::openat(root_.get(), path.c_str(), kFlags, 0600));
  }
  if (!fd.valid()) fail(errno, "write", place.path);
  TemporaryFile file(root_.get(), path);
  try {
    if (bytes.size() >= kLarge) {
      writer_.write(fd.get(), bytes, place.path);
    } else {
      platform::write_all(fd.get(), bytes, place.path);
    }
  } catch (const Error& error) {
    fail(error.system_error(), "write", place.path);
  }
  if (bytes.size() >= kLarge) ::sync_file_range(fd.get(), 0, 0, SYNC_FILE_RANGE_WRITE);
  struct stat stat;
  if (::fstat(fd.get(), &stat) == 0) storage_time_ = stat.st_mtime;
  // Network filesystems tell here that the disk is full.
  try {
    platform::close_written(std::move(fd), place.path);
  } catch (const Error& error) {
    fail(error.system_error(), "write", place.path);
  }
  return file;
}

void LocalStorage::note_written(const Place& place) {
  unsynced_.written(place.directory, place.path);
  if (unsynced_.size() > kMostUnsynced) unsynced_.sync();
}

void LocalStorage::adopt(std::string_view name) {
  (void)info(name);
  note_written(place_of(name));
}

void LocalStorage::put(std::string_view name, ByteView bytes) {
  const Place place = place_of(name);
  TemporaryFile file = write_temporary(place, bytes);
  if (const int number = file.rename_to(place.path); number != 0) {
    fail(number, "write", place.path);
  }
  open_files_.drop(place.path);
  note_written(place);
}

void LocalStorage::put_new(std::string_view name, ByteView bytes) {
  const Place place = place_of(name);
  int number = EEXIST;
  // Asked first to save the writing; only linking decides.
  if (::faccessat(root_.get(), place.path.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) != 0) {
    number = write_temporary(place, bytes).link_as(place.path);
  }
  if (number == EEXIST) {
    throw Error(ErrorKind::AlreadyExists, path_ + "/" + place.path + ": is there already")
        .with_errno(number);
  }
  if (number != 0) fail(number, "write", place.path);
  note_written(place);
}

struct stat LocalStorage::look_at(const std::string& path) const {
  struct stat stat;
  if (::fstatat(root_.get(), path.c_str(), &stat, AT_SYMLINK_NOFOLLOW) != 0) {
    const int number = errno;
    if (number != ENOENT && number != ENOTDIR) fail(number, "look at", path);
    throw Error(ErrorKind::NotFound, path_ + "/" + path + ": is not there").with_errno(number);
  }
  require_regular(stat, path);
  return stat;
}

void LocalStorage::require_regular(const struct stat& stat, const std::string& path) const {
  if (S_ISREG(stat.st_mode)) return;
  throw Error(ErrorKind::Corrupt, path_ + "/" + path + ": is " +
                                      std::string(kind_of(stat.st_mode)) +
                                      " and not a file of a store; put the file itself in its "
                                      "place, or remove what is there");
}

OpenFile LocalStorage::open_file(const std::string& path) const {
  look_at(path);  // opening a device acts on it
  constexpr int kFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  OpenFile file{platform::Fd(::openat(root_.get(), path.c_str(), kFlags))};
  struct stat stat;
  if (!file.fd.valid() || ::fstat(file.fd.get(), &stat) != 0) {
    const int number = errno;
    if (number != ENOENT && number != ENOTDIR) fail(number, "open", path);
    throw Error(ErrorKind::NotFound, path_ + "/" + path + ": is not there").with_errno(number);
  }
  require_regular(stat, path);
  file.size = static_cast<std::uint64_t>(stat.st_size);
  return file;
}

std::shared_ptr<const OpenFile> LocalStorage::kept_file(const std::string& path) {
  return open_files_.get(path, [&] { return open_file(path); });
}

Bytes LocalStorage::read(const OpenFile& file, std::uint64_t offset, std::size_t length,
                         const std::string& path) const {
  std::size_t got = 0;
  Bytes bytes(length);
  try {
    got = platform::pread_up_to(file.fd.get(), bytes.data(), length, offset, path);
  } catch (const Error& error) {
    fail(error.system_error(), "read", path);
  }
  if (got == length) return bytes;
  throw Error(ErrorKind::Corrupt, path_ + "/" + path + ": became shorter while it was read");
}

Bytes LocalStorage::get(std::string_view name, std::uint64_t limit) {
  const Place place = place_of(name);
  const OpenFile file = open_file(place.path);
  require_size(path_ + "/" + place.path, file.size, limit);
  return read(file, 0, file.size, place.path);
}

Bytes LocalStorage::get_range(std::string_view name, std::uint64_t offset, std::size_t length) {
  const Place place = place_of(name);
  const auto file = kept_file(place.path);
  if (offset > file->size || length > file->size - offset) {
    throw Error(ErrorKind::Corrupt, path_ + "/" + place.path +
                                        ": ends before what is to be read; it has " +
                                        std::to_string(file->size) + " bytes");
  }
  return read(*file, offset, length, place.path);
}

Bytes LocalStorage::get_tail(std::string_view name, std::size_t length) {
  const Place place = place_of(name);
  const auto file = kept_file(place.path);
  const std::size_t part = std::min<std::uint64_t>(length, file->size);
  return read(*file, file->size - part, part, place.path);
}

ObjectInfo LocalStorage::info(std::string_view name) {
  const struct stat stat = look_at(place_of(name).path);
  return {std::string(name), static_cast<std::uint64_t>(stat.st_size), stat.st_mtime};
}

std::vector<ObjectInfo> LocalStorage::list(std::string_view prefix) {
  check_list_prefix(prefix);
  std::vector<ObjectInfo> found;
  list_directory(std::string(prefix), prefix, found);
  return found;
}

void LocalStorage::list_directory(const std::string& path, std::string_view prefix,
                                  std::vector<ObjectInfo>& found) {
  Directory directory(root_.get(), path);
  const bool may_have_shards = prefix == kShardedPrefix && path == prefix;
  while (const dirent* entry = directory.next()) {
    const std::string_view name = entry->d_name;
    struct stat stat;
    if (name.starts_with(kTemporaryPrefix)) remove_if_left_over(directory.fd(), entry->d_name);
    if (!is_object_name_part(name)) continue;
    if (::fstatat(directory.fd(), entry->d_name, &stat, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno != ENOENT) fail(errno, "look at", path + "/" + std::string(name));
    } else if (S_ISREG(stat.st_mode)) {
      std::string full = prefix.empty() ? "" : std::string(prefix) + "/";
      found.push_back({full.append(name), static_cast<std::uint64_t>(stat.st_size), stat.st_mtime});
    } else if (may_have_shards && S_ISDIR(stat.st_mode) && name.size() == 2 &&
               begins_with_shard(name)) {
      list_directory(path + "/" + std::string(name), prefix, found);
    } else if (!prefix.empty()) {
      found.push_back(
          {std::string(prefix).append("/").append(name), 0, stat.st_mtime, /*is_file=*/false});
    }
  }
  if (directory.error() == ENOENT) return require_no_link(path);
  if (directory.error() != 0) fail(directory.error(), "list", path);
}

// What is kept elsewhere, on a disk that is away, is not gone.
void LocalStorage::require_no_link(const std::string& path) const {
  struct stat stat;
  const bool is_link = ::fstatat(root_.get(), path.c_str(), &stat, AT_SYMLINK_NOFOLLOW) == 0 &&
                       S_ISLNK(stat.st_mode);
  if (!is_link) return;
  throw Error(ErrorKind::Unavailable,
              path_ + "/" + path + ": is a symlink to where nothing is; mount its disk");
}

bool LocalStorage::has_place(std::string_view prefix) {
  check_list_prefix(prefix);
  const std::string path(prefix);
  struct stat stat;
  if (::fstatat(root_.get(), path.c_str(), &stat, 0) == 0) return S_ISDIR(stat.st_mode);
  if (errno != ENOENT) fail(errno, "look at", path);
  require_no_link(path);
  return false;
}

void LocalStorage::make_place(std::string_view prefix) {
  check_list_prefix(prefix);
  make_directories(std::string(prefix));
}

void LocalStorage::remove_if_left_over(int directory, const char* name) const {
  struct stat stat;
  if (::fstatat(directory, name, &stat, AT_SYMLINK_NOFOLLOW) != 0) return;
  if (stat.st_mtime + kLeftOverAge < storage_time_) ::unlinkat(directory, name, 0);
}

void LocalStorage::remove(std::string_view name) {
  const Place place = place_of(name);
  int number = ::unlinkat(root_.get(), place.path.c_str(), 0) == 0 ? 0 : errno;
  if (number == EISDIR) {
    number = ::unlinkat(root_.get(), place.path.c_str(), AT_REMOVEDIR) == 0 ? 0 : errno;
  }
  if (number == ENOTEMPTY || number == EEXIST) {
    throw Error(ErrorKind::Conflict, path_ + "/" + place.path +
                                         ": is a directory that is not empty, and no file of a "
                                         "store; move it away")
        .with_errno(number);
  }
  if (number != 0 && number != ENOENT && number != ENOTDIR) fail(number, "remove", place.path);
  open_files_.drop(place.path);
  unsynced_.changed(place.directory);
}

}  // namespace snapferry::blob
