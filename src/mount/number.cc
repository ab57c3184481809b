#include "mount/number.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace snapferry::mount {

std::uint64_t number_of(std::uint64_t parent, std::string_view name) {
  const std::uint64_t number = XXH3_64bits_withSeed(name.data(), name.size(), parent);
  return number <= 1 ? 2 : number;
}

}  // namespace snapferry::mount
