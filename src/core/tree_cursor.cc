#include "core/tree_cursor.h"

#include <algorithm>
#include <utility>

#include "core/error.h"

namespace snapferry {
namespace {

[[noreturn]] void fail(const ObjectId& id, const char* cause) {
  throw Error(ErrorKind::Corrupt, "tree " + id.short_hex() + ": " + cause);
}

std::string_view first_name(const TreeNode& node) {
  return node.is_leaf ? node.items.front().name : node.children.front().first_name;
}

std::string_view last_name(const TreeNode& node) {
  return node.is_leaf ? node.items.back().name : node.children.back().first_name;
}

}  // namespace

TreeCursor::Frame TreeCursor::load(ObjectSource& source, const ObjectId& id) {
  try {
    Frame frame;
    frame.bytes = source.get(ObjectKind::Tree, id);
    frame.node = TreeNode::parse(frame.bytes);
    return frame;
  } catch (Error& error) {
    error.add_context("tree " + id.short_hex());
    throw;
  }
}

TreeCursor::TreeCursor(ObjectSource& source, const ObjectId& tree) : source_(source) {
  frames_.push_back(load(source, tree));
}

TreeCursor::At TreeCursor::at() const {
  const Frame& top = frames_.back();
  if (top.position == top.size()) return At::End;
  return top.node.is_leaf ? At::Entry : At::Node;
}

std::string_view TreeCursor::name() const {
  const Frame& top = frames_.back();
  return top.node.is_leaf ? item().name : top.node.children[top.position].first_name;
}

const TreeNode::Item& TreeCursor::item() const {
  const Frame& top = frames_.back();
  return top.node.items[top.position];
}

const ObjectId& TreeCursor::node_id() const {
  const Frame& top = frames_.back();
  return top.node.children[top.position].id;
}

std::uint8_t TreeCursor::node_height() const {
  return static_cast<std::uint8_t>(frames_.back().node.height - 1);
}

// Checked here, and not by the node itself, because only the parent knows what the
// child must be: this is what makes every walk finite.
void TreeCursor::push_child() {
  const Frame& parent = frames_.back();
  const TreeNode::Child& child = parent.node.children[parent.position];
  Frame frame = load(source_, child.id);
  if (frame.node.height + 1 != parent.node.height) fail(child.id, "height does not fit its parent");
  if (frame.size() == 0) fail(child.id, "is an empty part of a directory");
  const bool last = parent.position + 1 == parent.size();
  frame.limit = last ? parent.limit : parent.node.children[parent.position + 1].first_name;
  if (first_name(frame.node) < child.first_name ||
      (!frame.limit.empty() && last_name(frame.node) >= frame.limit)) {
    fail(child.id, "holds names that belong elsewhere");
  }
  frames_.push_back(std::move(frame));
}

void TreeCursor::leave_finished() {
  while (frames_.size() > 1 && frames_.back().position == frames_.back().size()) {
    frames_.pop_back();
    ++frames_.back().position;
  }
}

void TreeCursor::open() { push_child(); }

void TreeCursor::next() {
  ++frames_.back().position;
  leave_finished();
}

bool TreeCursor::find_entry() {
  while (at() == At::Node) open();
  return at() == At::Entry;
}

void TreeCursor::seek(std::string_view name) {
  frames_.resize(1);
  while (!frames_.back().node.is_leaf) {
    Frame& frame = frames_.back();
    const auto& children = frame.node.children;
    const auto after = std::ranges::upper_bound(children, name, {}, &TreeNode::Child::first_name);
    const auto index = static_cast<std::size_t>(after - children.begin());
    frame.position = index == 0 ? 0 : index - 1;
    if (index == 0) return;
    push_child();
  }
  Frame& leaf = frames_.back();
  const auto found = std::ranges::lower_bound(leaf.node.items, name, {}, &TreeNode::Item::name);
  leaf.position = static_cast<std::size_t>(found - leaf.node.items.begin());
  leave_finished();
}

}  // namespace snapferry
