#include "tree/backup/view_files.h"

#include <algorithm>
#include <cerrno>
#include <optional>

#include <dirent.h>
#include <sys/sysmacros.h>

#include "tree/directory_kinds.h"

namespace snapferry::tree {
namespace {

// BTRFS_EMPTY_SUBVOL_DIR_OBJECTID, linux/btrfs_tree.h: what a snapshot has in the place of a
// subvolume. No other filesystem that makes snapshots gives a directory this number.
constexpr std::uint64_t kSubvolumeStub = 2;

// What is not there any more is known by its errno, which does not cross a connection.
template <typename Call>
auto asked(std::string_view action, std::string_view name, const Call& call) {
  try {
    return call();
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::NotFound) throw system_error(ENOENT, action, name);
    if (error.system_error() != 0) throw system_error(error.system_error(), action, name);
    throw;
  }
}

std::uint32_t format_bits(EntryType type) {
  switch (type) {
    case EntryType::File:
      return S_IFREG;
    case EntryType::Directory:
      return S_IFDIR;
    case EntryType::Symlink:
      return S_IFLNK;
    case EntryType::Fifo:
      return S_IFIFO;
    case EntryType::Socket:
      return S_IFSOCK;
    case EntryType::CharacterDevice:
      return S_IFCHR;
    case EntryType::BlockDevice:
      return S_IFBLK;
  }
  return S_IFREG;
}

struct statx_timestamp statx_time(Timestamp time) {
  struct statx_timestamp out {};
  out.tv_sec = time.seconds;
  out.tv_nsec = time.nanoseconds;
  return out;
}

// What platform::entry_from_statx makes the same entry of.
struct statx statx_of(const ViewedFile& file) {
  const Entry& entry = file.entry;
  struct statx stat {};
  stat.stx_mask = STATX_BASIC_STATS;
  stat.stx_mode = static_cast<std::uint16_t>(format_bits(entry.type) | entry.mode);
  stat.stx_nlink = entry.link_device ? 2 : 1;
  stat.stx_uid = entry.uid;
  stat.stx_gid = entry.gid;
  stat.stx_mtime = statx_time(entry.mtime);
  stat.stx_ctime = statx_time(entry.ctime);
  stat.stx_ino = entry.inode;
  stat.stx_size = entry.size;
  stat.stx_blocks = file.sparse ? 0 : entry.size / 512 + 1;
  stat.stx_dev_major = major(entry.link_device.value_or(0));
  stat.stx_dev_minor = minor(entry.link_device.value_or(0));
  stat.stx_rdev_major = major(entry.device);
  stat.stx_rdev_minor = minor(entry.device);
  stat.stx_attributes_mask = STATX_ATTR_MOUNT_ROOT;
  stat.stx_attributes = entry.mount_point ? STATX_ATTR_MOUNT_ROOT : 0;
  return stat;
}

FileMetadata metadata_of(const Entry& entry) {
  FileMetadata metadata;
  metadata.xattrs = entry.xattrs;
  if (entry.unsettled) metadata.xattrs_problem = "where the snapshot is";
  return metadata;
}

// Some entries of a directory of the view at a time; of what is above the root, the root.
class ViewListing {
 public:
  // `path` is that of the directory in the view; nullopt: above the root.
  ViewListing(SnapshotView& view, const std::optional<std::string>& path, std::string name)
      : view_(view), path_(path), name_(std::move(name)) {}

  const std::optional<std::string>& path() const { return path_; }

  void list(platform::DirectoryListing& names) {
    names.clear();
    forget();
    load(0);
    std::uint32_t next = 0;
    for (;;) {
      for (const ViewedFile& file : files_) {
        const bool ascends = names.size() == 0 || names[names.size() - 1].view() < file.entry.name;
        if (!ascends) throw changed();
        names.append(file.entry.name, IFTODT(format_bits(file.entry.type)));
      }
      next += SnapshotView::kFilesInPart;
      if (next >= total_) break;
      load(next);
    }
    if (names.size() != total_) throw changed();
  }

