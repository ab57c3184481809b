#include "tree/restore/link_records.h"

#include <iterator>

namespace snapferry::tree {

std::vector<LinkRecords::Waiting> LinkRecords::complete(const Entry& entry, Place place) {
  const std::lock_guard lock(mutex_);
  Record& record = records_[key_of(entry)];
  record.restored = true;
  record.place = std::move(place);
  return std::exchange(record.waiting, {});
}

std::vector<LinkRecords::Waiting> LinkRecords::give_up(const Entry& entry) {
  const std::lock_guard lock(mutex_);
  const auto record = records_.find(key_of(entry));
  if (record == records_.end()) return {};
  std::vector<Waiting> waiting = std::move(record->second.waiting);
  records_.erase(record);
  return waiting;
}

std::vector<LinkRecords::Waiting> LinkRecords::abandon() {
  const std::lock_guard lock(mutex_);
  std::vector<Waiting> all;
  for (auto& [key, record] : records_) {
    std::move(record.waiting.begin(), record.waiting.end(), std::back_inserter(all));
    record.waiting.clear();
  }
  return all;
}

}  // namespace snapferry::tree
