// The payload of a condemned list. What decodes names as many packs as there are bytes for.

#include "expect.h"
#include "repository/condemned.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace snapferry;
  using namespace snapferry::repository;
  fuzz::corrupt_at_most([&] {
    const auto packs = decode_condemned(ByteView(data, size), "condemned/0");
    const Bytes encoded = encode_condemned({}, packs);
    constexpr std::size_t kTime = 8 + 4;
    fuzz::require(
        fuzz::same(ByteView(encoded).subspan(kTime), ByteView(data, size).subspan(kTime)));
  });
  return 0;
}
