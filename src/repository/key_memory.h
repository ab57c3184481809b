#pragma once

#include <cstddef>
#include <cstdint>

namespace snapferry::repository {

inline constexpr std::size_t kKeyBytes = 32;

// Memory for one key each, which is neither written to swap nor to a core dump: of one small part
// of the process that is locked, as far as the system lets it (RLIMIT_MEMLOCK), for a few hundred
// keys at a time; further ones are like all other memory. What a cipher makes of a key is not in
// it.
//
// Safe from several threads.

// Zeros. Throws std::bad_alloc.
std::uint8_t* take_key_memory();
// Wipes it.
void give_back_key_memory(std::uint8_t* memory) noexcept;

}  // namespace snapferry::repository
