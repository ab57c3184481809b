#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "core/bytes.h"
#include "core/object_id.h"
#include "core/object_store.h"
#include "repository/key_memory.h"

namespace snapferry::repository {

// 32 secret bytes in memory of their own kind (key_memory.h), wiped when they go.
class Key {
 public:
  static constexpr std::size_t kSize = kKeyBytes;
  Key() : bytes_(take_key_memory()) {}  // zeros
  explicit Key(ByteView bytes);
  Key(const Key& other);
  Key& operator=(const Key& other);
  ~Key() { give_back_key_memory(bytes_); }

  ByteView view() const { return {bytes_, kSize}; }
  std::uint8_t* data() { return bytes_; }

  // HMAC-SHA-256(this, label || 00 || context): FORMAT.md, "Keys and ids".
  Key derive(std::string_view label, ByteView context = {}) const;

 private:
  std::uint8_t* const bytes_;
};

// Fills it with zeros, then empties it.
void wipe(std::string& text) noexcept;
void wipe(Bytes& bytes) noexcept;

// A password, in memory that is locked as that of keys is, and wiped when it goes.
class Secret {
 public:
  explicit Secret(std::string_view text);
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  std::string_view view() const { return {text_, size_}; }

 private:
  char* const text_;
  const std::size_t size_;
};

// HMAC-SHA-256 of what the parts make up together.
std::array<std::uint8_t, 32> hmac_sha256(ByteView key, std::initializer_list<ByteView> parts);
// The first eight bytes of SHA-256, as a checksum against accidents.
std::array<std::uint8_t, 8> checksum(ByteView bytes);
ObjectId random_id();
void random_bytes(std::uint8_t* out, std::size_t size);

// Computes the ids of content. Safe from several threads.
class ContentIds {
 public:
  explicit ContentIds(const Key& master);
  ~ContentIds();
  ContentIds(const ContentIds&) = delete;
  ContentIds& operator=(const ContentIds&) = delete;

  ObjectId id(ObjectKind kind, ByteView bytes) const;

 private:
  struct Prepared;
  std::array<Prepared*, 4> prepared_{};  // by kind; owned
};

enum class Sealing : std::uint8_t {
  Authenticate = 0,  // the bytes stay readable and carry a tag
  Encrypt = 1,
};

inline constexpr std::size_t kTagSize = 16;
using Nonce = std::array<std::uint8_t, 12>;

// The nonce for something at `number` within its key.
Nonce nonce_of(std::uint64_t number);

// Seals and opens under one key (FORMAT.md, "Sealing"). Not safe from several
// threads at once.
class Sealer {
 public:
  Sealer(const Key& key, Sealing sealing);
  ~Sealer();
  Sealer(Sealer&& other) noexcept;
  Sealer& operator=(Sealer&&) = delete;

  // Appends the sealed form of the parts, put one behind the other, to `out`.
  void seal(const Nonce& nonce, ByteView aad, ByteView first, ByteView second, Bytes& out);

  // Replaces `out` with what was sealed. False if it is not authentic.
  [[nodiscard]] bool open(const Nonce& nonce, ByteView aad, ByteView sealed, Bytes& out);

 private:
  void* context_;  // EVP_CIPHER_CTX
  Sealing sealing_;
};

}  // namespace snapferry::repository
