#pragma once

#include <cstdint>
#include <vector>

namespace snapferry::repository {

// A map from 32 bits of an id, not all 0, to a position that is not 0, in 8 bytes per
// slot: 11 to 22 bytes per entry. One entry per tag; a later one replaces it. Not for
// several threads.
class TagMap {
 public:
  // 0 if there is none.
  std::uint32_t find(std::uint32_t tag) const {
    if (slots_.empty()) return 0;
    return position_of(slots_[slot_for(tag)]);
  }

  void set(std::uint32_t tag, std::uint32_t position) {
    if ((used_ + 1) * 4 > slots_.size() * 3) resize(slots_.size() * 2);
    std::uint64_t& slot = slots_[slot_for(tag)];
    if (slot == 0) ++used_;
    slot = std::uint64_t{tag} << 32 | position;
  }

  void erase(std::uint32_t tag) {
    if (find(tag) != 0) set(tag, 0);
  }

  // Makes room for `count` entries in all.
  void reserve(std::size_t count) {
    std::size_t wanted = kMinSlots;
    while (wanted * 3 < count * 4) wanted *= 2;
    if (wanted > slots_.size()) resize(wanted);
  }

  void clear() {
    slots_ = {};
    used_ = 0;
  }

 private:
  static constexpr std::size_t kMinSlots = 16;

  static std::uint32_t position_of(std::uint64_t slot) { return static_cast<std::uint32_t>(slot); }

  // Where `tag` is, or the empty slot where it would be.
  std::size_t slot_for(std::uint32_t tag) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t index = tag & mask;
    while (slots_[index] != 0 && slots_[index] >> 32 != tag) index = (index + 1) & mask;
    return index;
  }

  void resize(std::size_t count) {
    std::vector<std::uint64_t> old(count < kMinSlots ? kMinSlots : count);
    old.swap(slots_);
    for (const std::uint64_t slot : old) {
      if (slot != 0) slots_[slot_for(static_cast<std::uint32_t>(slot >> 32))] = slot;
    }
  }

  std::vector<std::uint64_t> slots_;  // tag, position (0: erased); a power of two of them
  std::size_t used_ = 0;
};

}  // namespace snapferry::repository
