#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/bytes.h"
#include "core/entry.h"
#include "repository/crypto.h"

namespace snapferry::repository {

enum class SlotKind : std::uint8_t { Password = 1, Recovery = 2, Clear = 3 };
enum class Derivation : std::uint8_t { None = 0, Argon2id = 1, Hmac = 2 };

// What deriving a key from a password costs.
struct KeyCost {
  std::uint32_t passes = 3;
  std::uint32_t kib = 64 << 10;
};
inline constexpr KeyCost kWeakKeyCost{1, 8};  // for tests

// What this program writes at most, and so the most that it derives for anyone.
inline constexpr KeyCost kHighestKeyCost{};
inline constexpr std::size_t kLongestLabel = 255;

// One object below "keys/": the master key, wrapped.
struct KeySlot {
  std::uint8_t version = 2;
  SlotKind kind = SlotKind::Password;
  Derivation derivation = Derivation::Argon2id;
  Bytes salt;  // 16
  KeyCost cost;
  Timestamp created;
  std::string label;
  Bytes nonce;    // 24
  Bytes wrapped;  // 48
  Bytes proof;    // 32; of version 2 alone
};

KeySlot make_password_slot(const Key& master, std::string_view password, KeyCost cost,
                           std::string label, Timestamp now);
KeySlot make_clear_slot(const Key& master, Timestamp now);

struct RecoverySlot {
  KeySlot slot;
  std::string text;  // what to print: eight groups of five
};
RecoverySlot make_recovery_slot(const Key& master, std::string label, Timestamp now);

// The 20 secret bytes of a printed recovery key; case, spaces and dashes do not
// matter. nullopt if it is none or was mistyped.
std::optional<Bytes> parse_recovery_key(std::string_view text);

// Makes the slot, stored under `id`, one that is known to belong to the repository of `master`.
void prove(KeySlot& slot, std::string_view id, const Key& master);
// Whether it is. Never of version 1, which has no proof.
bool is_proven(const KeySlot& slot, std::string_view id, const Key& master);

Bytes encode_slot(const KeySlot& slot);
// Throws Corrupt, also for costs above kHighestKeyCost.
KeySlot decode_slot(ByteView bytes, std::string_view subject, bool* one_damaged = nullptr);

// nullopt if `secret` (a password, or a printed recovery key) does not open the slot. What it gives
// need not be the master key of this repository: the config tells.
std::optional<Key> unwrap(const KeySlot& slot, std::string_view secret);

}  // namespace snapferry::repository
