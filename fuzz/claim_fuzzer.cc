// The payload of a claim. What decodes must encode to the same bytes.

#include "expect.h"
#include "repository/claim.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace snapferry;
  using namespace snapferry::repository;
  fuzz::corrupt_at_most([&] {
    const Claim claim = decode_claim(ByteView(data, size), "claims/0");
    fuzz::require(fuzz::same(encode_claim(claim), {data, size}));
    (void)is_dead(ObjectId{}, claim, Timestamp{1'700'000'000, 0});
  });
  return 0;
}
