#include "tree/backup/local_files.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>

#include "platform/fd.h"
#include "platform/inode_attributes.h"
#include "platform/metadata.h"
#include "tree/backup/left_out.h"
#include "tree/change_detection.h"
#include "tree/directory_kinds.h"
#include "tree/mount_point.h"

namespace snapferry::tree {
namespace {

using platform::Fd;

struct statx look_at(int at, const char* name, int flags, std::string_view subject) {
  struct statx stat;
  if (::statx(at, name, flags, kStatxMask, &stat) != 0) {
    throw system_error(errno, "look at", subject);
  }
  return stat;
}

// Only the owner may ask that the access time stays.
int open_quietly(int at, const char* name, int flags) {
  const int fd = ::openat(at, name, flags | O_NOATIME);
  return fd < 0 && errno == EPERM ? ::openat(at, name, flags) : fd;
}

// The next byte of data (or hole) at or after `offset`; `end` if there is none before it.
// A filesystem that cannot tell has data everywhere.
std::uint64_t seek(int fd, std::uint64_t offset, std::uint64_t end, int whence,
                   std::string_view subject) {
  const off_t found = ::lseek(fd, static_cast<off_t>(offset), whence);
  if (found >= 0) return std::min(static_cast<std::uint64_t>(found), end);
  if (errno == ENXIO) return end;
  if (errno == EINVAL || errno == EOPNOTSUPP || errno == ESPIPE) {
    return whence == SEEK_DATA ? offset : end;
  }
  throw system_error(errno, "look for holes", subject);
}

FileMetadata metadata_of(int fd, std::string_view subject) {
  platform::ReadXattrs read = platform::read_xattrs(fd, subject);
  platform::InodeAttributes inode = platform::read_inode_attributes(fd);
  return {.xattrs = std::move(read.xattrs),
          .attributes = inode.attributes,
          .project = inode.project,
          .xattrs_problem = std::move(read.problem),
          .attributes_problem = std::move(inode.problem)};
}

class LocalFile : public SourceFile {
 public:
  // `name` lives as long as the listing that it is from.
  LocalFile(Fd fd, const char* name) : fd_(std::move(fd)), name_(name) {}

  struct statx look() override {
    return look_at(fd_.get(), "", AT_EMPTY_PATH | kStatxFlags, name_);
  }
  FileMetadata metadata() override { return metadata_of(fd_.get(), name_); }

  std::size_t read(std::uint8_t* buffer, std::size_t size, std::uint64_t offset) override {
    return platform::pread_up_to(fd_.get(), buffer, size, offset, name_);
  }

  // What makes no sense counts as data.
  DataSpan next_data(std::uint64_t offset, std::uint64_t end) override {
    const std::uint64_t data = seek(fd_.get(), offset, end, SEEK_DATA, name_);
    if (data < offset) return {offset, end};
    if (data == end) return {end, end};
    const std::uint64_t hole = seek(fd_.get(), data, end, SEEK_HOLE, name_);
    return {data, hole > data ? hole : end};
  }

  void expect_reading() override { ::posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_SEQUENTIAL); }

 private:
  const Fd fd_;
  const char* const name_;
};

class LocalDirectory : public SourceDirectory {
 public:
  LocalDirectory(Fd fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)) {}

  std::shared_ptr<SourceDirectory> open_directory(const std::string& name) override {
    constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
    Fd fd(open_quietly(at(), name.c_str(), kFlags));
    if (!fd.valid()) throw system_error(errno, "open the directory", name);
    return std::make_shared<LocalDirectory>(std::move(fd), name);
  }

  std::pair<std::uint64_t, std::uint64_t> identity() override {
    struct stat stat;
    if (::fstat(at(), &stat) != 0) throw system_error(errno, "look at", name_);
    return {stat.st_dev, stat.st_ino};
  }

  void list(platform::DirectoryListing& names) override { names.read(at(), name_); }

  struct statx look(const char* name, Ask ask) override {
    const int flags = ask == Ask::Anew ? kStatxFlags : AT_NO_AUTOMOUNT;
    return look_at(at(), name, AT_SYMLINK_NOFOLLOW | flags, name);
  }

  FileMetadata metadata(const char* name, const struct statx& stat) override {
    // Opening an automount point mounts it.
    const bool opens = S_ISDIR(stat.stx_mode) && !is_mount_point(stat);
    constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    const Fd directory = opens ? Fd(::openat(at(), name, kFlags)) : Fd();
    if (directory.valid()) return metadata_of(directory.get(), name);
    platform::ReadXattrs read = platform::read_xattrs_at(at(), name, name);
    FileMetadata metadata;
    metadata.xattrs = std::move(read.xattrs);
    metadata.xattrs_problem = std::move(read.problem);
    return metadata;
  }

  std::string link_target(const char* name) override {
    return platform::read_symlink_at(at(), name, name);
  }

  // None if it became something that is not opened for reading: a symlink or a socket.
  std::unique_ptr<SourceFile> open(const char* name) override {
    constexpr int kFlags = O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK | O_CLOEXEC;
    Fd fd(open_quietly(at(), name, kFlags));
    if (fd.valid()) return std::make_unique<LocalFile>(std::move(fd), name);
    if (errno == ELOOP || errno == ENXIO) return nullptr;
    throw system_error(errno, "open", name);
  }

  FilesystemTraits filesystem(const char* name) override {
    const Fd file(::openat(at(), name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
    return file.valid() ? traits_of_filesystem(file.get()) : FilesystemTraits{};
  }

  bool has_cache_tag(const platform::DirectoryListing& names) override {
    return names.find(kCacheTag) < names.size() && tree::has_cache_tag(at());
  }
  bool is_own_store(const platform::DirectoryListing& names) override {
    return tree::is_own_store(at(), names);
  }
  bool is_own_mount() override { return tree::is_own_mount(at()); }

  LeftOut reason_not_to_enter(const char* name, Boundary boundary,
                              const BackupOptions& options) override {
    if (!options.include_own && is_own_snapshots(at(), name)) return LeftOut::OwnSnapshots;
    return boundary == Boundary::None ? LeftOut::None : reason_at_boundary(name, boundary, options);
  }

 private:
  // Above the root paths count, and it has no descriptor.
  int at() const { return fd_.valid() ? fd_.get() : AT_FDCWD; }

  LeftOut reason_at_boundary(const char* name, Boundary boundary,
                             const BackupOptions& options) const {
    constexpr int kLook = O_PATH | O_NOFOLLOW | O_CLOEXEC | O_DIRECTORY;
    const Fd inside(::openat(at(), name, kLook));
    if (!inside.valid()) return LeftOut::None;  // entering it will say why
    if (!options.include_own && tree::is_own_mount(inside.get())) return LeftOut::OwnMount;
    if (is_pseudo_filesystem(inside.get())) return LeftOut::KernelFilesystem;
    if (!options.one_filesystem) return LeftOut::None;
    const bool dataset =
        filesystem_type(inside.get()) == kZfsMagic && filesystem_type(at()) == kZfsMagic;
    return boundary == Boundary::Device || dataset ? LeftOut::NestedVolume
                                                   : LeftOut::OtherFilesystem;
  }

  const Fd fd_;
  const std::string name_;
};

}  // namespace

std::shared_ptr<SourceDirectory> LocalFiles::above() {
  return std::make_shared<LocalDirectory>(Fd(), path_);
}

}  // namespace snapferry::tree
