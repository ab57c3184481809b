#include "zfs/fletcher4.h"

#include <cstring>

namespace snapferry::zfs {

void Fletcher4::add(ByteView bytes) {
  auto [a, b, c, d] = sums_;
  const std::size_t words = bytes.size() / sizeof(std::uint32_t);
  for (std::size_t i = 0; i < words; ++i) {
    std::uint32_t word = 0;
    std::memcpy(&word, bytes.data() + i * sizeof word, sizeof word);
    a += word;
    b += a;
    c += b;
    d += c;
  }
  sums_ = {a, b, c, d};
}

}  // namespace snapferry::zfs
