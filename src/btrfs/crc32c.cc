#include "btrfs/crc32c.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace snapferry::btrfs {
namespace {

constexpr std::uint32_t kPolynomial = 0x82f63b78;

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ (value & 1 ? kPolynomial : 0);
    table[i] = value;
  }
  return table;
}

std::uint32_t by_table(std::uint32_t state, ByteView bytes) {
  static constexpr auto kTable = make_table();
  for (const std::uint8_t byte : bytes) state = state >> 8 ^ kTable[(state ^ byte) & 0xff];
  return state;
}

#if defined(__x86_64__)
[[gnu::target("sse4.2")]] std::uint32_t by_instruction(std::uint32_t state, ByteView bytes) {
  std::uint64_t wide = state;
  while (bytes.size() >= sizeof wide) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), sizeof word);
    wide = _mm_crc32_u64(wide, word);
    bytes = bytes.subspan(sizeof word);
  }
  state = static_cast<std::uint32_t>(wide);
  for (const std::uint8_t byte : bytes) state = _mm_crc32_u8(state, byte);
  return state;
}
#endif

}  // namespace

std::uint32_t crc32c(std::uint32_t state, ByteView bytes) {
#if defined(__x86_64__)
  static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
  if (has_instruction) return by_instruction(state, bytes);
#endif
  return by_table(state, bytes);
}

}  // namespace snapferry::btrfs
