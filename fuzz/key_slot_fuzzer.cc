// An object below "keys/", as it lies there and as the body of two whole copies. What
// decodes must encode to the same, asks for bounded work, and does not open with a
// secret that it was not made for.

#include "expect.h"
#include "repository/key_slot.h"
#include "repository/twin_copy.h"

namespace {

using namespace snapferry;
using namespace snapferry::repository;

// Deriving a key from a password takes as long as the slot asks for.
bool is_cheap(const KeySlot& slot) {
  return slot.derivation != Derivation::Argon2id || (slot.cost.passes <= 2 && slot.cost.kib <= 64);
}

void use(ByteView bytes) {
  fuzz::corrupt_at_most([&] {
    bool damaged = false;
    const KeySlot slot = decode_slot(bytes, "keys/0", &damaged);
    fuzz::require(slot.cost.passes <= kHighestKeyCost.passes &&
                  slot.cost.kib <= kHighestKeyCost.kib);
    if (!damaged) fuzz::require(fuzz::same(encode_slot(slot), bytes));
    // With `clear` there is no secret: whoever writes the slot may wrap what he likes.
    if (slot.kind == SlotKind::Clear || !is_cheap(slot)) return;
    fuzz::require(!unwrap(slot, "never used as a password"));
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  use(bytes);
  use(encode_twin(bytes));
  (void)parse_recovery_key(as_text(bytes));
  return 0;
}
