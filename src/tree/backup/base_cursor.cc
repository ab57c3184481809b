#include "tree/backup/base_cursor.h"

namespace snapferry::tree {

template <typename Step>
void BaseCursor::guard(Step step) {
  try {
    step();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::NotFound && error.kind() != ErrorKind::Corrupt) throw;
    at_ = {};
    error_ = error;
  }
}

BaseCursor::BaseCursor(ObjectSource& source, const std::optional<ObjectId>& tree)
    : source_(source), tree_(tree) {
  if (!tree) return;
  guard([&] {
    descend(*tree, std::nullopt);
    if (leaf_.items.empty()) return;
    show(0);
  });
}

std::optional<BaseShape> BaseCursor::shape() const {
  if (!tree_ || error_) return std::nullopt;
  return BaseShape{*tree_, leaves_, leaves_ == 1 && leaf_.items.empty()};
}

void BaseCursor::descend(ObjectId id, std::optional<std::uint8_t> height) {
  for (;;) {
    Bytes bytes = source_.get(ObjectKind::Tree, id);
    TreeNode node = TreeNode::parse(bytes);
    // Heights that fall keep damaged trees from going round in circles.
    if (height && node.height != *height) {
      throw Error(ErrorKind::Corrupt, "tree " + id.short_hex() + ": has the wrong height");
    }
    if (node.is_leaf) {
      leaf_bytes_ = std::move(bytes);
      leaf_ = std::move(node);
      at_ = {nullptr, id, leaves_++, 0, leaf_.items.size(), leaf_bytes_.size()};
      return;
    }
    height = static_cast<std::uint8_t>(node.height - 1);
    id = node.children.front().id;
    path_.push_back({std::move(bytes), std::move(node), 1});
  }
}

void BaseCursor::show(std::size_t index) {
  at_.index = index;
  at_.item = &leaf_.items[index];
}

void BaseCursor::next_leaf() {
  while (!path_.empty()) {
    Inner& inner = path_.back();
    if (inner.next == inner.node.children.size()) {
      path_.pop_back();
      continue;
    }
    const ObjectId id = inner.node.children[inner.next++].id;
    descend(id, static_cast<std::uint8_t>(inner.node.height - 1));
    if (!leaf_.items.empty()) return show(0);
  }
  at_.item = nullptr;
}

void BaseCursor::advance() {
  if (at_.index + 1 < leaf_.items.size()) return show(at_.index + 1);
  guard([&] { next_leaf(); });
}

}  // namespace snapferry::tree
