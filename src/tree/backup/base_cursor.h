#pragma once

#include <optional>
#include <vector>

#include "core/error.h"
#include "core/object_store.h"
#include "core/tree_node.h"

namespace snapferry::tree {

// One entry of a directory of the base, and where in its leaves it stands.
struct BaseItem {
  const TreeNode::Item* item = nullptr;
  ObjectId leaf;
  std::size_t leaf_ordinal = 0;  // of the leaf in the directory
  std::size_t index = 0;         // of the entry in the leaf
  std::size_t leaf_count = 0;    // entries in the leaf
  std::size_t leaf_bytes = 0;
};

// A directory of the base as a whole.
struct BaseShape {
  ObjectId tree;
  std::size_t leaves = 0;
  bool empty = false;
};

// Goes through the entries of one directory of the base in order of names, one leaf at
// a time. A tree that the source no longer has, or that is damaged, ends the cursor
// early and sets `error`, because a base only saves work. One thread at a time;
// borrows the source.
class BaseCursor {
 public:
  // nullopt: there is no base, and the cursor is at its end.
  BaseCursor(ObjectSource& source, const std::optional<ObjectId>& tree);
  BaseCursor(const BaseCursor&) = delete;
  BaseCursor& operator=(const BaseCursor&) = delete;

  bool at_end() const { return at_.item == nullptr; }
  // Valid until the next advance().
  const BaseItem& operator*() const { return at_; }
  const BaseItem* operator->() const { return &at_; }
  void advance();

  // Known at the end; nullopt without a base, or if it could not be read.
  std::optional<BaseShape> shape() const;
  // Why it ended early.
  const std::optional<Error>& error() const { return error_; }

 private:
  struct Inner {
    Bytes bytes;
    TreeNode node;
    std::size_t next = 0;
  };
  // Loads the node and, down its first children, a leaf.
  void descend(ObjectId id, std::optional<std::uint8_t> height);
  void next_leaf();
  void show(std::size_t index);
  template <typename Step>
  void guard(Step step);

  ObjectSource& source_;
  std::optional<ObjectId> tree_;
  std::vector<Inner> path_;
  Bytes leaf_bytes_;
  TreeNode leaf_;
  BaseItem at_;
  std::size_t leaves_ = 0;
  std::optional<Error> error_;
};

}  // namespace snapferry::tree