  // ENOENT if it is not there.
  const ViewedFile& find(std::string_view name) {
    if (!path_) {
      if (files_.empty()) load(0);
      return files_.front();
    }
    if (total_ == 0) load(0);
    if (const ViewedFile* file = find_here(name)) return *file;
    const std::uint32_t first = part_of(name);
    if (first != first_) {
      load(first);
      if (const ViewedFile* file = find_here(name)) return *file;
    }
    throw system_error(ENOENT, "look at", name);
  }

  // The same as it is by now.
  const ViewedFile& find_anew(std::string_view name) {
    forget();
    return find(name);
  }

  void forget() {
    files_ = {};
    part_names_ = {};
    total_ = 0;
    first_ = 0;
  }

 private:
  void load(std::uint32_t first) {
    asked("list the directory", name_, [&] {
      if (!path_) {
        files_.assign(1, ViewedFile{.entry = view_.root()});
        total_ = 1;
        return;
      }
      DirectoryPart part = view_.list(*path_, first);
      files_ = std::move(part.files);
      total_ = part.total;
      if (first == 0) part_names_ = std::move(part.part_names);
      first_ = first;
    });
  }

  const ViewedFile* find_here(std::string_view name) const {
    const auto found = std::ranges::lower_bound(
        files_, name, {},
        [](const ViewedFile& file) -> std::string_view { return file.entry.name; });
    return found != files_.end() && found->entry.name == name ? &*found : nullptr;
  }

  std::uint32_t part_of(std::string_view name) const {
    const auto after = std::ranges::upper_bound(
        part_names_, name, {}, [](const std::string& first) { return std::string_view(first); });
    const auto number = std::max<std::ptrdiff_t>(after - part_names_.begin(), 1) - 1;
    return static_cast<std::uint32_t>(number) * SnapshotView::kFilesInPart;
  }

  Error changed() const {
    return Error(ErrorKind::Unavailable, name_ + ": changed while it was listed");
  }

  SnapshotView& view_;
  const std::optional<std::string> path_;
  const std::string name_;
  std::vector<ViewedFile> files_;        // of the part that was asked for last
  std::vector<std::string> part_names_;  // of a directory with several parts
  std::uint32_t total_ = 0;
  std::uint32_t first_ = 0;  // the number of files_.front()
};

class ViewFile : public SourceFile {
 public:
  ViewFile(SnapshotView& view, ViewListing& listing, const ViewedFile& file)
      : view_(view), listing_(listing), file_(file) {}

  struct statx look() override {
    if (changed_) {
      file_ = listing_.find_anew(std::string(file_.entry.name));
      if (file_.entry.type != EntryType::File) throw system_error(ENOENT, "open", name());
      changed_ = false;
      data_.clear();
      known_ = {};
    }
    return statx_of(file_);
  }

  FileMetadata metadata() override { return metadata_of(file_.entry); }

  std::size_t read(std::uint8_t* buffer, std::size_t size, std::uint64_t offset) override {
    const std::uint64_t left = file_.entry.size - std::min(file_.entry.size, offset);
    const std::size_t wanted = std::min<std::uint64_t>(size, left);
    std::size_t done = 0;
    while (done < wanted) {
      const auto length = std::min<std::uint64_t>(wanted - done, SnapshotView::kMaxRead);
      const auto bytes = of_this_version([&] { return view_.read(range(offset + done, length)); });
      if (!bytes || bytes->empty() || bytes->size() > length) break;
      std::ranges::copy(*bytes, buffer + done);
      done += bytes->size();
    }
    return done;
  }

  DataSpan next_data(std::uint64_t offset, std::uint64_t end) override {
    while (offset < end) {
      if (offset < known_.begin || offset >= known_.end) {
        const auto length = std::min<std::uint64_t>(end - offset, SnapshotView::kMaxLookAt);
        auto data = of_this_version([&] { return view_.data_in(range(offset, length)); });
        if (!data) return {offset, end};  // reading it will end at once
        data_ = std::move(*data);
        known_ = {offset, offset + length};
      }
      for (const DataRange& range : data_) {
        if (range.end <= offset) continue;
        if (range.begin >= end) break;
        return {std::max(range.begin, offset), std::min(range.end, end)};
      }
      offset = known_.end;
    }
    return {end, end};
  }

