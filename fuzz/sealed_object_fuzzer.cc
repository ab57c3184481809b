// Sealed objects as they lie there, and what is in them once they have opened: codec,
// length and payload, sealed here with the right key. The name and the type are part of
// what is sealed.

#include "expect.h"
#include "repository/compression.h"
#include "repository/sealed_object.h"

namespace {

using namespace snapferry;
using namespace snapferry::repository;

constexpr std::string_view kName = "index/0";

// FORMAT.md, "Sealing".
Bytes seal(Sealing sealing, ByteView coded) {
  Bytes head;
  ByteWriter out(head);
  out.raw(as_bytes("SFOB"));
  out.u8(1);
  out.u8(static_cast<std::uint8_t>(ObjectType::Index));
  Bytes aad = head;
  ByteWriter(aad).raw(as_bytes(kName));
  const Nonce nonce{};
  out.raw(nonce);
  Sealer(Key(), sealing).seal(nonce, aad, coded, {}, head);
  return head;
}

void open(Sealing sealing, ByteView object) {
  fuzz::corrupt_at_most([&] { open_object(Key(), sealing, ObjectType::Index, kName, object); });
}

void open_sealed(Sealing sealing, ByteView coded) {
  const Bytes object = seal(sealing, coded);
  fuzz::corrupt_at_most([&] {
    const Bytes plain = open_object(Key(), sealing, ObjectType::Index, kName, object);
    const Bytes again = seal_object(Key(), sealing, ObjectType::Index, kName, plain);
    fuzz::require(open_object(Key(), sealing, ObjectType::Index, kName, again) == plain);
  });
  fuzz::corrupt_at_most([&] {
    open_object(Key(), sealing, ObjectType::Claim, kName, object);
    fuzz::require(false);
  });
  fuzz::corrupt_at_most([&] {
    open_object(Key(), sealing, ObjectType::Index, "index/1", object);
    fuzz::require(false);
  });
}

// A piece of a pack has its length in the table of contents instead.
void decompress_piece(ByteView coded) {
  fuzz::corrupt_at_most([&] { fuzz::require(decompress(coded, 1000, "piece").size() == 1000); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  for (const Sealing sealing : {Sealing::Encrypt, Sealing::Authenticate}) {
    open(sealing, bytes);
    open_sealed(sealing, bytes);
  }
  decompress_piece(bytes);
  return 0;
}
