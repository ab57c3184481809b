#include "testing/tree_builder.h"

#include <string_view>
#include <utility>

#include "core/tree_node.h"

namespace snapferry::testing {
namespace {

// A path of the notation: what the last part is, and what is below it.
struct Node {
  Entry entry;
  std::map<std::string, Node> children;
};

class Builder {
 public:
  Builder(ObjectSink& sink, const TreeOptions& options) : sink_(sink), options_(options) {
    make_directory(root_.entry);
  }

  void add(const std::string& line) {
    const std::size_t end = line.find_first_of("=>");
    const bool link = end != std::string::npos && line[end] == '>';
    Node& node = place(line.substr(0, link ? end - 1 : end));
    if (end == std::string::npos) return;
    node.entry.type = link ? EntryType::Symlink : EntryType::File;
    node.entry.mode = link ? 0777 : 0644;
    const std::string text = line.substr(end + 1);
    if (link) {
      node.entry.target = text;
      return;
    }
    node.entry.size = text.size();
    if (text.empty()) return;
    node.entry.content.runs = {{text.size(), sink_.put(ObjectKind::Data, as_bytes(text))}};
  }

  Entry build() { return store(root_, ""); }

 private:
  static void make_directory(Entry& entry) {
    entry.type = EntryType::Directory;
    entry.mode = 0755;
  }

  // The node of `path`; itself and those on the way are directories unless they exist.
  Node& place(std::string_view path) {
    Node* node = &root_;
    while (!path.empty()) {
      const std::string part(path.substr(0, path.find('/')));
      path.remove_prefix(std::min(path.size(), part.size() + 1));
      const auto [child, added] = node->children.try_emplace(part);
      node = &child->second;
      if (!added) continue;
      node->entry.name = part;
      make_directory(node->entry);
    }
    return *node;
  }

  Entry store(Node& node, const std::string& path) {
    std::vector<Entry> entries;
    for (auto& [name, child] : node.children) {
      entries.push_back(store(child, path.empty() ? name : path + "/" + name));
    }
    if (node.entry.type == EntryType::Directory) node.entry.tree = store_directory(entries);
    if (const auto edit = options_.edits.find(path); edit != options_.edits.end()) {
      edit->second(node.entry);
    }
    return node.entry;
  }

  bool ends_node(std::string_view name, unsigned level) const {
    std::uint64_t hash = 1469598103934665603u + level;
    for (char c : name) hash = (hash ^ static_cast<std::uint8_t>(c)) * 1099511628211u;
    return (hash >> 20) % options_.names_per_node == 0;
  }

  ObjectId store_directory(const std::vector<Entry>& entries) {
    std::vector<std::pair<std::string, ObjectId>> nodes;
    Bytes leaf{1};
    std::string first;
    for (const Entry& entry : entries) {
      if (leaf.size() == 1) first = entry.name;
      encode_entry(entry, leaf);
      if (!ends_node(entry.name, 0) && &entry != &entries.back()) continue;
      nodes.emplace_back(first, sink_.put(ObjectKind::Tree, leaf));
      leaf.resize(1);
    }
    if (nodes.empty()) return sink_.put(ObjectKind::Tree, leaf);
    for (std::uint8_t height = 1; nodes.size() > 1; ++height) nodes = store_level(nodes, height);
    return nodes.front().second;
  }

  std::vector<std::pair<std::string, ObjectId>> store_level(
      const std::vector<std::pair<std::string, ObjectId>>& nodes, std::uint8_t height) {
    std::vector<std::pair<std::string, ObjectId>> parents;
    std::vector<TreeNode::Child> children;
    for (const auto& node : nodes) {
      children.push_back({node.first, node.second});
      // The last height takes all, so that the tree is never higher than it may be.
      const bool ends = height < 16 && children.size() > 1 && ends_node(node.first, height);
      if (!ends && &node != &nodes.back()) continue;
      parents.emplace_back(children.front().first_name,
                           sink_.put(ObjectKind::Tree, encode_inner(height, children)));
      children.clear();
    }
    return parents;
  }

  ObjectSink& sink_;
  const TreeOptions& options_;
  Node root_;
};

}  // namespace

Entry build_tree(ObjectSink& sink, const std::vector<std::string>& paths,
                 const TreeOptions& options) {
  Builder builder(sink, options);
  for (const std::string& path : paths) builder.add(path);
  return builder.build();
}

}  // namespace snapferry::testing
