#include "testing/file_tree.h"

#include <algorithm>
#include <utility>

#include <unistd.h>

#include "core/tree_node.h"

namespace snapferry::testing {

Node::Node(EntryType type, std::string name) {
  entry.type = type;
  entry.name = std::move(name);
  entry.mode = type == EntryType::Directory ? 0755 : type == EntryType::Symlink ? 0777 : 0644;
  entry.uid = ::geteuid();
  entry.gid = ::getegid();
  entry.mtime = {1'000'000'000, 500'000'000};
}

Node& Node::mode(std::uint32_t mode) {
  entry.mode = mode;
  return *this;
}

Node& Node::owner(std::uint32_t uid, std::uint32_t gid) {
  entry.uid = uid;
  entry.gid = gid;
  return *this;
}

Node& Node::mtime(std::int64_t seconds, std::uint32_t nanoseconds) {
  entry.mtime = {seconds, nanoseconds};
  return *this;
}

Node& Node::xattr(std::string name, std::string_view value) {
  const ByteView bytes = as_bytes(value);
  entry.xattrs.push_back({std::move(name), Bytes(bytes.begin(), bytes.end())});
  std::sort(entry.xattrs.begin(), entry.xattrs.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return *this;
}

Node& Node::link(std::uint64_t inode) {
  entry.link_device = 1;
  entry.inode = inode;
  return *this;
}

Node& Node::device(std::uint64_t device) {
  entry.device = device;
  return *this;
}

Node& Node::data(std::string_view bytes) {
  if (!bytes.empty()) pieces_.push_back({false, bytes.size(), std::string(bytes)});
  return *this;
}

Node& Node::unsettled() {
  entry.unsettled = true;
  return *this;
}

Node& Node::left_out(LeftOut reason) {
  entry.left_out = reason;
  return *this;
}

Node& Node::name_only(LeftOut reason) {
  Entry bare;
  bare.type = entry.type;
  bare.name = entry.name;
  bare.left_out = reason;
  bare.name_only = true;
  entry = bare;
  return *this;
}

Node& Node::hole(std::uint64_t length) {
  pieces_.push_back({true, length, {}});
  return *this;
}

Node& Node::nested(std::uint8_t depth) {
  depth_ = depth;
  return *this;
}

Node file(std::string name, std::string_view text) {
  return Node(EntryType::File, std::move(name)).data(text);
}

Node symlink(std::string name, std::string target) {
  Node node(EntryType::Symlink, std::move(name));
  node.entry.target = std::move(target);
  return node;
}

Node directory(std::string name, std::vector<Node> children) {
  Node node(EntryType::Directory, std::move(name));
  node.children_ = std::move(children);
  return node;
}

namespace {

Content one_level_up(const Content& content, ObjectSink& sink) {
  Content above;
  above.depth = static_cast<std::uint8_t>(content.depth + 1);
  for (std::size_t i = 0; i < content.runs.size(); i += 2) {
    Content list;
    list.depth = content.depth;
    std::uint64_t length = 0;
    for (std::size_t j = i; j < std::min(i + 2, content.runs.size()); ++j) {
      list.runs.push_back(content.runs[j]);
      length += content.runs[j].length;
    }
    above.runs.push_back({length, sink.put(ObjectKind::List, encode_list(list))});
  }
  return above;
}

}  // namespace

Entry store(const Node& node, ObjectSink& sink) {
  Entry entry = node.entry;
  if (entry.left_out != LeftOut::None) return entry;
  for (const auto& piece : node.pieces_) {
    ContentRun run{piece.length, std::nullopt};
    if (!piece.is_hole) run.id = sink.put(ObjectKind::Data, as_bytes(piece.bytes));
    entry.content.runs.push_back(run);
    entry.size += piece.length;
  }
  for (int i = 0; i < node.depth_; ++i) entry.content = one_level_up(entry.content, sink);
  if (entry.type != EntryType::Directory) return entry;
  std::vector<Entry> children;
  for (const Node& child : node.children_) children.push_back(store(child, sink));
  std::sort(children.begin(), children.end(),
            [](const Entry& a, const Entry& b) { return a.name < b.name; });
  Bytes leaf{1};
  for (const Entry& child : children) encode_entry(child, leaf);
  entry.tree = sink.put(ObjectKind::Tree, leaf);
  return entry;
}

Snapshot snapshot_of(const Node& root, ObjectSink& sink) {
  Snapshot snapshot;
  snapshot.volume = {"host", "/volume"};
  snapshot.root = store(root, sink);
  snapshot.root.name.clear();
  return snapshot;
}

}  // namespace snapferry::testing
