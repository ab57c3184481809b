#include "repository/reachability.h"

#include "core/error.h"
#include "core/tree_node.h"

namespace snapferry::repository {

Reachability::Reachability(std::shared_ptr<const IndexTable> table, ObjectSource& source,
                           Missing missing)
    : table_(std::move(table)), source_(source), missing_(std::move(missing)) {
  marked_.resize(table_->size());
}

bool Reachability::visit(ObjectKind kind, const ObjectId& id) {
  const auto ordinal = table_->ordinal(kind, id);
  if (!ordinal) {
    missing_(kind, id, Error(ErrorKind::NotFound, "is not in the index"));
    return false;
  }
  if (marked_[*ordinal]) return false;
  marked_[*ordinal] = true;
  return true;
}

void Reachability::push_content(const Content& content) {
  for (const ContentRun& run : content.runs) {
    if (!run.id) continue;
    if (content.depth == 0) {
      visit(ObjectKind::Data, *run.id);
    } else if (visit(ObjectKind::List, *run.id)) {
      stack_.push_back({ObjectKind::List, *run.id});
    }
  }
}

void Reachability::mark(const Snapshot& snapshot, const Cancellation* cancellation,
                        Progress* progress) {
  push_content(snapshot.root.content);
  if (snapshot.root.has_tree() && visit(ObjectKind::Tree, snapshot.root.tree)) {
    stack_.push_back({ObjectKind::Tree, snapshot.root.tree});
  }
  while (!stack_.empty()) {
    if (cancellation != nullptr) cancellation->check();
    const Node node = stack_.back();
    stack_.pop_back();
    try {
      expand(node);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Corrupt && error.kind() != ErrorKind::NotFound) throw;
      missing_(node.kind, node.id, error);
    }
    if (progress != nullptr) progress->files.fetch_add(1, std::memory_order_relaxed);
  }
}

void Reachability::expand(const Node& node) {
  const Bytes bytes = source_.get(node.kind, node.id);
  if (node.kind == ObjectKind::List) {
    push_content(decode_list(bytes));
    return;
  }
  const TreeNode tree = TreeNode::parse(bytes);
  for (const TreeNode::Child& child : tree.children) {
    if (visit(ObjectKind::Tree, child.id)) stack_.push_back({ObjectKind::Tree, child.id});
  }
  for (const TreeNode::Item& item : tree.items) {
    const auto type = static_cast<EntryType>(item.fixed().type);
    if (type == EntryType::File) push_content(decode_entry(item.bytes).content);
    const std::optional<ObjectId> subtree = item.tree();
    if (subtree && visit(ObjectKind::Tree, *subtree)) {
      stack_.push_back({ObjectKind::Tree, *subtree});
    }
  }
}

}  // namespace snapferry::repository
