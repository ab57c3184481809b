#include "mount/file_system.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <unistd.h>

#include "core/error.h"
#include "core/tree_cursor.h"
#include "mount/number.h"

namespace snapferry::mount {
namespace {

constexpr const char* kLatest = "latest";

std::string below(const std::string& path, const std::string& name) {
  return path.empty() ? name : path + "/" + name;
}

// Of the directory `name`, which is what `content` says, in the one of number `parent`.
Node layout_node(std::uint64_t parent, const std::string& name, const std::string& path,
                 const Layout::Directory& content) {
  Node node;
  node.kind = Node::Kind::Layout;
  node.path = path;
  node.number = number_of(parent, name);
  node.entry.type = EntryType::Directory;
  node.entry.name = name;
  node.entry.mode = 0555;
  node.entry.uid = ::geteuid();
  node.entry.gid = ::getegid();
  if (!content.latest.empty()) {
    node.entry.mtime = node.entry.ctime = content.snapshots.at(content.latest).time;
  }
  return node;
}

NodePointer child_node(const Node& parent, const std::string& name,
                       const Layout::Directory& content) {
  return std::make_shared<const Node>(
      layout_node(parent.number, name, below(parent.path, name), content));
}

NodePointer latest_node(const Node& directory, const std::string& target) {
  Node node = directory;
  node.kind = Node::Kind::Latest;
  node.number = number_of(directory.number, kLatest);
  node.entry.type = EntryType::Symlink;
  node.entry.name = kLatest;
  node.entry.mode = 0777;
  node.entry.target = target;
  return std::make_shared<const Node>(std::move(node));
}

NodePointer snapshot_node(const Node& directory, const std::string& name,
                          const Snapshot& snapshot) {
  Node node;
  node.kind = Node::Kind::Snapshot;
  node.number = number_of(directory.number, name);
  node.link_seed = node.number;
  node.entry = snapshot.root;
  node.entry.name = name;
  return std::make_shared<const Node>(std::move(node));
}

// Names of one file get one number: it depends on what the file was on its host.
std::uint64_t number_in(const Node& directory, const Entry& entry) {
  if (!entry.link_device) return number_of(directory.number, entry.name);
  std::uint64_t file[2] = {*entry.link_device, entry.inode};
  return number_of(directory.link_seed,
                   as_text({reinterpret_cast<const std::uint8_t*>(file), sizeof file}));
}

NodePointer entry_node(const Node& directory, Entry entry) {
  Node node;
  node.kind = Node::Kind::Snapshot;
  node.number = number_in(directory, entry);
  node.link_seed = directory.link_seed;
  node.entry = std::move(entry);
  return std::make_shared<const Node>(std::move(node));
}

class LayoutListing : public Listing {
 public:
  explicit LayoutListing(std::vector<NodePointer> nodes) : nodes_(std::move(nodes)) {}
  NodePointer peek() override { return position_ < nodes_.size() ? nodes_[position_] : nullptr; }
  void next() override { ++position_; }

 private:
  std::vector<NodePointer> nodes_;
  std::size_t position_ = 0;
};

// One leaf in memory at a time, however big the directory is.
class TreeListing : public Listing {
 public:
  TreeListing(ObjectSource& source, const Node& directory)
      : number_(directory.number),
        link_seed_(directory.link_seed),
        cursor_(source, directory.entry.tree) {}

  NodePointer peek() override {
    if (!node_ && cursor_.find_entry()) {
      Node directory;
      directory.number = number_;
      directory.link_seed = link_seed_;
      node_ = entry_node(directory, decode_entry(cursor_.item().bytes));
    }
    return node_;
  }
  void next() override {
    node_.reset();
    cursor_.next();
  }

