#include "repository/reachability.h"

#include "core/error.h"
#include "core/tree_node.h"

namespace snapferry::repository {
namespace {

using Visit = std::function<void(ObjectKind kind, const ObjectId& id)>;

void for_each_run(const Content& content, const Visit& visit) {
  for (const ContentRun& run : content.runs) {
    if (run.id) visit(content.depth == 0 ? ObjectKind::Data : ObjectKind::List, *run.id);
  }
}

}  // namespace

void for_each_reference(ObjectKind kind, ByteView bytes, const Visit& visit) {
  if (kind == ObjectKind::Data) return;
  if (kind == ObjectKind::List) return for_each_run(decode_list(bytes), visit);
  const TreeNode tree = TreeNode::parse(bytes);
  for (const TreeNode::Child& child : tree.children) visit(ObjectKind::Tree, child.id);
  for (const TreeNode::Item& item : tree.items) {
    const auto type = static_cast<EntryType>(item.fixed().type);
    if (type == EntryType::File) for_each_run(decode_entry(item.bytes).content, visit);
    if (const auto subtree = item.tree()) visit(ObjectKind::Tree, *subtree);
  }
}

Reachability::Reachability(std::shared_ptr<const IndexTable> table, ObjectSource& source,
                           Missing missing)
    : table_(std::move(table)), source_(source), missing_(std::move(missing)) {
  marked_.resize(table_->size());
}

void Reachability::visit(ObjectKind kind, const ObjectId& id) {
  const auto ordinal = table_->ordinal(kind, id);
  if (!ordinal) return missing_(kind, id, Error(ErrorKind::NotFound, "is not in the index"));
  if (marked_[*ordinal]) return;
  marked_[*ordinal] = true;
  if (kind != ObjectKind::Data) stack_.push_back({kind, id});
}

void Reachability::mark(const Snapshot& snapshot, const Cancellation* cancellation,
                        Progress* progress) {
  const auto see = [this](ObjectKind kind, const ObjectId& id) { visit(kind, id); };
  for_each_run(snapshot.root.content, see);
  if (snapshot.root.has_tree()) see(ObjectKind::Tree, snapshot.root.tree);
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
  for_each_reference(node.kind, source_.get(node.kind, node.id),
                     [this](ObjectKind kind, const ObjectId& id) { visit(kind, id); });
}

}  // namespace snapferry::repository
