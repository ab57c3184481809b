#include "view/live_objects.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "core/tree_node.h"
#include "view/live_content.h"

namespace snapferry::view {
namespace {

constexpr std::size_t kLeafEntries = SnapshotView::kFilesInPart;
constexpr std::size_t kInnerChildren = 512;
constexpr std::size_t kMaxFiles = 1 << 16;

// How many entries each child of the node holds that begins at `first`, where there are `count`.
std::size_t child_span(std::size_t count) {
  std::size_t span = kLeafEntries;
  while (count > span * kInnerChildren) span *= kInnerChildren;
  return span;
}

Bytes inner(const LiveTreeId& id, const std::vector<std::string>& part_names) {
  const std::size_t span = child_span(id.count);
  std::uint8_t height = 1;
  for (std::size_t s = kLeafEntries; s < span; s *= kInnerChildren) ++height;
  std::vector<TreeNode::Child> children;
  for (std::size_t at = id.first; at < id.first + id.count; at += span) {
    const LiveTreeId child{id.view, id.directory, static_cast<std::uint32_t>(at),
                           static_cast<std::uint32_t>(std::min(span, id.first + id.count - at))};
    children.push_back({part_names.at(at / kLeafEntries), child.encode()});
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
    views_.push_back({volume + "@" + snapshot, root->second, std::move(opener), nullptr});
  }
  return LiveTreeId{known->second, root->second}.encode();
}

Entry LiveObjects::root(const ObjectId& tree) {
  const LiveTreeId id = LiveTreeId::decode(tree);
  Entry entry = open(id.view, id.directory).snapshot->root();
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

// Snapshots.

LiveObjects::View& LiveObjects::view_at(std::uint32_t number) {
  if (number >= views_.size()) {
    throw Error(ErrorKind::NotFound, "a snapshot that was never listed; list it again");
  }
  return views_[number];
}

const LiveObjects::SharedView& LiveObjects::open_view(std::uint32_t number) {
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
    views_[open_views_.back()].snapshot = nullptr;
    open_views_.pop_back();
  }
}

LiveObjects::Place LiveObjects::open(std::uint32_t view, std::uint32_t directory) {
  const std::lock_guard lock(mutex_);
  if (!numbers_.contains(directory)) {
    throw Error(ErrorKind::NotFound, "a directory that was never listed; list it again");
  }
  return {open_view(view), numbers_.path(directory)};
}

std::string LiveObjects::describe(std::uint32_t view, std::uint32_t directory) {
  const std::lock_guard lock(mutex_);
  const std::string path = numbers_.path(directory);
  const std::string& name = views_[view].name;
  return path.empty() ? name : name + ": " + path;
}

// Directories.

Bytes LiveObjects::tree(const LiveTreeId& id) {
  const Place place = open(id.view, id.directory);
  const bool whole = id.count == LiveTreeId::kAll;
  const bool one_part = !whole && id.count <= kLeafEntries;
  DirectoryPart part = place.snapshot->list(place.path, one_part ? id.first : 0);
  LiveTreeId node = id;
  if (whole) node.count = part.total;
  const bool there = node.first <= part.total && node.count <= part.total - node.first;
  if (!there || (one_part && part.files.size() != node.count)) {
    throw Error(ErrorKind::Unavailable, describe(id.view, id.directory) +
                                            ": changed while it was read; a snapshot must "
                                            "be read-only");
  }
  if (node.count > kLeafEntries) return inner(node, part.part_names);
  return leaf(node, std::move(part));
}

Bytes LiveObjects::leaf(const LiveTreeId& id, DirectoryPart part) {
  Bytes bytes = empty_leaf();
  for (ViewedFile& file : part.files) encode_entry(entry(id, std::move(file)), bytes);
  if (bytes.size() > kMaxObjectSize) {
    throw Error(ErrorKind::Unsupported, describe(id.view, id.directory) +
                                            ": its files have too many extended attributes to be "
                                            "shown");
  }
  return bytes;
}

Entry LiveObjects::entry(const LiveTreeId& id, ViewedFile file) {
  Entry entry = std::move(file.entry);
  if (entry.type == EntryType::Directory) {
    const std::lock_guard lock(mutex_);
    entry.tree = LiveTreeId{id.view, numbers_.number(id.directory, entry.name)}.encode();
  } else if (entry.type == EntryType::File && entry.size > 0) {
    const std::uint64_t version = version_in(id.directory, file.version);
    entry.content =
        live_content({.directory = id.directory, .inode = entry.inode, .version = version},
                     entry.size, file.sparse);
    remember(version, {id.view, entry.name, file.version, entry.size});
  }
  return entry;
}

// Files.

void LiveObjects::remember(std::uint64_t version, const Sighting& seen) {
  const std::lock_guard lock(mutex_);
  const auto found = files_by_version_.find(version);
  if (found != files_by_version_.end()) {
    found->second->seen = seen;
    files_.splice(files_.begin(), files_, found->second);
    return;
  }
  files_.push_front({version, seen});
  files_by_version_.emplace(version, files_.begin());
  if (files_.size() <= kMaxFiles) return;
  files_by_version_.erase(files_.back().version);
  files_.pop_back();
}

std::optional<LiveObjects::Sighting> LiveObjects::recall(std::uint64_t version) {
  const std::lock_guard lock(mutex_);
  const auto found = files_by_version_.find(version);
  if (found == files_by_version_.end()) return std::nullopt;
  return found->second->seen;
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

std::optional<LiveObjects::Sighting> LiveObjects::look_for(const LiveDataId& id,
                                                           std::uint32_t view) {
  const Place place = open(view, id.directory);
  std::uint32_t first = 0;
  while (true) {
    const DirectoryPart part = place.snapshot->list(place.path, first);
    for (const ViewedFile& file : part.files) {
      if (file.entry.type != EntryType::File || file.entry.inode != id.inode) continue;
      if (version_in(id.directory, file.version) != id.version) continue;
      return Sighting{view, file.entry.name, file.version, file.entry.size};
    }
    if (part.files.empty() || part.total - first <= kLeafEntries) return std::nullopt;
    first += kLeafEntries;
  }
}

// `use(snapshot, range, size)`, with a range that names the file, where the file is seen.
template <typename Use>
Bytes LiveObjects::use_file(const LiveDataId& id, const Use& use) {
  const auto use_at = [&](const Sighting& seen) {
    Place place = open(seen.view, id.directory);
    FileRange range;
    range.directory = std::move(place.path);
    range.name = seen.name;
    range.version = seen.version;
    return use(*place.snapshot, std::move(range), seen.size);
  };
  if (const auto seen = recall(id.version)) {
    try {
      return use_at(*seen);
    } catch (const Error& error) {
      // The snapshot is gone; another one may have the same file.
      if (error.kind() != ErrorKind::NotFound) throw;
    }
  }
  std::vector<std::uint32_t> views;
  {
    const std::lock_guard lock(mutex_);
    if (numbers_.contains(id.directory)) views = views_of(id.directory);
  }
  for (const std::uint32_t view : views) {
    try {
      const auto seen = look_for(id, view);
      if (!seen) continue;
      Bytes bytes = use_at(*seen);
      remember(id.version, *seen);
      return bytes;
    } catch (const Error& error) {
      // This snapshot does not have the directory, or is gone itself.
      if (error.kind() != ErrorKind::NotFound) throw;
    }
  }
  throw Error(ErrorKind::NotFound,
              "inode " + std::to_string(id.inode) + ": is in no snapshot any more; list it again");
}

Bytes LiveObjects::list_object(const LiveDataId& id) {
  return use_file(id, [&](SnapshotView& snapshot, FileRange range, std::uint64_t size) {
    const DataRange covered = range_of_list(id, size);
    std::vector<DataRange> data;
    if (id.level == 1) {
      range.offset = covered.begin;
      range.length = covered.end - covered.begin;
      data = snapshot.data_in(range);
    }
    return encode_list(live_list(id, size, data));
  });
}

Bytes LiveObjects::data(const LiveDataId& id) {
  return use_file(id, [&](SnapshotView& snapshot, FileRange range, std::uint64_t) {
    range.offset = id.offset;
    range.length = id.units * LiveDataId::kUnit;
    return snapshot.read(range);
  });
}

}  // namespace snapferry::view
