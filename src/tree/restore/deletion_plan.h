#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace snapferry::tree {

// What a restore is to delete: found by a dry run, shown to whoever decides, and then all that the
// restore itself may delete. Adding is safe from several threads. Memory grows with the number of
// `tops`, and not with what is below them.
class DeletionPlan {
 public:
  DeletionPlan() = default;
  // Only once nothing is added any more.
  DeletionPlan(DeletionPlan&& other) noexcept { *this = std::move(other); }
  DeletionPlan& operator=(DeletionPlan&& other) noexcept {
    tops_ = std::move(other.tops_);
    files_ = other.files_;
    directories_ = other.directories_;
    bytes_ = other.bytes_;
    return *this;
  }

  // A path, relative to the target, that goes with everything below it that may go.
  void add_top(std::string path) {
    const std::lock_guard lock(mutex_);
    tops_.insert(std::move(path));
  }
  // Something that goes, a top or below one.
  void count(bool directory, std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    ++(directory ? directories_ : files_);
    bytes_ += bytes;
  }

  // Once nothing is added any more.
  bool allows(std::string_view top) const { return tops_.find(top) != tops_.end(); }
  bool empty() const { return files_ + directories_ == 0; }
  std::uint64_t files() const { return files_; }
  std::uint64_t directories() const { return directories_; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  std::mutex mutex_;
  std::set<std::string, std::less<>> tops_;
  std::uint64_t files_ = 0;  // everything but directories
  std::uint64_t directories_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace snapferry::tree
