#include "mount/node_table.h"

#include "core/error.h"

namespace snapferry::mount {

NodePointer NodeTable::get(std::uint64_t number) const {
  const std::lock_guard lock(mutex_);
  const auto found = nodes_.find(number);
  if (found == nodes_.end()) throw Error(ErrorKind::NotFound, "mount: the file is not known");
  return found->second.node;
}

void NodeTable::forget(std::uint64_t number, std::uint64_t count) {
  if (number == 1) return;
  const std::lock_guard lock(mutex_);
  const auto found = nodes_.find(number);
  if (found == nodes_.end()) return;
  if (found->second.count > count) {
    found->second.count -= count;
  } else {
    nodes_.erase(found);
  }
}

}  // namespace snapferry::mount
