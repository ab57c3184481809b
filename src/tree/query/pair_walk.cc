#include "tree/query/pair_walk.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "core/tree_cursor.h"
#include "core/tree_node.h"

namespace snapferry::tree {
namespace {

using At = TreeCursor::At;

// Two directories of the same path, on their way through them.
struct Frame {
  std::optional<TreeCursor> left;
  std::optional<TreeCursor> right;
  std::size_t path_length = 0;  // of the path of these directories
};

At at(const std::optional<TreeCursor>& cursor) { return cursor ? cursor->at() : At::End; }

void open_ahead(Frame& frame) {
  TreeCursor& left = *frame.left;
  TreeCursor& right = *frame.right;
  const auto order = left.name() <=> right.name();
  const int higher = left.node_height() - right.node_height();
  // The one behind catches up first, and the higher one comes down, so that equal
  // nodes meet unread.
  const bool open_left = order < 0 || (order == 0 && higher >= 0);
  const bool open_right = order > 0 || (order == 0 && higher <= 0);
  if (open_left) left.open();
  if (open_right) right.open();
}

// Opens `node` unless what the other side stands at comes before all in it.
bool open_unless_before(TreeCursor& node, const std::optional<TreeCursor>& other) {
  if (at(other) == At::Entry && other->name() < node.name()) return false;
  node.open();
  return true;
}

// Passes shared nodes and opens others until what comes next, on either side, is an
// entry or the end.
void approach(Frame& frame) {
  for (;;) {
    const bool left_node = at(frame.left) == At::Node;
    const bool right_node = at(frame.right) == At::Node;
    if (left_node && right_node) {
      if (frame.left->node_id() == frame.right->node_id()) {
        frame.left->next();
        frame.right->next();
      } else {
        open_ahead(frame);
      }
    } else if (left_node) {
      if (!open_unless_before(*frame.left, frame.right)) return;
    } else if (right_node) {
      if (!open_unless_before(*frame.right, frame.left)) return;
    } else {
      return;
    }
  }
}

class PairWalk {
 public:
  PairWalk(ObjectSource& source, const PairVisitor& visit, const Cancellation* cancellation)
      : source_(source), visit_(visit), cancellation_(cancellation) {}

  void run(const Entry* left, const Entry* right) {
    if (left != nullptr && right != nullptr && *left == *right) return;
    if (left == nullptr && right == nullptr) return;
    enter(left, right);
    while (!stack_.empty()) step();
  }

 private:
  void enter(const Entry* left, const Entry* right) {
    const bool descend = visit_(path_, left, right);
    const bool left_directory = left != nullptr && left->has_tree();
    const bool right_directory = right != nullptr && right->has_tree();
    if (!descend || (!left_directory && !right_directory)) return;
    if (left_directory && right_directory && left->tree == right->tree) return;
    if (cancellation_ != nullptr) cancellation_->check();
    Frame frame;
    frame.path_length = path_.size();
    with_path([&] {
      if (left_directory) frame.left.emplace(source_, left->tree);
      if (right_directory) frame.right.emplace(source_, right->tree);
    });
    stack_.push_back(std::move(frame));
  }

  void step() {
    Frame& frame = stack_.back();
    path_.resize(frame.path_length);
    with_path([&] { approach(frame); });
    const bool has_left = at(frame.left) == At::Entry;
    const bool has_right = at(frame.right) == At::Entry;
    if (!has_left && !has_right) {
      stack_.pop_back();
      return;
    }
    // Of a node that was not opened all names are greater.
    const bool take_left = has_left && (!has_right || frame.left->name() <= frame.right->name());
    const bool take_right = has_right && (!has_left || frame.right->name() <= frame.left->name());
    take(frame, take_left, take_right);
  }

  void take(Frame& frame, bool take_left, bool take_right) {
    std::optional<Entry> left;
    std::optional<Entry> right;
    const bool same = take_left && take_right &&
                      std::ranges::equal(frame.left->item().bytes, frame.right->item().bytes);
    with_path([&] {
      if (take_left && !same) left = decode_entry(frame.left->item().bytes);
      if (take_right && !same) right = decode_entry(frame.right->item().bytes);
    });
    if (take_left) frame.left->next();
    if (take_right) frame.right->next();
    if (same) return;
    if (!path_.empty()) path_ += '/';
    path_ += left ? left->name : right->name;
    enter(left ? &*left : nullptr, right ? &*right : nullptr);
  }

  template <typename Action>
  void with_path(Action action) {
    try {
      action();
    } catch (Error& error) {
      if (!path_.empty()) error.add_context(path_);
      throw;
    }
  }

  ObjectSource& source_;
  const PairVisitor& visit_;
  const Cancellation* cancellation_;
  std::vector<Frame> stack_;
  std::string path_;
};

}  // namespace

void walk_pair(ObjectSource& source, const Entry* left, const Entry* right,
               const PairVisitor& visit, const Cancellation* cancellation) {
  PairWalk(source, visit, cancellation).run(left, right);
}

}  // namespace snapferry::tree
