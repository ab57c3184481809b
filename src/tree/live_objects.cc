#include "tree/live_objects.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/error.h"
#include "core/tree_node.h"
#include "tree/change_detection.h"
#include "tree/live_content.h"
#include "tree/metadata.h"

namespace snapferry::tree {
namespace {

constexpr std::size_t kLeafEntries = 128;
constexpr std::size_t kInnerChildren = 512;
constexpr std::size_t kMaxDirectories = 128;
constexpr std::size_t kMaxFiles = 1 << 16;

platform::Fd open_directory_at(int at, const char* name, std::string_view subject,
                               int more_flags = O_NOFOLLOW) {
  const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK | more_flags;
  int fd = ::openat(at, name, flags | O_NOATIME);
  // Only the owner may ask that the access time stays.
  if (fd < 0 && errno == EPERM) fd = ::openat(at, name, flags);
  if (fd < 0) throw system_error(errno, "open the directory", subject);
  return platform::Fd(fd);
}

struct statx look_at(int at, const char* name, int flags, std::string_view subject) {
  struct statx stat;
  constexpr unsigned kMask = kStatxMask | STATX_BTIME;
  if (::statx(at, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | flags, kMask, &stat) != 0) {
    throw system_error(errno, "look at", subject);
  }
  return stat;
}

struct statx look_at(int fd, std::string_view subject) {
  return look_at(fd, "", AT_EMPTY_PATH, subject);
}

std::string joined(const std::string& directory, std::string_view name) {
  return directory + "/" + std::string(name);
}

DirectoryListing& spare_listing() {
  thread_local DirectoryListing listing;
  return listing;
}

// How many entries each child of the node holds that begins at `first`, where there are `count`.
std::size_t child_span(std::size_t count) {
  std::size_t span = kLeafEntries;
  while (count > span * kInnerChildren) span *= kInnerChildren;
  return span;
}

Bytes inner(const LiveTreeId& id, const DirectoryListing& names, std::size_t count) {
  const std::size_t span = child_span(count);
  std::uint8_t height = 1;
  for (std::size_t s = kLeafEntries; s < span; s *= kInnerChildren) ++height;
  std::vector<TreeNode::Child> children;
  for (std::size_t at = id.first; at < id.first + count; at += span) {
    const LiveTreeId child{id.view, id.directory, static_cast<std::uint32_t>(at),
                           static_cast<std::uint32_t>(std::min(span, id.first + count - at))};
    children.push_back({names[at].view(), child.encode()});
  }
  return encode_inner(height, children);
}

Bytes empty_leaf() { return {1}; }

}  // namespace

ObjectId LiveObjects::add(const std::string& volume, const std::string& snapshot, Opener opener) {
  const std::lock_guard lock(mutex_);
  auto root = roots_.find(volume);
  if (root == roots_.end()) root = roots_.emplace(volume, numbers_.add_root()).first;
  const auto next = static_cast<std::uint32_t>(views_.size());
  const auto [known, added] = known_.emplace(std::pair(root->second, snapshot), next);
  if (added) {
    views_.push_back({volume + "@" + snapshot, root->second, std::move(opener), nullptr, 0});
  }
  return LiveTreeId{known->second, root->second}.encode();
}

Entry LiveObjects::root(const ObjectId& tree) {
  const LiveTreeId id = LiveTreeId::decode(tree);
  const Descriptor directory = open_directory(id.view, id.directory);
  const std::string subject = describe(id.view, id.directory);
  Entry entry = entry_from_statx(look_at(directory->fd.get(), subject), {});
  entry.xattrs = read_xattrs(directory->fd.get(), subject);
  entry.tree = tree;
  return entry;
}

Bytes LiveObjects::get(ObjectKind kind, const ObjectId& id) {
  switch (kind) {
    case ObjectKind::Tree:
      return tree(LiveTreeId::decode(id));
    case ObjectKind::List:
      return list_object(LiveDataId::decode(id));
    case ObjectKind::Data:
      return data(LiveDataId::decode(id));
  }
  throw Error(ErrorKind::NotFound, id.hex() + ": is of no kind that there is");
}

// Snapshots and directories.

LiveObjects::View& LiveObjects::view_at(std::uint32_t number) {
  if (number >= views_.size()) {
    throw Error(ErrorKind::NotFound, "a snapshot that was never listed; list it again");
  }
  return views_[number];
}

const std::shared_ptr<const SnapshotView>& LiveObjects::open_view(std::uint32_t number) {
  View& view = view_at(number);
  const auto place = std::find(open_views_.begin(), open_views_.end(), number);
  if (place != open_views_.end()) {
    open_views_.splice(open_views_.begin(), open_views_, place);
    return view.snapshot;
  }
  view.snapshot = view.opener();
  open_views_.push_front(number);
  close_surplus_views();
  return view.snapshot;
}

void LiveObjects::close_surplus_views() {
  while (open_views_.size() > max_open_views_) {
    const std::uint32_t last = open_views_.back();
    std::erase_if(directories_, [&](const CachedDirectory& each) { return each.view == last; });
    views_[last].snapshot = nullptr;
    open_views_.pop_back();
  }
}

std::string LiveObjects::text(std::uint32_t view, std::uint32_t directory) const {
  const std::string path = numbers_.path(directory);
  const std::string& name = views_[view].name;
  return path.empty() ? name : name + ": " + path;
}

std::string LiveObjects::describe(std::uint32_t view, std::uint32_t directory) {
  const std::lock_guard lock(mutex_);
  return text(view, directory);
}

LiveObjects::CachedDirectory* LiveObjects::find_cached(std::uint32_t view,
                                                       std::uint32_t directory) {
  const auto found =
      std::find_if(directories_.begin(), directories_.end(), [&](const CachedDirectory& each) {
        return each.view == view && each.directory == directory;
      });
  if (found == directories_.end()) return nullptr;
  directories_.splice(directories_.begin(), directories_, found);
  return &*found;
}

LiveObjects::CachedDirectory& LiveObjects::cache(std::uint32_t view, std::uint32_t directory,
                                                 Descriptor descriptor) {
  directories_.push_front({view, directory, std::move(descriptor), nullptr});
  if (directories_.size() > kMaxDirectories) directories_.pop_back();
  return directories_.front();
}

LiveObjects::CachedDirectory& LiveObjects::cached(std::uint32_t view, std::uint32_t directory) {
  const auto snapshot = open_view(view);
  std::vector<std::uint32_t> closed;  // the directory and those above it, up to an open one
  CachedDirectory* at = nullptr;
  for (std::uint32_t up = directory;; up = numbers_.parent(up)) {
    if ((at = find_cached(view, up)) != nullptr) break;
    closed.push_back(up);
    if (numbers_.parent(up) == DirectoryNumbers::kNone) break;
  }
  for (auto down = closed.rbegin(); down != closed.rend(); ++down) {
    const bool is_root = numbers_.parent(*down) == DirectoryNumbers::kNone;
    const std::string name = is_root ? snapshot->path() : numbers_.name(*down);
    // The path of the snapshot itself may be a link of /proc to a mount.
    platform::Fd fd =
        is_root ? open_directory_at(AT_FDCWD, name.c_str(), text(view, *down), 0)
                : open_directory_at(at->descriptor->fd.get(), name.c_str(), text(view, *down));
    if (is_root) views_[view].device = device_of(look_at(fd.get(), views_[view].name));
    at = &cache(view, *down,
                std::make_shared<OpenedDirectory>(OpenedDirectory{snapshot, std::move(fd)}));
  }
  return *at;
}

LiveObjects::Descriptor LiveObjects::open_directory(std::uint32_t view, std::uint32_t directory) {
  const std::lock_guard lock(mutex_);
  if (!numbers_.contains(directory)) {
    throw Error(ErrorKind::NotFound, "a directory that was never listed; list it again");
  }
  return cached(view, directory).descriptor;
}

std::uint64_t LiveObjects::own_device(std::uint32_t view) {
  const std::lock_guard lock(mutex_);
  return views_[view].device;
}

// A mount point or a subvolume below the snapshot is not part of it.
bool LiveObjects::is_foreign(std::uint32_t view, const OpenedDirectory& directory) {
  return device_of(look_at(directory.fd.get(), "a directory")) != own_device(view);
}

LiveObjects::Listing LiveObjects::list(const LiveTreeId& id, const OpenedDirectory& directory) {
  {
    const std::lock_guard lock(mutex_);
    const CachedDirectory* known = find_cached(id.view, id.directory);
    if (known != nullptr && known->listing) return known->listing;
  }
  const std::string subject = describe(id.view, id.directory);
  // A descriptor of its own, whose place others do not move.
  const platform::Fd own = open_directory_at(directory.fd.get(), ".", subject);
  DirectoryListing& spare = spare_listing();
  spare.read(own.get(), subject);
  if (spare.size() <= kLeafEntries) {
    return {Listing(), &spare};
  }
  auto listing = std::make_shared<const DirectoryListing>(std::exchange(spare, {}));
  const std::lock_guard lock(mutex_);
  std::size_t kept = 0;
  for (auto& each : directories_) {
    if (each.listing && ++kept >= 4) each.listing = nullptr;
  }
  cached(id.view, id.directory).listing = listing;
  return listing;
}

Bytes LiveObjects::tree(const LiveTreeId& id) {
  const Descriptor directory = open_directory(id.view, id.directory);
  if (is_foreign(id.view, *directory)) return empty_leaf();
  const Listing names = list(id, *directory);
  LiveTreeId part = id;
  if (part.count == LiveTreeId::kAll) part.count = static_cast<std::uint32_t>(names->size());
  if (part.first > names->size() || part.count > names->size() - part.first) {
    throw Error(ErrorKind::Unavailable, describe(id.view, id.directory) +
                                            ": changed while it was read; a snapshot must "
                                            "be read-only");
  }
  if (part.count > kLeafEntries) return inner(part, *names, part.count);
  return leaf(part, *directory, *names);
}

Bytes LiveObjects::leaf(const LiveTreeId& id, const OpenedDirectory& directory,
                        const DirectoryListing& names) {
  Bytes bytes = empty_leaf();
  for (std::size_t i = id.first; i < id.first + id.count; ++i) {
    encode_entry(entry(id, directory.fd.get(), names[i]), bytes);
  }
  if (bytes.size() > kMaxObjectSize) {
    throw Error(ErrorKind::Unsupported, describe(id.view, id.directory) +
                                            ": its files have too many extended attributes to be "
                                            "shown");
  }
  return bytes;
}

Entry LiveObjects::entry(const LiveTreeId& id, int directory, const DirectoryListing::Name& name) {
  const auto subject = [&] { return joined(describe(id.view, id.directory), name.view()); };
  try {
    const struct statx stat = look_at(directory, name.text, 0, name.view());
    Entry entry = entry_from_statx(stat, name.view());
    entry.xattrs = read_xattrs_at(directory, name.text, name.view());
    // Snapshots of one volume have devices of their own, which mean nothing.
    if (entry.link_device && *entry.link_device == own_device(id.view)) entry.link_device = 0;
    if (entry.type == EntryType::Symlink) {
      entry.target = read_symlink_at(directory, name.text, name.view());
    } else if (entry.type == EntryType::Directory) {
      const std::lock_guard lock(mutex_);
      entry.tree = LiveTreeId{id.view, numbers_.number(id.directory, name.view())}.encode();
    } else if (entry.type == EntryType::File && entry.size > 0) {
      const std::uint64_t version = version_of(stat, id.directory);
      entry.content =
          live_content({.directory = id.directory, .inode = entry.inode, .version = version},
                       entry.size, stat.stx_blocks * 512 < entry.size);
      remember(version, id.view, name.view());
    }
    return entry;
  } catch (Error& error) {
    error.add_context(subject());
    throw;
  }
}

// Files.

void LiveObjects::remember(std::uint64_t version, std::uint32_t view, std::string_view name) {
  const std::lock_guard lock(mutex_);
  const auto found = files_by_version_.find(version);
  if (found != files_by_version_.end()) {
    found->second->place = {view, std::string(name)};
    files_.splice(files_.begin(), files_, found->second);
    return;
  }
  files_.push_front({version, {view, std::string(name)}});
  files_by_version_.emplace(version, files_.begin());
  if (files_.size() <= kMaxFiles) return;
  files_by_version_.erase(files_.back().version);
  files_.pop_back();
}

std::optional<LiveObjects::Place> LiveObjects::recall(std::uint64_t version) {
  const std::lock_guard lock(mutex_);
  const auto found = files_by_version_.find(version);
  if (found == files_by_version_.end()) return std::nullopt;
  return found->second->place;
}

// Those that are open first, then the newest.
std::vector<std::uint32_t> LiveObjects::views_of(std::uint32_t directory) {
  const std::uint32_t root = numbers_.root_of(directory);
  std::vector<std::uint32_t> open, closed;
  for (auto number = static_cast<std::uint32_t>(views_.size()); number-- > 0;) {
    if (views_[number].root != root) continue;
    (views_[number].snapshot ? open : closed).push_back(number);
  }
  open.insert(open.end(), closed.begin(), closed.end());
  return open;
}

std::optional<std::string> LiveObjects::name_of(const LiveDataId& id, std::uint32_t view) {
  const Descriptor directory = open_directory(view, id.directory);
  DirectoryListing& names = spare_listing();
  const platform::Fd own = open_directory_at(directory->fd.get(), ".", "a directory");
  names.read(own.get(), "a directory");
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i].type != DT_REG && names[i].type != DT_UNKNOWN) continue;
    struct statx stat;
    constexpr int kFlags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
    if (::statx(own.get(), names[i].text, kFlags, STATX_INO, &stat) == 0 &&
        stat.stx_ino == id.inode) {
      return std::string(names[i].view());
    }
  }
  return std::nullopt;
}

