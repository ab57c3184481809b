#include "view/directory_view.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/sysmacros.h>

#include "core/error.h"
#include "core/printable.h"
#include "core/tree_node.h"
#include "platform/metadata.h"
#include "view/mix.h"

namespace snapferry::view {
namespace {

using platform::DirectoryListing;
using platform::entry_from_statx;
using platform::Fd;
using platform::pread_up_to;
using platform::read_symlink_at;
using platform::read_xattrs;
using platform::read_xattrs_at;
using platform::ReadXattrs;

constexpr std::size_t kMaxDirectories = 128;
constexpr std::size_t kMaxListings = 4;

Fd open_below(int at, const char* name, int flags) {
  flags |= O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  int fd = ::openat(at, name, flags | O_NOATIME);
  // Only the owner may ask that the access time stays.
  if (fd < 0 && errno == EPERM) fd = ::openat(at, name, flags);
  return Fd(fd);
}

struct statx look_at(int at, const char* name, int flags, std::string_view subject) {
  struct statx stat;
  constexpr unsigned kMask = STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID;
  if (::statx(at, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | flags, kMask, &stat) != 0) {
    throw system_error(errno, "look at it", subject);
  }
  return stat;
}

struct statx look_at(int fd, std::string_view subject) {
  return look_at(fd, "", AT_EMPTY_PATH, subject);
}

std::uint64_t device_of(const struct statx& stat) {
  return makedev(stat.stx_dev_major, stat.stx_dev_minor);
}

std::uint64_t mix_time(std::uint64_t state, const struct statx_timestamp& time) {
  return mix(mix(state, static_cast<std::uint64_t>(time.tv_sec)), time.tv_nsec);
}

std::uint64_t version_of(const struct statx& stat) {
  std::uint64_t version = mix(mix(0, stat.stx_ino), stat.stx_size);
  version = mix_time(mix_time(version, stat.stx_mtime), stat.stx_ctime);
  return (stat.stx_mask & STATX_BTIME) != 0 ? mix_time(version, stat.stx_btime) : version;
}

DirectoryListing& spare_listing() {
  thread_local DirectoryListing listing;
  return listing;
}

// The next byte of data (or hole) at or after `offset`; `end` if there is none before it.
// A filesystem that cannot tell has data everywhere.
std::uint64_t seek(int fd, std::uint64_t offset, std::uint64_t end, int whence) {
  const off_t found = ::lseek(fd, static_cast<off_t>(offset), whence);
  if (found >= 0) return std::min(static_cast<std::uint64_t>(found), end);
  if (errno == ENXIO) return end;
  if (errno == EINVAL || errno == EOPNOTSUPP) return whence == SEEK_DATA ? offset : end;
  throw system_error(errno, "look for holes", "a file of a snapshot");
}

std::uint64_t rounded_up(std::uint64_t offset) {
  constexpr std::uint64_t kUnit = SnapshotView::kUnit;
  return (offset / kUnit + (offset % kUnit != 0 ? 1 : 0)) * kUnit;
}

std::vector<DataRange> data_between(int fd, std::uint64_t begin, std::uint64_t end) {
  std::vector<DataRange> ranges;
  while (begin < end) {
    std::uint64_t data = seek(fd, begin, end, SEEK_DATA);
    if (data >= end) break;
    data = std::max(begin, data - data % SnapshotView::kUnit);
    // What a filesystem of smaller blocks calls a hole within a unit is read as zeros.
    std::uint64_t hole = std::min(end, rounded_up(seek(fd, data, end, SEEK_HOLE)));
    if (hole <= data) hole = std::min(end, data + SnapshotView::kUnit);
    if (!ranges.empty() && ranges.back().end == data) {
      ranges.back().end = hole;
    } else {
      ranges.push_back({data, hole});
    }
    begin = hole;
  }
  return ranges;
}

std::string_view parent_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return path.substr(0, slash == path.npos ? 0 : slash);
}

void take_xattrs(ReadXattrs read, Entry& entry) {
  entry.xattrs = std::move(read.xattrs);
  entry.unsettled = !read.problem.empty();
}

}  // namespace

