// The payload of a damage record. What decodes names as many packs and pieces as there are bytes
// for.

#include "expect.h"
#include "repository/damage_record.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace snapferry;
  using namespace snapferry::repository;
  fuzz::corrupt_at_most([&] {
    const auto packs = decode_damage_record(ByteView(data, size), "damaged/0");
    const Bytes encoded = encode_damage_record({}, packs);
    constexpr std::size_t kHead = 1 + 8 + 4;
    fuzz::require(
        fuzz::same(ByteView(encoded).subspan(kHead), ByteView(data, size).subspan(kHead)));
  });
  return 0;
}
