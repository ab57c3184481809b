#include "tree/backup/tree_builder.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/tree_node.h"

namespace snapferry::tree {
namespace {

constexpr std::uint8_t kLeafKind = 1;

// Writes `id` at `offset`; false if it was there already.
bool replace_id(Bytes& bytes, std::size_t offset, const ObjectId& id) {
  std::uint8_t* at = bytes.data() + offset;
  if (std::memcmp(at, id.bytes.data(), ObjectId::kSize) == 0) return false;
  std::memcpy(at, id.bytes.data(), ObjectId::kSize);
  return true;
}

// A parent's border must not follow from its children's, so the height goes in too.
std::uint64_t border_hash(std::string_view name, unsigned height) {
  std::uint64_t hash = 0xcbf29ce484222325 + height;
  for (const char c : name) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001b3;
  hash ^= hash >> 32;
  hash *= 0x9e3779b97f4a7c15;
  return hash >> 32;
}

}  // namespace

bool is_border(std::string_view name, unsigned height) {
  return border_hash(name, height) % kLeafSpread == 0;
}

void TreeBuilder::add(std::string_view name, ByteView entry, const BaseItem* origin) {
  if (current_ != nullptr &&
      (current_->count == kLeafMaximum || current_->bytes.size() + entry.size() > kLeafBytes ||
       (current_->count >= kLeafMinimum && is_border(name, 0)))) {
    close_leaf();
  }
  if (current_ == nullptr) begin_leaf(name, origin);
  Leaf& leaf = *current_;
  leaf.same = leaf.same && origin != nullptr && origin->leaf_ordinal == leaf.base.leaf_ordinal &&
              origin->index == leaf.count;
  leaf.bytes.insert(leaf.bytes.end(), entry.begin(), entry.end());
  ++leaf.count;
}

IdSlot TreeBuilder::add_pending(std::string_view name, ByteView entry, const BaseItem* origin) {
  add(name, entry, origin);
  const std::lock_guard lock(mutex_);
  ++current_->missing;
  const std::size_t end = current_->bytes.size();
  return {parts_.size() - 1, end - ObjectId::kSize, end - entry.size()};
}

void TreeBuilder::begin_leaf(std::string_view name, const BaseItem* origin) {
  auto leaf = std::make_unique<Leaf>();
  leaf->missing = 1;
  if (origin != nullptr) {
    leaf->base = *origin;
    // The leaves of a directory keep their places, or the directory is not the same.
    leaf->same = origin->leaf_ordinal == parts_.size();
    leaf->bytes.reserve(origin->leaf_bytes);
  }
  leaf->bytes.resize(1, kLeafKind);
  current_ = leaf.get();
  const std::lock_guard lock(mutex_);
  parts_.push_back({std::string(name), {}, std::move(leaf)});
  ++missing_;
}

std::optional<ObjectId> TreeBuilder::close_leaf() {
  std::unique_ptr<Leaf> done;
  std::size_t part;
  {
    const std::lock_guard lock(mutex_);
    Leaf& leaf = *std::exchange(current_, nullptr);
    part = parts_.size() - 1;
    leaf.open = false;
    leaf.same = leaf.same && leaf.count == leaf.base.leaf_count;
    for (const auto& [offset, id] : leaf.early) {
      if (replace_id(leaf.bytes, offset, id)) leaf.same = false;
    }
    leaf.early = {};
    if (--leaf.missing > 0) {
      leaf.bytes.shrink_to_fit();
      return std::nullopt;
    }
    done = std::move(parts_[part].leaf);
  }
  return complete(part, std::move(done));
}

std::optional<ObjectId> TreeBuilder::fill(const IdSlot& slot, const ObjectId& id) {
  std::unique_ptr<Leaf> done;
  {
    const std::lock_guard lock(mutex_);
    Leaf& leaf = *parts_[slot.leaf].leaf;
    if (leaf.open) {
      leaf.early.emplace_back(slot.offset, id);
    } else if (replace_id(leaf.bytes, slot.offset, id)) {
      leaf.same = false;
    }
    if (--leaf.missing > 0) return std::nullopt;
    done = std::move(parts_[slot.leaf].leaf);
  }
  return complete(slot.leaf, std::move(done));
}

std::optional<ObjectId> TreeBuilder::leave_out(const IdSlot& slot, LeftOut reason) {
  std::unique_ptr<Leaf> done;
  {
    const std::lock_guard lock(mutex_);
    Leaf& leaf = *parts_[slot.leaf].leaf;
    leaf.left_out.emplace_back(slot, reason);
    if (--leaf.missing > 0) return std::nullopt;
    done = std::move(parts_[slot.leaf].leaf);
  }
  return complete(slot.leaf, std::move(done));
}

// Only when nothing is missing any more: what follows these entries moves.
void TreeBuilder::mark_left_out(Leaf& leaf) {
  std::ranges::sort(leaf.left_out, {}, [](const auto& each) { return each.first.entry; });
  Bytes bytes;
  std::size_t taken = 0;
  const auto take_up_to = [&](std::size_t end) {
    bytes.insert(bytes.end(), leaf.bytes.begin() + static_cast<std::ptrdiff_t>(taken),
                 leaf.bytes.begin() + static_cast<std::ptrdiff_t>(end));
    taken = end;
  };
  for (const auto& [slot, reason] : leaf.left_out) {
    take_up_to(slot.entry);
    taken = slot.offset + ObjectId::kSize;
    Entry entry = decode_entry(ByteView(leaf.bytes).subspan(slot.entry, taken - slot.entry));
    entry.tree = {};
    entry.left_out = reason;
    encode_entry(entry, bytes);
  }
  take_up_to(leaf.bytes.size());
  leaf.bytes = std::move(bytes);
  leaf.same = false;
}

std::optional<ObjectId> TreeBuilder::complete(std::size_t part, std::unique_ptr<Leaf> leaf) {
  if (!leaf->left_out.empty()) mark_left_out(*leaf);
  const bool taken_over = leaf->same && !sink_.any_lost();
  const ObjectId id = taken_over ? leaf->base.leaf : sink_.put(ObjectKind::Tree, leaf->bytes);
  {
    const std::lock_guard lock(mutex_);
    parts_[part].id = id;
    same_ = same_ && leaf->same;
    if (--missing_ > 0) return std::nullopt;
  }
  return put_inner();
}

std::optional<ObjectId> TreeBuilder::finish(const std::optional<BaseShape>& base) {
  if (parts_.empty()) {
    if (base && base->empty && !sink_.any_lost()) return base->tree;
    return sink_.put(ObjectKind::Tree, ByteView(&kLeafKind, 1));
  }
  close_leaf();
  {
    const std::lock_guard lock(mutex_);
    base_ = base;
    if (--missing_ > 0) return std::nullopt;
  }
  return put_inner();
}

ObjectId TreeBuilder::put_inner() {
  if (same_ && base_ && base_->leaves == parts_.size() && !sink_.any_lost()) return base_->tree;
  std::vector<TreeNode::Child> children;
  for (const Part& part : parts_) children.push_back({part.first_name, part.id});
  for (std::uint8_t height = 1; children.size() > 1; ++height) {
    std::vector<TreeNode::Child> parents;
    std::vector<TreeNode::Child> group;
    const auto end_group = [&] {
      const ObjectId id = sink_.put(ObjectKind::Tree, encode_inner(height, group));
      parents.push_back({group.front().first_name, id});
      group.clear();
    };
    for (const TreeNode::Child& child : children) {
      if (group.size() == kLeafMaximum ||
          (group.size() >= kLeafMinimum && is_border(child.first_name, height))) {
        end_group();
      }
      group.push_back(child);
    }
    end_group();
    children = std::move(parents);
  }
  return children.front().id;
}

}  // namespace snapferry::tree