DirectoryView::DirectoryView(Fd root, std::string name, Fd mount)
    : mount_(std::move(mount)), root_(std::move(root)), name_(std::move(name)) {
  const struct statx stat = look_at(root_.get(), name_);
  device_ = device_of(stat);
  mount_id_ = stat.stx_mnt_id;
}

bool DirectoryView::is_own(const struct statx& stat) const {
  return device_of(stat) == device_ && stat.stx_mnt_id == mount_id_;
}

std::string DirectoryView::text(std::string_view path) const {
  return path.empty() ? name_ : name_ + ": " + printable(path);
}

Entry DirectoryView::root() {
  Entry entry = entry_from_statx(look_at(root_.get(), name_), {});
  take_xattrs(read_xattrs(root_.get(), name_), entry);
  return entry;
}

DirectoryPart DirectoryView::list(const std::string& directory, std::uint32_t first) {
  const Descriptor opened = open_directory(directory);
  DirectoryPart part;
  if (!is_own(look_at(opened->get(), text(directory)))) return part;
  const Listing names = names_in(directory, opened->get());
  part.total = static_cast<std::uint32_t>(names->size());
  if (first == 0 && part.total > kFilesInPart) {
    for (std::uint32_t at = 0; at < part.total; at += kFilesInPart) {
      part.part_names.emplace_back((*names)[at].view());
    }
  }
  const std::uint64_t end =
      std::min<std::uint64_t>(part.total, std::uint64_t{first} + kFilesInPart);
  for (std::uint64_t at = first; at < end; ++at) {
    try {
      part.files.push_back(look_at_file(opened->get(), (*names)[at]));
    } catch (Error& error) {
      error.add_context(text(directory));
      throw;
    }
  }
  return part;
}

std::vector<DataRange> DirectoryView::data_in(const FileRange& range) {
  const OpenFile file = open_file(range);
  if (range.offset >= file.size) return {};
  const auto length = std::min({range.length, kMaxLookAt, file.size - range.offset});
  return data_between(file.fd.get(), range.offset, range.offset + length);
}

Bytes DirectoryView::read(const FileRange& range) {
  const OpenFile file = open_file(range);
  const std::uint64_t left = file.size - std::min(file.size, range.offset);
  Bytes bytes(std::min({left, range.length, kMaxRead}));
  const std::size_t got =
      pread_up_to(file.fd.get(), bytes.data(), bytes.size(), range.offset, range.name);
  if (got < bytes.size()) {
    throw Error(ErrorKind::Unavailable, text(view_path(range.directory, range.name)) +
                                            ": ended early; a snapshot must be read-only");
  }
  return bytes;
}

// Directories.

DirectoryView::CachedDirectory* DirectoryView::find_cached(std::string_view path) {
  const auto found = std::ranges::find(directories_, path, &CachedDirectory::path);
  if (found == directories_.end()) return nullptr;
  directories_.splice(directories_.begin(), directories_, found);
  return &*found;
}

DirectoryView::CachedDirectory& DirectoryView::cached(const std::string& path) {
  if (auto* known = find_cached(path)) return *known;
  if (!is_view_path(path)) {
    throw Error(ErrorKind::InvalidArgument, text(path) + ": is no path in a snapshot");
  }
  // Down from the nearest one that is open.
  std::string_view open = path;
  Descriptor at;
  while (!open.empty() && at == nullptr) {
    open = parent_of(open);
    if (const auto* known = find_cached(open)) at = known->descriptor;
  }
  for (std::size_t end = open.size(); end < path.size();) {
    const std::size_t begin = end == 0 ? 0 : end + 1;
    end = std::min(path.find('/', begin), path.size());
    const std::string name = path.substr(begin, end - begin);
    Fd fd = open_below(at ? at->get() : root_.get(), name.c_str(), O_DIRECTORY);
    if (!fd.valid()) {
      const int number = errno;
      if (number == ELOOP || number == ENOTDIR) {
        throw Error(ErrorKind::NotFound, text(path.substr(0, end)) + ": is no directory");
      }
      throw system_error(number, "open the directory", text(path.substr(0, end)));
    }
    at = std::make_shared<const Fd>(std::move(fd));
    directories_.push_front({path.substr(0, end), at, nullptr});
  }
  if (path.empty()) {
    Fd fd = open_below(root_.get(), ".", O_DIRECTORY);
    if (!fd.valid()) throw system_error(errno, "open the directory", name_);
    directories_.push_front({"", std::make_shared<const Fd>(std::move(fd)), nullptr});
  }
  while (directories_.size() > kMaxDirectories) directories_.pop_back();
  return directories_.front();
}

