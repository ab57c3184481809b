#include "blob/open_files.h"

namespace snapferry::blob {

std::shared_ptr<const OpenFile> OpenFiles::find(const std::string& name,
                                                std::uint64_t& generation) {
  const std::lock_guard lock(mutex_);
  generation = generation_;
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return nullptr;
  items_.splice(items_.begin(), items_, found->second);
  return found->second->file;
}

void OpenFiles::keep(const std::string& name, const std::shared_ptr<const OpenFile>& file,
                     std::uint64_t generation) {
  const std::lock_guard lock(mutex_);
  if (generation != generation_ || by_name_.contains(name)) return;
  items_.push_front({name, file});
  by_name_.emplace(items_.front().name, items_.begin());
  if (items_.size() <= capacity_) return;
  by_name_.erase(items_.back().name);
  items_.pop_back();
}

void OpenFiles::drop(const std::string& name) {
  const std::lock_guard lock(mutex_);
  ++generation_;
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return;
  const Items::iterator item = found->second;
  by_name_.erase(found);
  items_.erase(item);
}

}  // namespace snapferry::blob
