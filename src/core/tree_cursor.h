#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/object_store.h"
#include "core/tree_node.h"

namespace snapferry {

// Walks one directory in order of names, node by node: what for_each of TreeReader
// does, for callers that need to stop and go on, start in the middle, or pass nodes
// of a big directory without reading them.
//
// Memory: one node per level, at most 17. Whatever the objects hold, every call
// ends: heights must fall towards the leaves, and the names below a child must lie
// between its first name and that of the next child, or else Corrupt is thrown.
// Errors name the tree object. Borrows the source; use from one thread at a time.
class TreeCursor {
 public:
  enum class At {
    Entry,  // item() is the entry
    Node,   // node_id() and node_height() are of a node that was not read yet
    End,
  };

  // Reads the root node of the directory. Stands before the first entry.
  TreeCursor(ObjectSource& source, const ObjectId& tree);

  At at() const;

  // Of the entry; of a node: a name that no name in it is less than. Valid until the
  // cursor moves, as is item().
  std::string_view name() const;
  const TreeNode::Item& item() const;
  const ObjectId& node_id() const;
  // 0 is a leaf.
  std::uint8_t node_height() const;

  // Reads the node that it stands before and goes to what that begins with.
  void open();
  // Passes the entry, or the node without reading it.
  void next();
  // Reads on until an entry; false at the end.
  bool find_entry();
  // Goes, forwards or back, to where the first name not less than `name` is: before
  // that entry, or before a node or the end if its leaf holds none. At most one leaf
  // is read.
  void seek(std::string_view name);

 private:
  struct Frame {
    Bytes bytes;
    TreeNode node;  // views into `bytes`
    std::size_t position = 0;
    std::string_view limit;  // all names are less; empty: no limit. A view into a parent

    std::size_t size() const { return node.is_leaf ? node.items.size() : node.children.size(); }
  };

  static Frame load(ObjectSource& source, const ObjectId& id);
  void push_child();
  void leave_finished();

  ObjectSource& source_;
  std::vector<Frame> frames_;  // from the root down; never empty
};

}  // namespace snapferry
