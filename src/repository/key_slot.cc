#include "repository/key_slot.h"

#include <algorithm>

#include <sodium.h>

#include "core/error.h"
#include "repository/twin_copy.h"

namespace snapferry::repository {
namespace {

constexpr std::string_view kSlotMagic = "SFKY";
constexpr std::uint8_t kOldestVersion = 1;
constexpr std::uint8_t kProvenVersion = 2;
constexpr std::size_t kSaltSize = crypto_pwhash_SALTBYTES;
constexpr std::size_t kNonceSize = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kWrappedSize = Key::kSize + crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr std::size_t kProofSize = 32;
constexpr std::size_t kRecoverySecret = 20;
constexpr std::size_t kRecoveryChecksum = 5;
constexpr std::string_view kBase32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

static_assert(kSaltSize == 16);

// What is before the nonce; also the additional data of the wrapping.
Bytes encode_head(const KeySlot& slot) {
  Bytes head;
  ByteWriter out(head);
  out.raw(as_bytes(kSlotMagic));
  out.u8(slot.version);
  out.u8(static_cast<std::uint8_t>(slot.kind));
  out.u8(static_cast<std::uint8_t>(slot.derivation));
  out.raw(slot.salt);
  out.u32(slot.cost.passes);
  out.u32(slot.cost.kib);
  out.i64(slot.created.seconds);
  out.sized(as_bytes(slot.label));
  return head;
}

Bytes encode_before_proof(const KeySlot& slot) {
  Bytes body = encode_head(slot);
  ByteWriter out(body);
  out.raw(slot.nonce);
  out.raw(slot.wrapped);
  return body;
}

Bytes proof_of(const KeySlot& slot, std::string_view id, const Key& master) {
  const auto mac =
      hmac_sha256(master.derive("key slot").view(), {as_bytes(id), encode_before_proof(slot)});
  return {mac.begin(), mac.end()};
}

Key argon2id(const KeySlot& slot, std::string_view password) {
  Key key;
  if (crypto_pwhash(key.data(), Key::kSize, password.data(), password.size(), slot.salt.data(),
                    slot.cost.passes, std::size_t{slot.cost.kib} << 10,
                    crypto_pwhash_ALG_ARGON2ID13) != 0) {
    throw Error(ErrorKind::Unavailable, "the password: not enough memory to derive the key (" +
                                            std::to_string(slot.cost.kib >> 10) + " MiB)");
  }
  return key;
}

// The only one that each kind may have: a password that is not derived would open to
// anyone, and a slot that says so is not of this program's making.
Derivation derivation_of(SlotKind kind) {
  switch (kind) {
    case SlotKind::Password:
      return Derivation::Argon2id;
    case SlotKind::Recovery:
      return Derivation::Hmac;
    case SlotKind::Clear:
      return Derivation::None;
  }
  return Derivation::None;
}

Key wrapping_key(const KeySlot& slot, ByteView secret) {
  switch (slot.derivation) {
    case Derivation::None:
      return {};
    case Derivation::Argon2id:
      return argon2id(slot, as_text(secret));
    case Derivation::Hmac:
      return Key{ByteView(hmac_sha256(slot.salt, {secret}))};
  }
  return {};
}

KeySlot wrap(KeySlot slot, const Key& master, ByteView secret) {
  slot.salt.resize(kSaltSize);
  random_bytes(slot.salt.data(), slot.salt.size());
  slot.nonce.resize(kNonceSize);
  random_bytes(slot.nonce.data(), slot.nonce.size());
  slot.wrapped.resize(kWrappedSize);
  const Bytes head = encode_head(slot);
  crypto_aead_xchacha20poly1305_ietf_encrypt(
      slot.wrapped.data(), nullptr, master.view().data(), Key::kSize, head.data(), head.size(),
      nullptr, slot.nonce.data(), wrapping_key(slot, secret).view().data());
  return slot;
}

// The secret and its checksum as base 32: 25 bytes are 40 characters.
std::string recovery_text(ByteView secret) {
  Bytes bytes(secret.begin(), secret.end());
  const auto check = checksum(secret);
  bytes.insert(bytes.end(), check.begin(), check.begin() + kRecoveryChecksum);
  std::string text;
  for (std::size_t bit = 0; bit < bytes.size() * 8; bit += 5) {
    unsigned value = 0;
    for (std::size_t i = bit; i < bit + 5; ++i) {
      value = value << 1 | (bytes[i / 8] >> (7 - i % 8) & 1u);
    }
    if (bit > 0 && bit % 25 == 0) text += '-';
    text += kBase32[value];
  }
  return text;
}

}  // namespace

KeySlot make_password_slot(const Key& master, std::string_view password, KeyCost cost,
                           std::string label, Timestamp now) {
  KeySlot slot;
  slot.cost = cost;
  slot.label = std::move(label);
  slot.created = now;
  return wrap(std::move(slot), master, as_bytes(password));
}

KeySlot make_clear_slot(const Key& master, Timestamp now) {
  KeySlot slot;
  slot.kind = SlotKind::Clear;
  slot.derivation = Derivation::None;
  slot.cost = {0, 0};
  slot.created = now;
  return wrap(std::move(slot), master, {});
}

RecoverySlot make_recovery_slot(const Key& master, std::string label, Timestamp now) {
  Bytes secret(kRecoverySecret);
  random_bytes(secret.data(), secret.size());
  KeySlot slot;
  slot.kind = SlotKind::Recovery;
  slot.derivation = Derivation::Hmac;
  slot.cost = {0, 0};
  slot.label = std::move(label);
  slot.created = now;
  RecoverySlot result{wrap(std::move(slot), master, secret), recovery_text(secret)};
  sodium_memzero(secret.data(), secret.size());
  return result;
}

std::optional<Bytes> parse_recovery_key(std::string_view text) {
  Bytes bytes(kRecoverySecret + kRecoveryChecksum);
  std::size_t bit = 0;
  for (char c : text) {
    if (c == '-' || c == ' ' || c == '\n' || c == '\r' || c == '\t') continue;
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    const std::size_t value = kBase32.find(c);
    if (value == std::string_view::npos || bit >= bytes.size() * 8) return std::nullopt;
    for (int i = 4; i >= 0; --i, ++bit) {
      if ((value >> i & 1) != 0) bytes[bit / 8] |= static_cast<std::uint8_t>(0x80 >> bit % 8);
    }
  }
  if (bit != bytes.size() * 8) return std::nullopt;
  const ByteView secret = ByteView(bytes).first(kRecoverySecret);
  const auto check = checksum(secret);
  if (!std::equal(check.begin(), check.begin() + kRecoveryChecksum,
                  bytes.begin() + kRecoverySecret)) {
    return std::nullopt;
  }
  bytes.resize(kRecoverySecret);
  return bytes;
}

void prove(KeySlot& slot, std::string_view id, const Key& master) {
  slot.proof = proof_of(slot, id, master);
}

bool is_proven(const KeySlot& slot, std::string_view id, const Key& master) {
  if (slot.version < kProvenVersion || slot.proof.size() != kProofSize) return false;
  return sodium_memcmp(slot.proof.data(), proof_of(slot, id, master).data(), kProofSize) == 0;
}

Bytes encode_slot(const KeySlot& slot) {
  Bytes body = encode_before_proof(slot);
  ByteWriter(body).raw(slot.proof);
  return encode_twin(body);
}

KeySlot decode_slot(ByteView bytes, std::string_view subject, bool* one_damaged) {
  const TwinBody twin = decode_twin(bytes, subject);
  if (one_damaged != nullptr) *one_damaged = twin.one_damaged;
  ByteReader in(twin.body, subject);
  if (as_text(in.raw(kSlotMagic.size())) != kSlotMagic) in.fail("is no key");
  KeySlot slot;
  slot.version = in.u8();
  if (slot.version < kOldestVersion || slot.version > kProvenVersion) {
    in.fail("has a version that this program does not know");
  }
  const std::uint8_t kind = in.u8();
  const std::uint8_t derivation = in.u8();
  if (kind < 1 || kind > 3) in.fail("kind is unknown");
  if (derivation > 2) in.fail("derivation is unknown");
  slot.kind = static_cast<SlotKind>(kind);
  slot.derivation = static_cast<Derivation>(derivation);
  if (slot.derivation != derivation_of(slot.kind)) in.fail("derivation is not that of its kind");
  const auto take = [&](std::size_t size) {
    const ByteView part = in.raw(size);
    return Bytes(part.begin(), part.end());
  };
  slot.salt = take(kSaltSize);
  slot.cost.passes = in.u32();
  slot.cost.kib = in.u32();
  if (slot.cost.passes > kHighestKeyCost.passes || slot.cost.kib > kHighestKeyCost.kib) {
    in.fail("asks for more work than this program ever does");
  }
  if (slot.derivation == Derivation::Argon2id && (slot.cost.passes < 1 || slot.cost.kib < 8)) {
    in.fail("asks for too little work");
  }
  slot.created.seconds = in.i64();
  slot.label = as_text(in.sized());
  if (slot.label.size() > kLongestLabel) in.fail("has a label that is too long");
  slot.nonce = take(kNonceSize);
  slot.wrapped = take(kWrappedSize);
  if (slot.version >= kProvenVersion) slot.proof = take(kProofSize);
  in.expect_end();
  return slot;
}

std::optional<Key> unwrap(const KeySlot& slot, std::string_view secret) {
  const bool is_recovery = slot.kind == SlotKind::Recovery;
  auto parsed = is_recovery ? parse_recovery_key(secret) : std::nullopt;
  if (is_recovery && !parsed) return std::nullopt;
  Bytes bytes =
      parsed ? std::move(*parsed) : Bytes(as_bytes(secret).begin(), as_bytes(secret).end());
  const Bytes head = encode_head(slot);
  Key master;
  const int result = crypto_aead_xchacha20poly1305_ietf_decrypt(
      master.data(), nullptr, nullptr, slot.wrapped.data(), slot.wrapped.size(), head.data(),
      head.size(), slot.nonce.data(), wrapping_key(slot, bytes).view().data());
  if (!bytes.empty()) sodium_memzero(bytes.data(), bytes.size());
  if (result != 0) return std::nullopt;
  return master;
}

}  // namespace snapferry::repository
