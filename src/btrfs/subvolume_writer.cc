#include "btrfs/subvolume_writer.h"

#include <array>
#include <cerrno>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "btrfs/clone_range.h"
#include "core/error.h"
#include "core/printable.h"
#include "platform/metadata_file.h"
#include "platform/xattr_at.h"

namespace snapferry::btrfs {
namespace {

using Command = stream_format::Command;
using Attribute = stream_format::Attribute;

constexpr mode_t kPermissions = 07777;
constexpr mode_t kNewFile = 0600;
constexpr mode_t kNewDirectory = 0700;

int open_beneath(int root, const std::string& path, int flags) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC | O_NOFOLLOW);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how));
}

timespec to_timespec(const Timespec& time) {
  return {static_cast<time_t>(time.seconds), static_cast<long>(time.nanoseconds)};
}

// What can go wrong with a sound stream, too.
bool is_trouble_of_the_system(int error) {
  switch (error) {
    case EIO:
    case ENOSPC:
    case EDQUOT:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
    case EROFS:
    case EPERM:
    case EACCES:
    case ENOSYS:
    case EOPNOTSUPP:
      return true;
    default:
      return false;
  }
}

// btrfs says that no space is left where an attribute is larger than a node can hold, too.
bool has_room(int fd) {
  struct statvfs state {};
  return ::fstatvfs(fd, &state) == 0 && state.f_bavail * state.f_frsize > (1u << 20);
}

}  // namespace

SubvolumeWriter::SubvolumeWriter(platform::Fd root, std::vector<CloneSource> sources,
                                 const StreamInspector& inspector)
    : root_(std::move(root)), sources_(std::move(sources)), inspector_(inspector) {
  struct stat status {};
  check(::fstat(root_.get(), &status));
  root_times_ = {status.st_atim, status.st_mtim};
}

void SubvolumeWriter::finish() { check(::futimens(root_.get(), root_times_.data())); }

void SubvolumeWriter::fail(int error) const {
  if (is_trouble_of_the_system(error)) {
    throw system_error(error, "write it where it is received", inspector_.place());
  }
  const auto cause =
      error == ELOOP ? "it leads through a symlink" : std::generic_category().message(error);
  inspector_.refuse("does not fit what is there (" + cause + ")");
}

void SubvolumeWriter::check(long result) const {
  if (result < 0) fail(errno);
}

SubvolumeWriter::Entry SubvolumeWriter::entry(int root, std::string_view path) const {
  const auto slash = path.rfind('/');
  const std::string parent(slash == path.npos ? "." : path.substr(0, slash));
  Entry entry;
  entry.name = path.empty() ? "." : path.substr(slash == path.npos ? 0 : slash + 1);
  entry.directory = platform::Fd(open_beneath(root, parent, O_PATH | O_DIRECTORY));
  check(entry.directory.get());
  return entry;
}

// What is no regular file is never opened: a device or a FIFO acts on that alone.
platform::Fd SubvolumeWriter::open_file(int root, std::string_view path, int flags) const {
  const std::string name(path);
  const platform::Fd handle(open_beneath(root, name, O_PATH));
  check(handle.get());
  struct stat status {};
  check(::fstat(handle.get(), &status));
  if (!S_ISREG(status.st_mode)) inspector_.refuse("has data for what is no file");
  platform::Fd file(open_beneath(root, name, flags));
  check(file.get());
  return file;
}

int SubvolumeWriter::file_to_write(std::string_view path) {
  if (!written_.valid() || written_path_ != path) {
    written_ = open_file(root_.get(), path, O_WRONLY);
    written_path_ = path;
  }
  return written_.get();
}

