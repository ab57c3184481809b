// The payload of an object of ended claims. What decodes must encode to the same bytes.

#include "expect.h"
#include "repository/ended.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace snapferry;
  using namespace snapferry::repository;
  fuzz::corrupt_at_most([&] {
    const Ended ended = decode_ended(ByteView(data, size), "ended/0");
    fuzz::require(fuzz::same(encode_ended(ended), {data, size}));
    Endings endings;
    endings.add(ended);
    for (const Ended::Claim& claim : ended.claims) fuzz::require(endings.name(claim.id));
  });
  return 0;
}