DirectoryView::Descriptor DirectoryView::open_directory(const std::string& path) {
  const std::lock_guard lock(mutex_);
  return cached(path).descriptor;
}

// Of the thread that asks, unless the directory is big.
DirectoryView::Listing DirectoryView::names_in(const std::string& path, int directory) {
  {
    const std::lock_guard lock(mutex_);
    const CachedDirectory* known = find_cached(path);
    if (known != nullptr && known->listing) return known->listing;
  }
  // A descriptor of its own, whose place others do not move.
  const Fd own = open_below(directory, ".", O_DIRECTORY);
  if (!own.valid()) throw system_error(errno, "open the directory", text(path));
  DirectoryListing& spare = spare_listing();
  spare.read(own.get(), text(path));
  if (spare.size() <= kFilesInPart) return {Listing(), &spare};
  auto listing = std::make_shared<const DirectoryListing>(std::exchange(spare, {}));
  const std::lock_guard lock(mutex_);
  std::size_t kept = 0;
  for (auto& each : directories_) {
    if (each.listing && ++kept >= kMaxListings) each.listing = nullptr;
  }
  cached(path).listing = listing;
  return listing;
}

ViewedFile DirectoryView::look_at_file(int directory, const DirectoryListing::Name& name) const {
  const struct statx stat = look_at(directory, name.text, 0, name.view());
  ViewedFile file;
  file.entry = entry_from_statx(stat, name.view());
  take_xattrs(read_xattrs_at(directory, name.text, name.view()), file.entry);
  file.entry.mount_point = file.entry.type == EntryType::Directory && !is_own(stat);
  // Snapshots of one volume have devices of their own, which mean nothing.
  if (file.entry.link_device == device_) file.entry.link_device = 0;
  if (file.entry.type == EntryType::Symlink) {
    file.entry.target = read_symlink_at(directory, name.text, name.view());
  } else if (file.entry.type == EntryType::File) {
    file.version = version_of(stat);
    file.sparse = stat.stx_blocks * 512 < stat.stx_size;
  }
  return file;
}

// Files.

DirectoryView::OpenFile DirectoryView::open_file(const FileRange& range) {
  const std::string path = view_path(range.directory, range.name);
  const auto gone = [&] {
    return Error(ErrorKind::NotFound, text(path) + ": is another file by now; list it again");
  };
  if (!is_valid_name(range.name)) {
    throw Error(ErrorKind::InvalidArgument, text(path) + ": is no file in a snapshot");
  }
  const Descriptor directory = open_directory(range.directory);
  // Not to wait for the other end of a FIFO, and not to wake a device.
  const auto before = look_at(directory->get(), range.name.c_str(), 0, text(path));
  if (!S_ISREG(before.stx_mode) || !is_own(before)) throw gone();
  OpenFile file{open_below(directory->get(), range.name.c_str(), 0), 0};
  if (!file.fd.valid() && errno == ELOOP) throw gone();
  if (!file.fd.valid()) throw system_error(errno, "open", text(path));
  const auto stat = look_at(file.fd.get(), text(path));
  if (!S_ISREG(stat.stx_mode) || version_of(stat) != range.version) throw gone();
  file.size = stat.stx_size;
  return file;
}

}  // namespace snapferry::view
