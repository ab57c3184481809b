#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "core/snapshot.h"

namespace snapferry::tree {

// Which owner here stands for an owner on the source: the one of the same name where
// this machine knows it, or else the same number. Immutable; safe from several threads.
class OwnerMap {
 public:
  OwnerMap(const std::vector<OwnerName>& users, const std::vector<OwnerName>& groups, bool numeric);

  std::uint32_t user(std::uint32_t id) const { return find(users_, id); }
  std::uint32_t group(std::uint32_t id) const { return find(groups_, id); }

 private:
  using Map = std::unordered_map<std::uint32_t, std::uint32_t>;
  static std::uint32_t find(const Map& map, std::uint32_t id) {
    const auto found = map.find(id);
    return found == map.end() ? id : found->second;
  }
  Map users_;  // only those that differ
  Map groups_;
};

}  // namespace snapferry::tree
