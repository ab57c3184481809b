#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "core/snapshot.h"

namespace snapferry::tree {

// The ids that occur in a walk. Made for long rows of the same id. One thread.
class OwnerIds {
 public:
  void add(std::uint32_t id) {
    if (last_ == id) return;
    last_ = id;
    ids_.insert(id);
  }
  void merge(const OwnerIds& other) { ids_.insert(other.ids_.begin(), other.ids_.end()); }
  const std::set<std::uint32_t>& ids() const { return ids_; }

 private:
  std::optional<std::uint32_t> last_;
  std::set<std::uint32_t> ids_;
};

// The names of those ids that have one on this system, ascending by id.
std::vector<OwnerName> user_names(const OwnerIds& ids);
std::vector<OwnerName> group_names(const OwnerIds& ids);

}  // namespace snapferry::tree