 private:
  const std::string& name() const { return file_.entry.name; }

  FileRange range(std::uint64_t offset, std::uint64_t length) const {
    return {.directory = *listing_.path(),
            .name = file_.entry.name,
            .version = file_.version,
            .offset = offset,
            .length = length};
  }

  // nullopt once it is another file than look() told.
  template <typename Call>
  auto of_this_version(const Call& call) -> std::optional<decltype(call())> {
    if (changed_) return std::nullopt;
    try {
      return asked("read", name(), call);
    } catch (const Error& error) {
      if (error.system_error() != ENOENT) throw;
      changed_ = true;
      return std::nullopt;
    }
  }

  SnapshotView& view_;
  ViewListing& listing_;
  ViewedFile file_;
  bool changed_ = false;
  DataRange known_;              // of which data_ tells
  std::vector<DataRange> data_;  // in there
};

class ViewDirectory : public SourceDirectory {
 public:
  ViewDirectory(SnapshotView& view, const std::optional<std::string>& path, std::string name)
      : view_(view), listing_(view, path, std::move(name)) {}

  std::shared_ptr<SourceDirectory> open_directory(const std::string& name) override {
    // The root has the empty path, whatever it is called.
    const auto& path = listing_.path();
    return std::make_shared<ViewDirectory>(view_, path ? view_path(*path, name) : "", name);
  }
  // Nobody replaces a directory of a snapshot.
  std::pair<std::uint64_t, std::uint64_t> identity() override { return {0, 0}; }

  void list(platform::DirectoryListing& names) override { listing_.list(names); }
  void end_looking() override { listing_.forget(); }

  struct statx look(const char* name, Ask) override {
    return statx_of(listing_.find(name));
  }
  FileMetadata metadata(const char* name, const struct statx&) override {
    return metadata_of(listing_.find(name).entry);
  }
  std::string link_target(const char* name) override { return listing_.find(name).entry.target; }
  std::unique_ptr<SourceFile> open(const char* name) override {
    const ViewedFile& file = listing_.find(name);
    if (file.entry.type != EntryType::File) return nullptr;
    return std::make_unique<ViewFile>(view_, listing_, file);
  }
  // Those that make snapshots answer for what they hold.
  FilesystemTraits filesystem(const char*) override { return {.is_local = true}; }

  bool has_cache_tag(const platform::DirectoryListing& names) override {
    return names.find(kCacheTag) < names.size() && is_cache_tag(beginning_of(kCacheTag.data()));
  }
  bool is_own_store(const platform::DirectoryListing& names) override {
    const auto has = [&](std::string_view name) { return names.find(name) < names.size(); };
    return has("config") && has("keys") && is_config_of_repository(beginning_of("config"));
  }

  LeftOut reason_not_to_enter(const char* name, Boundary boundary, const BackupOptions&) override {
    if (boundary != Boundary::None) return LeftOut::OtherFilesystem;
    const bool is_stub = listing_.find(name).entry.inode == kSubvolumeStub;
    return is_stub ? LeftOut::NestedVolume : LeftOut::None;
  }

 private:
  // As much as tells what kind of file it is; nothing where that cannot be had.
  Bytes beginning_of(const char* name) {
    Bytes bytes(64);
    try {
      const auto file = open(name);
      bytes.resize(file ? file->read(bytes.data(), bytes.size(), 0) : 0);
    } catch (const Error&) {
      bytes.clear();
    }
    return bytes;
  }

  SnapshotView& view_;
  ViewListing listing_;
};

}  // namespace

std::shared_ptr<SourceDirectory> ViewFiles::above() {
  return std::make_shared<ViewDirectory>(view_, std::nullopt, name_);
}

bool ViewFiles::is_gone(const Error& error) {
  if (error.kind() != ErrorKind::Unavailable) return false;
  try {
    view_.root();
    return false;
  } catch (const Error&) {
    return true;
  }
}

}  // namespace snapferry::tree