void SubvolumeWriter::apply(const StreamRecord& record) {
  switch (record.command()) {
    case Command::Mkfile:
    case Command::Mkdir:
    case Command::Mknod:
    case Command::Mkfifo:
    case Command::Mksock:
    case Command::Symlink:
      return make(record);
    case Command::Rename:
      return rename(record);
    case Command::Link:
      return link(record);
    case Command::Unlink:
      return remove(record, 0);
    case Command::Rmdir:
      return remove(record, AT_REMOVEDIR);
    case Command::SetXattr:
      return set_attribute(record);
    case Command::RemoveXattr:
      return remove_attribute(record);
    case Command::Write:
      return write(record);
    case Command::EncodedWrite:
      return write_encoded(record);
    case Command::Clone:
      return clone(record);
    case Command::Truncate:
      return truncate(record);
    case Command::Fallocate:
      return allocate(record);
    case Command::Chmod:
      return change_mode(record);
    case Command::Chown:
      return change_owner(record);
    case Command::Utimes:
      return change_times(record);
    case Command::Fileattr:
      return;
    case Command::Subvol:
    case Command::Snapshot:
    case Command::End:
    case Command::UpdateExtent:
      break;
  }
  throw Error(ErrorKind::Internal, inspector_.place() + " is no change of a subvolume");
}

void SubvolumeWriter::make(const StreamRecord& record) {
  const auto at = entry(root_.get(), record.text(Attribute::Path));
  const int directory = at.directory.get();
  const char* name = at.name.c_str();
  switch (record.command()) {
    case Command::Mkfile:
      return check(::mknodat(directory, name, S_IFREG | kNewFile, 0));
    case Command::Mkdir:
      return check(::mkdirat(directory, name, kNewDirectory));
    case Command::Mkfifo:
      return check(::mknodat(directory, name, S_IFIFO | kNewFile, 0));
    case Command::Mksock:
      return check(::mknodat(directory, name, S_IFSOCK | kNewFile, 0));
    case Command::Symlink: {
      const std::string target(record.text(Attribute::PathLink));
      return check(::symlinkat(target.c_str(), directory, name));
    }
    default:
      break;
  }
  const auto type = static_cast<mode_t>(record.number(Attribute::Mode)) & S_IFMT;
  if (type != S_IFCHR && type != S_IFBLK) inspector_.refuse("makes a device of no kind");
  check(::mknodat(directory, name, type | kNewFile, record.number(Attribute::Rdev)));
}

void SubvolumeWriter::rename(const StreamRecord& record) {
  const auto from = entry(root_.get(), record.text(Attribute::Path));
  const auto to = entry(root_.get(), record.text(Attribute::PathTo));
  written_.reset();
  check(::renameat(from.directory.get(), from.name.c_str(), to.directory.get(), to.name.c_str()));
}

void SubvolumeWriter::link(const StreamRecord& record) {
  const auto at = entry(root_.get(), record.text(Attribute::Path));
  const auto target = entry(root_.get(), record.text(Attribute::PathLink));
  check(::linkat(target.directory.get(), target.name.c_str(), at.directory.get(), at.name.c_str(),
                 0));
}

void SubvolumeWriter::remove(const StreamRecord& record, int flags) {
  const auto at = entry(root_.get(), record.text(Attribute::Path));
  written_.reset();
  check(::unlinkat(at.directory.get(), at.name.c_str(), flags));
}

void SubvolumeWriter::set_attribute(const StreamRecord& record) {
  const auto at = entry(root_.get(), record.text(Attribute::Path));
  const std::string name(record.text(Attribute::XattrName));
  const auto value = record.bytes(Attribute::XattrData);
  if (platform::set_xattr_at(at.directory.get(), at.name.c_str(), name.c_str(), value) >= 0) return;
  const int error = errno;
  if (error == ENOSPC && has_room(root_.get())) {
    throw Error(
        ErrorKind::Unsupported,
        inspector_.place() + ": its attribute " + printable(name) + " of " +
            std::to_string(value.size()) +
            " bytes does not fit into a node of this filesystem; remove it, or make a "
            "store whose nodes are as large as those of the source (mkfs.btrfs --nodesize)");
  }
  fail(error);
}

void SubvolumeWriter::remove_attribute(const StreamRecord& record) {
  const auto at = entry(root_.get(), record.text(Attribute::Path));
  const std::string name(record.text(Attribute::XattrName));
  check(platform::remove_xattr_at(at.directory.get(), at.name.c_str(), name.c_str()));
}

