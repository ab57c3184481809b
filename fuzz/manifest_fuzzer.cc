// The payload of a snapshot object. What decodes is the same after it was encoded and
// decoded again; an older version becomes the newest, and statistics of a later version, which
// are passed over, are lost.

#include "expect.h"
#include "repository/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace snapferry;
  using namespace snapferry::repository;
  fuzz::corrupt_at_most([&] {
    const Manifest manifest = decode_manifest(ByteView(data, size), ObjectId{});
    const Bytes encoded = encode_manifest(manifest);
    fuzz::require(encode_manifest(decode_manifest(encoded, ObjectId{})) == encoded);
    const bool newest = size > 0 && data[0] == encoded[0];
    if (newest && encoded.size() == size) fuzz::require(fuzz::same(encoded, {data, size}));
  });
  return 0;
}
