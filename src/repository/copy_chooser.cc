#include "repository/copy_chooser.h"

#include <algorithm>
#include <numeric>

namespace snapferry::repository {

bool CopyChooser::is_recorded(const IndexRecord& copy) const {
  return index_.damage().contains(table_.pack(copy.pack), copy.id);
}

bool CopyChooser::is_recorded(const ObjectId& pack) const { return index_.damage().contains(pack); }

int CopyChooser::rank(const IndexRecord& copy) const {
  return (condemned_.contains(table_.pack(copy.pack)) ? 2 : 0) + (is_recorded(copy) ? 1 : 0);
}

std::size_t CopyChooser::choose(const std::vector<IndexRecord>& copies) {
  if (copies.size() == 1) return 0;
  const auto known = chosen_.find(copies.front().id);
  if (known != chosen_.end()) return known->second;
  std::vector<std::size_t> order(copies.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return rank(copies[i]); });
  const auto intact = std::ranges::find_if(order, [&](std::size_t i) {
    const IndexRecord& copy = copies[i];
    return reader_.is_intact(table_.pack(copy.pack), {copy.id, copy.kind, copy.offset,
                                                      copy.stored_length, copy.plain_length});
  });
  const std::size_t chosen = intact == order.end() ? order.front() : *intact;
  chosen_.emplace(copies.front().id, chosen);
  return chosen;
}

}  // namespace snapferry::repository
