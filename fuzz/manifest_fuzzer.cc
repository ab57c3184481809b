// The payload of a snapshot object. What decodes is the same after it was encoded and
// decoded again; an older version becomes the newest, and statistics of a later version, which
// are passed over, are lost. A repository of format version 1 takes all of it but the token of a
// change feed.

#include "expect.h"
#include "repository/config.h"
#include "repository/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace snapferry;
  using namespace snapferry::repository;
  fuzz::corrupt_at_most([&] {
    Manifest manifest = decode_manifest(ByteView(data, size), ObjectId{});
    const Bytes encoded = encode_manifest(manifest, kFormatVersion);
    const Manifest again = decode_manifest(encoded, ObjectId{});
    fuzz::require(encode_manifest(again, kFormatVersion) == encoded);
    fuzz::require(again.snapshot == manifest.snapshot);
    fuzz::require(!again.snapshot.feed || again.snapshot.feed->is_valid());
    manifest.snapshot.feed.reset();
    const Manifest old = decode_manifest(encode_manifest(manifest, 1), ObjectId{});
    fuzz::require(old.snapshot == manifest.snapshot);
    const bool newest = size > 0 && data[0] == encoded[0];
    if (newest && encoded.size() == size) fuzz::require(fuzz::same(encoded, {data, size}));
  });
  return 0;
}
