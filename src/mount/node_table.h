#pragma once

#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "mount/file_system.h"

namespace snapferry::mount {

// The nodes that the kernel holds, by their numbers, each counted as often as it was
// told of. Safe from several threads at once.
class NodeTable {
 public:
  explicit NodeTable(NodePointer root) { nodes_.emplace(1, Held{std::move(root), 1}); }

  // Counts one more telling of the node. What the table holds under its number is
  // replaced, since what a snapshot holds never changes, and the layout may.
  void remember(const NodePointer& node) {
    const std::lock_guard lock(mutex_);
    Held& held = nodes_[node->number];
    held.node = node;
    ++held.count;
  }

  // Throws NotFound for a number that the kernel was not told, or gave back.
  NodePointer get(std::uint64_t number) const;

  // Takes back `count` tellings. The root stays.
  void forget(std::uint64_t number, std::uint64_t count);

  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return nodes_.size();
  }

 private:
  struct Held {
    NodePointer node;
    std::uint64_t count = 0;
  };
  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, Held> nodes_;
};

}  // namespace snapferry::mount