void SubvolumeWriter::write(const StreamRecord& record) {
  const int file = file_to_write(record.text(Attribute::Path));
  auto rest = record.bytes(Attribute::Data);
  auto offset = static_cast<off_t>(record.number(Attribute::FileOffset));
  while (!rest.empty()) {
    const auto size = ::pwrite(file, rest.data(), rest.size(), offset);
    if (size < 0 && errno == EINTR) continue;
    check(size);
    rest = rest.subspan(static_cast<std::size_t>(size));
    offset += size;
  }
}

void SubvolumeWriter::write_encoded(const StreamRecord& record) {
  const int file = file_to_write(record.text(Attribute::Path));
  const auto data = record.bytes(Attribute::Data);
  iovec part{const_cast<std::uint8_t*>(data.data()), data.size()};
  btrfs_ioctl_encoded_io_args arguments{};
  arguments.iov = &part;
  arguments.iovcnt = 1;
  arguments.offset = static_cast<std::int64_t>(record.number(Attribute::FileOffset));
  arguments.len = record.number(Attribute::UnencodedFileLen);
  arguments.unencoded_len = record.number(Attribute::UnencodedLen);
  arguments.unencoded_offset = record.number(Attribute::UnencodedOffset);
  arguments.compression = static_cast<std::uint32_t>(record.number(Attribute::Compression));
  check(::ioctl(file, BTRFS_IOC_ENCODED_WRITE, &arguments));
}

void SubvolumeWriter::clone(const StreamRecord& record) {
  int source = root_.get();
  for (const auto& candidate : sources_) {
    if (candidate.guid == record.guid(Attribute::CloneUuid)) source = candidate.directory;
  }
  const auto from = open_file(source, record.text(Attribute::ClonePath), O_RDONLY);
  file_clone_range range{};
  range.src_fd = from.get();
  range.src_offset = record.number(Attribute::CloneOffset);
  range.src_length = record.number(Attribute::CloneLen);
  range.dest_offset = record.number(Attribute::FileOffset);
  const int error = clone_range(file_to_write(record.text(Attribute::Path)), range);
  if (error != 0) fail(error);
}

void SubvolumeWriter::truncate(const StreamRecord& record) {
  check(::ftruncate(file_to_write(record.text(Attribute::Path)),
                    static_cast<off_t>(record.number(Attribute::Size))));
}

void SubvolumeWriter::allocate(const StreamRecord& record) {
  check(::fallocate(file_to_write(record.text(Attribute::Path)),
                    static_cast<int>(record.number(Attribute::FallocateMode)),
                    static_cast<off_t>(record.number(Attribute::FileOffset)),
                    static_cast<off_t>(record.number(Attribute::Size))));
}

void SubvolumeWriter::change_mode(const StreamRecord& record) {
  const auto at = entry(root_.get(), record.text(Attribute::Path));
  const auto mode = static_cast<mode_t>(record.number(Attribute::Mode)) & kPermissions;
  const platform::Fd handle(open_beneath(at.directory.get(), at.name, O_PATH));
  check(handle.get());
  const auto file =
      platform::MetadataFile::named(handle.get(), at.directory.get(), at.name.c_str());
  if (const int error = file.change_mode(mode); error != 0) fail(error);
}

void SubvolumeWriter::change_owner(const StreamRecord& record) {
  const auto at = entry(root_.get(), record.text(Attribute::Path));
  check(::fchownat(at.directory.get(), at.name.c_str(),
                   static_cast<uid_t>(record.number(Attribute::Uid)),
                   static_cast<gid_t>(record.number(Attribute::Gid)), AT_SYMLINK_NOFOLLOW));
}

void SubvolumeWriter::change_times(const StreamRecord& record) {
  const auto at = entry(root_.get(), record.text(Attribute::Path));
  const std::array<timespec, 2> times = {to_timespec(record.time(Attribute::Atime)),
                                         to_timespec(record.time(Attribute::Mtime))};
  if (record.text(Attribute::Path).empty()) root_times_ = times;
  check(::utimensat(at.directory.get(), at.name.c_str(), times.data(), AT_SYMLINK_NOFOLLOW));
}

}  // namespace snapferry::btrfs