 private:
  const std::uint64_t number_;
  const std::uint64_t link_seed_;
  TreeCursor cursor_;
  NodePointer node_;
};

mode_t type_bits(EntryType type) {
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

timespec as_timespec(Timestamp time) {
  return {static_cast<time_t>(time.seconds), static_cast<long>(time.nanoseconds)};
}

std::uint64_t bytes_without_holes(const Content& content) {
  std::uint64_t total = 0;
  for (const ContentRun& run : content.runs) total += run.id ? run.length : 0;
  return total;
}

}  // namespace

FileSystem::FileSystem(const std::vector<Snapshot>& snapshots, ObjectSource& source,
                       const MountOptions& options)
    : source_(source),
      reader_(source),
      options_(options),
      refreshed_(std::chrono::steady_clock::now()),
      layout_(std::make_shared<const Layout>(snapshots)) {}

NodePointer FileSystem::root() const {
  Node node = layout_node(0, "", "", {});
  node.number = 1;
  return std::make_shared<const Node>(std::move(node));
}

std::shared_ptr<const Layout> FileSystem::layout() {
  if (options_.refresh) refresh();
  const std::lock_guard lock(layout_mutex_);
  return layout_;
}

void FileSystem::refresh() {
  // Whoever comes while another refreshes takes the list that there is.
  const std::unique_lock lock(refresh_mutex_, std::try_to_lock);
  const auto now = std::chrono::steady_clock::now();
  if (!lock.owns_lock() || now - refreshed_ < options_.refresh_interval) return;
  try {
    auto fresh = std::make_shared<const Layout>(options_.refresh());
    const std::lock_guard layout_lock(layout_mutex_);
    layout_ = std::move(fresh);
  } catch (const Error& error) {
    if (options_.problems != nullptr) options_.problems->problem("", error.message());
  }
  refreshed_ = std::chrono::steady_clock::now();
}

NodePointer FileSystem::find(const Node& directory, std::string_view name) {
  if (directory.kind != Node::Kind::Snapshot) return find_in_layout(directory, std::string(name));
  if (!directory.entry.has_tree()) return nullptr;
  std::optional<Entry> entry = reader_.find(directory.entry.tree, name);
  return entry ? entry_node(directory, *std::move(entry)) : nullptr;
}

NodePointer FileSystem::find_in_layout(const Node& directory, const std::string& name) {
  const std::shared_ptr<const Layout> current = layout();
  const Layout::Directory* content = current->find(directory.path);
  if (directory.kind != Node::Kind::Layout || content == nullptr) return nullptr;
  const auto child = content->directories.find(name);
  if (child != content->directories.end()) return child_node(directory, name, child->second);
  if (name == kLatest && !content->latest.empty()) return latest_node(directory, content->latest);
  const auto snapshot = content->snapshots.find(name);
  if (snapshot == content->snapshots.end()) return nullptr;
  return snapshot_node(directory, name, snapshot->second);
}

std::unique_ptr<Listing> FileSystem::list(const Node& directory) {
  if (directory.kind == Node::Kind::Snapshot) {
    return std::make_unique<TreeListing>(source_, directory);
  }
  return std::make_unique<LayoutListing>(list_layout(directory));
}

std::vector<NodePointer> FileSystem::list_layout(const Node& directory) {
  const std::shared_ptr<const Layout> current = layout();
  std::vector<NodePointer> nodes;
  const Layout::Directory* content = current->find(directory.path);
  if (content == nullptr) return nodes;
  for (const auto& [name, child] : content->directories) {
    nodes.push_back(child_node(directory, name, child));
  }
  for (const auto& [name, snapshot] : content->snapshots) {
    nodes.push_back(snapshot_node(directory, name, snapshot));
  }
  if (!content->latest.empty()) nodes.push_back(latest_node(directory, content->latest));
  return nodes;
}

struct stat FileSystem::stat(const Node& node) const {
  const Entry& entry = node.entry;
  struct stat stat {};
  stat.st_ino = node.number;
  stat.st_mode = type_bits(entry.type) | entry.mode;
  stat.st_nlink = entry.link_device ? 2 : 1;
  stat.st_uid = entry.uid;
  stat.st_gid = entry.gid;
  stat.st_rdev = entry.device;
  const bool symlink = entry.type == EntryType::Symlink;
  stat.st_size = static_cast<off_t>(symlink ? entry.target.size() : entry.size);
  stat.st_blksize = 4096;
  stat.st_blocks = static_cast<blkcnt_t>((bytes_without_holes(entry.content) + 511) / 512);
  stat.st_mtim = as_timespec(entry.mtime);
  stat.st_ctim = as_timespec(entry.ctime);
  stat.st_atim = stat.st_mtim;
  return stat;
}

std::string FileSystem::read_link(const Node& node) {
  if (node.kind != Node::Kind::Latest) return node.entry.target;
  const std::shared_ptr<const Layout> current = layout();
  const Layout::Directory* directory = current->find(node.path);
  return directory == nullptr || directory->latest.empty() ? node.entry.target : directory->latest;
}

Bytes FileSystem::read(const Node& file, std::uint64_t offset, std::size_t length) const {
  return reader_.read(file.entry, offset, length);
}

std::optional<std::uint64_t> FileSystem::seek(const Node& file, std::uint64_t offset,
                                              bool hole) const {
  if (offset >= file.entry.size) return std::nullopt;
  std::optional<std::uint64_t> found;
  reader_.for_each_run(file.entry.content, [&](std::uint64_t start, const ContentRun& run) {
    const bool wanted = run.id.has_value() != hole;
    if (!found && wanted && start + run.length > offset) found = std::max(start, offset);
  });
  if (!found && hole) return file.entry.size;
  return found;
}

}  // namespace snapferry::mount
