#include "repository/damaged_content.h"

#include "core/error.h"
#include "core/tree_node.h"

namespace snapferry::repository {

bool DamagedContent::content_is_whole(const Content& content) {
  for (const ContentRun& run : content.runs) {
    if (!run.id) continue;
    if (damaged_.contains(*run.id)) return false;
    if (content.depth == 0) continue;
    const Content list = decode_list(source_.get(ObjectKind::List, *run.id));
    if (list.depth >= content.depth) return false;
    if (!content_is_whole(list)) return false;
  }
  return true;
}

void DamagedContent::find(const Snapshot& snapshot, std::vector<AffectedPath>& affected) {
  if (!content_is_whole(snapshot.root.content)) {
    affected.push_back({snapshot.id, snapshot.volume, ".", snapshot.root.size});
  }
  if (!snapshot.root.has_tree()) return;
  std::vector<Directory> stack{{snapshot.root.tree, ""}};
  while (!stack.empty()) {
    const Directory directory = std::move(stack.back());
    stack.pop_back();
    if (directory.affected_before) {
      if (affected.size() == *directory.affected_before) whole_.insert(directory.tree);
    } else if (!whole_.contains(directory.tree)) {
      stack.push_back({directory.tree, directory.path, affected.size()});
      look_into(directory, snapshot, stack, affected);
    }
  }
}

void DamagedContent::look_into(const Directory& directory, const Snapshot& snapshot,
                               std::vector<Directory>& stack, std::vector<AffectedPath>& affected) {
  const auto report = [&](std::string path, std::uint64_t bytes = 0) {
    affected.push_back({snapshot.id, snapshot.volume, path.empty() ? "." : std::move(path), bytes});
  };
  if (damaged_.contains(directory.tree)) return report(directory.path);
  try {
    const Bytes bytes = source_.get(ObjectKind::Tree, directory.tree);
    const TreeNode node = TreeNode::parse(bytes);
    for (const TreeNode::Child& child : node.children) stack.push_back({child.id, directory.path});
    for (const TreeNode::Item& item : node.items) {
      const Entry entry = decode_entry(item.bytes);
      const std::string path =
          directory.path.empty() ? entry.name : directory.path + "/" + entry.name;
      if (entry.has_tree()) {
        stack.push_back({entry.tree, path});
      } else if (entry.type == EntryType::File && !content_is_whole(entry.content)) {
        report(path, entry.size);
      }
    }
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Corrupt && error.kind() != ErrorKind::NotFound) throw;
    return report(directory.path);
  }
}

}  // namespace snapferry::repository
