#include "tree/backup/chunker.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace snapferry::tree {
namespace {

constexpr std::size_t kWindow = 64;  // a byte has left the hash after this many more
// How many bits harder and easier than the average the two masks are.
constexpr int kNormalisation = 2;

// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators).
constexpr std::uint64_t next_random(std::uint64_t& state) {
  state += 0x9e3779b97f4a7c15;
  std::uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

struct GearTables {
  std::array<std::uint64_t, 256> one{};
  std::array<std::uint64_t, 256> two{};  // shifted by one, for the first of two bytes
};

constexpr GearTables make_tables() {
  GearTables tables;
  std::uint64_t state = 0x736e617066657272;  // "snapferr"
  for (std::size_t i = 0; i < 256; ++i) {
    tables.one[i] = next_random(state);
    tables.two[i] = tables.one[i] << 1;
  }
  return tables;
}

constexpr GearTables kGear = make_tables();

// The first position in [begin, end) behind which the hash is below `threshold`, plus
// one; 0 if there is none. `hash` is carried from call to call. The high bits depend
// on the most bytes, and comparing with a power of two asks whether they are all zero.
std::size_t find_border(const std::uint8_t* data, std::size_t begin, std::size_t end,
                        std::uint64_t threshold, std::uint64_t& hash) {
  std::uint64_t h = hash;
  std::size_t at = begin;
  for (; at + 1 < end; at += 2) {
    const std::uint8_t first = data[at];
    const std::uint64_t middle = (h << 1) + kGear.one[first];
    h = (h << 2) + kGear.two[first] + kGear.one[data[at + 1]];
    if (middle < threshold) [[unlikely]]
      return at + 1;
    if (h < threshold) [[unlikely]]
      return at + 2;
  }
  if (at < end) {
    h = (h << 1) + kGear.one[data[at]];
    if (h < threshold) return at + 1;
  }
  hash = h;
  return 0;
}

std::uint64_t threshold_for(int bits) { return std::uint64_t{1} << (64 - bits); }

}  // namespace

std::size_t first_chunk(ByteView bytes, const ChunkSizes& sizes) {
  if (bytes.size() <= sizes.minimum) return bytes.size();
  const int bits = std::countr_zero(sizes.average);
  const std::size_t end = std::min(bytes.size(), sizes.maximum);
  const std::size_t normal = std::min(end, sizes.average);
  std::uint64_t hash = 0;
  const std::size_t warm = sizes.minimum > kWindow ? sizes.minimum - kWindow : 0;
  find_border(bytes.data(), warm, sizes.minimum, 0, hash);
  std::size_t border =
      find_border(bytes.data(), sizes.minimum, normal, threshold_for(bits + kNormalisation), hash);
  if (border != 0) return border;
  border = find_border(bytes.data(), normal, end, threshold_for(bits - kNormalisation), hash);
  return border != 0 ? border : end;
}

}  // namespace snapferry::tree
