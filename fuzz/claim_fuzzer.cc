// The payload of a claim. What decodes is the same after it was encoded and decoded again; the
// first version becomes the newest.

#include "expect.h"
#include "repository/claim.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace snapferry;
  using namespace snapferry::repository;
  fuzz::corrupt_at_most([&] {
    const Claim claim = decode_claim(ByteView(data, size), "claims/0");
    const Bytes encoded = encode_claim(claim);
    fuzz::require(decode_claim(encoded, "claims/0") == claim);
    if (encoded.size() == size) fuzz::require(fuzz::same(encoded, {data, size}));
  });
  return 0;
}
