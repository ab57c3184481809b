#include "repository/key_memory.h"

#include <mutex>
#include <vector>

#include <sodium.h>

namespace snapferry::repository {
namespace {

constexpr std::size_t kKeys = 512;

// Lives as long as the process, as keys may.
class LockedKeys {
 public:
  LockedKeys() {
    if (sodium_init() < 0) return;
    first_ = static_cast<std::uint8_t*>(sodium_malloc(kKeys * kKeyBytes));
    if (first_ == nullptr) return;
    free_.reserve(kKeys);
    for (std::size_t i = kKeys; i > 0; --i) free_.push_back(first_ + (i - 1) * kKeyBytes);
  }

  // nullptr if all are taken.
  std::uint8_t* take() {
    const std::lock_guard lock(mutex_);
    if (free_.empty()) return nullptr;
    std::uint8_t* const memory = free_.back();
    free_.pop_back();
    return memory;
  }

  // False if it is not one of these.
  bool give_back(std::uint8_t* memory) noexcept {
    if (first_ == nullptr || memory < first_ || memory >= first_ + kKeys * kKeyBytes) return false;
    const std::lock_guard lock(mutex_);
    free_.push_back(memory);  // there is room for all of them
    return true;
  }

 private:
  std::mutex mutex_;
  std::uint8_t* first_ = nullptr;
  std::vector<std::uint8_t*> free_;
};

LockedKeys& locked_keys() {
  static auto* const keys = new LockedKeys;
  return *keys;
}

}  // namespace

std::uint8_t* take_key_memory() {
  std::uint8_t* memory = locked_keys().take();
  if (memory == nullptr) memory = new std::uint8_t[kKeyBytes];
  sodium_memzero(memory, kKeyBytes);
  return memory;
}

void give_back_key_memory(std::uint8_t* memory) noexcept {
  sodium_memzero(memory, kKeyBytes);
  if (!locked_keys().give_back(memory)) delete[] memory;
}

}  // namespace snapferry::repository
