#include "tree/backup/linked_contents.h"

#include "tree/change_detection.h"

namespace snapferry::tree {
namespace {

// In bytes, roughly.
constexpr std::size_t kMaxWeight = 16u << 20;

std::size_t weight_of(const LinkedContents::Found& found) {
  std::size_t weight = 160 + found.content.runs.size() * sizeof(ContentRun);
  for (const auto& xattr : found.xattrs) weight += 64 + xattr.name.size() + xattr.value.size();
  return weight;
}

}  // namespace

LinkedContents::Key LinkedContents::key_of(const struct statx& stat) {
  return {device_of(stat),
          stat.stx_ino,
          stat.stx_size,
          {stat.stx_ctime.tv_sec, stat.stx_ctime.tv_nsec}};
}

std::optional<LinkedContents::Found> LinkedContents::find(const struct statx& stat) const {
  const std::lock_guard lock(mutex_);
  const auto found = found_.find(key_of(stat));
  if (found == found_.end()) return std::nullopt;
  return found->second;
}

void LinkedContents::remember(const struct statx& stat, Found found) {
  const std::size_t weight = weight_of(found);
  const std::lock_guard lock(mutex_);
  if (weight_ + weight > kMaxWeight) {
    found_.clear();
    weight_ = 0;
  }
  if (found_.insert_or_assign(key_of(stat), std::move(found)).second) weight_ += weight;
}

}  // namespace snapferry::tree