std::optional<LiveObjects::OpenFile> LiveObjects::open_file_at(const LiveDataId& id,
                                                               const Place& place) {
  const Descriptor directory = open_directory(place.view, id.directory);
  constexpr int kFlags = O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK | O_CLOEXEC;
  int fd = ::openat(directory->fd.get(), place.name.c_str(), kFlags | O_NOATIME);
  if (fd < 0 && errno == EPERM) fd = ::openat(directory->fd.get(), place.name.c_str(), kFlags);
  const auto subject = [&] { return joined(describe(place.view, id.directory), place.name); };
  if (fd < 0 && (errno == ENOENT || errno == ELOOP)) return std::nullopt;
  if (fd < 0) throw system_error(errno, "open", subject());
  OpenFile file{platform::Fd(fd), 0};
  const struct statx stat = look_at(fd, subject());
  if (!S_ISREG(stat.stx_mode) || version_of(stat, id.directory) != id.version) return std::nullopt;
  file.size = stat.stx_size;
  return file;
}

LiveObjects::OpenFile LiveObjects::open_file(const LiveDataId& id) {
  if (const auto place = recall(id.version)) {
    if (auto file = open_file_at(id, *place)) return *std::move(file);
  }
  std::vector<std::uint32_t> views;
  {
    const std::lock_guard lock(mutex_);
    if (numbers_.contains(id.directory)) views = views_of(id.directory);
  }
  for (const std::uint32_t view : views) {
    try {
      const auto name = name_of(id, view);
      if (!name) continue;
      if (auto file = open_file_at(id, {view, *name})) {
        remember(id.version, view, *name);
        return *std::move(file);
      }
    } catch (const Error& error) {
      // This snapshot does not have the directory, or is gone itself.
      if (error.kind() != ErrorKind::NotFound) throw;
    }
  }
  throw Error(ErrorKind::NotFound,
              "inode " + std::to_string(id.inode) + ": is in no snapshot any more; list it again");
}

Bytes LiveObjects::list_object(const LiveDataId& id) {
  const OpenFile file = open_file(id);
  return encode_list(live_list(id, file.fd.get(), file.size));
}

Bytes LiveObjects::data(const LiveDataId& id) {
  const OpenFile file = open_file(id);
  const std::uint64_t left = file.size - std::min(file.size, id.offset);
  Bytes bytes(std::min<std::uint64_t>(left, id.units * LiveDataId::kUnit));
  const std::size_t got = platform::pread_up_to(file.fd.get(), bytes.data(), bytes.size(),
                                                id.offset, "a file of a snapshot");
  if (got < bytes.size()) {
    throw Error(ErrorKind::Unavailable,
                "a file of a snapshot ended early; a snapshot must be "
                "read-only");
  }
  return bytes;
}

}  // namespace snapferry::tree
