#include "repository/crypto.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <openssl/evp.h>
#include <sodium.h>

#include "core/error.h"

namespace snapferry::repository {
namespace {

using DigestContext = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

void require(int result, const char* what) {
  if (result != 1) throw Error(ErrorKind::Internal, std::string("OpenSSL: ") + what + " failed");
}

DigestContext new_digest() {
  DigestContext context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  if (!context) throw std::bad_alloc();
  return context;
}

// Contexts that have taken in one padded key block each, so that an HMAC of a small
// object costs no more than it must.
struct HmacStart {
  DigestContext inner = new_digest();
  DigestContext outer = new_digest();

  explicit HmacStart(ByteView key) {
    std::array<std::uint8_t, 64> block{};
    std::copy(key.begin(), key.end(), block.begin());  // keys are 64 bytes at most
    begin(inner.get(), block, 0x36);
    begin(outer.get(), block, 0x5c);
    sodium_memzero(block.data(), block.size());
  }

 private:
  static void begin(EVP_MD_CTX* context, std::array<std::uint8_t, 64> block, std::uint8_t pad) {
    for (std::uint8_t& byte : block) byte ^= pad;
    require(EVP_DigestInit_ex(context, EVP_sha256(), nullptr), "digest");
    require(EVP_DigestUpdate(context, block.data(), block.size()), "digest");
    sodium_memzero(block.data(), block.size());
  }
};

std::array<std::uint8_t, 32> finish_hmac(const HmacStart& start,
                                         std::initializer_list<ByteView> parts) {
  thread_local DigestContext context = new_digest();
  std::array<std::uint8_t, 32> result;
  require(EVP_MD_CTX_copy_ex(context.get(), start.inner.get()), "digest");
  for (ByteView part : parts) {
    require(EVP_DigestUpdate(context.get(), part.data(), part.size()), "digest");
  }
  require(EVP_DigestFinal_ex(context.get(), result.data(), nullptr), "digest");
  require(EVP_MD_CTX_copy_ex(context.get(), start.outer.get()), "digest");
  require(EVP_DigestUpdate(context.get(), result.data(), result.size()), "digest");
  require(EVP_DigestFinal_ex(context.get(), result.data(), nullptr), "digest");
  return result;
}

}  // namespace

Key::Key(ByteView bytes) : Key() {
  if (bytes.size() != kSize) throw Error(ErrorKind::Internal, "key: wrong size");
  std::copy(bytes.begin(), bytes.end(), bytes_);
}

Key::Key(const Key& other) : Key(other.view()) {}

Key& Key::operator=(const Key& other) {
  std::copy_n(other.bytes_, kSize, bytes_);
  return *this;
}

void wipe(std::string& text) noexcept {
  sodium_memzero(text.data(), text.size());
  text.clear();
}

void wipe(Bytes& bytes) noexcept {
  if (!bytes.empty()) sodium_memzero(bytes.data(), bytes.size());
  bytes.clear();
}

Secret::Secret(std::string_view text)
    : text_(sodium_init() < 0 ? nullptr : static_cast<char*>(sodium_malloc(text.size()))),
      size_(text.size()) {
  if (text_ == nullptr) throw std::bad_alloc();
  std::ranges::copy(text, text_);
}

Secret::~Secret() { sodium_free(text_); }

Key Key::derive(std::string_view label, ByteView context) const {
  const std::uint8_t separator = 0;
  auto derived = hmac_sha256(view(), {as_bytes(label), ByteView(&separator, 1), context});
  Key key{ByteView(derived)};
  sodium_memzero(derived.data(), derived.size());
  return key;
}

std::array<std::uint8_t, 32> hmac_sha256(ByteView key, std::initializer_list<ByteView> parts) {
  if (key.size() > 64) throw Error(ErrorKind::Internal, "key: too long for HMAC");
  return finish_hmac(HmacStart(key), parts);
}

// Of little, and also in runs that need nothing else of OpenSSL, which takes a while to start.
std::array<std::uint8_t, 8> checksum(ByteView bytes) {
  std::array<std::uint8_t, crypto_hash_sha256_BYTES> digest;
  crypto_hash_sha256(digest.data(), bytes.data(), bytes.size());
  std::array<std::uint8_t, 8> result;
  std::copy_n(digest.begin(), result.size(), result.begin());
  return result;
}

void random_bytes(std::uint8_t* out, std::size_t size) {
  if (sodium_init() < 0) throw Error(ErrorKind::Internal, "libsodium: cannot start");
  randombytes_buf(out, size);
}

ObjectId random_id() {
  ObjectId id;
  random_bytes(id.bytes.data(), id.bytes.size());
  return id;
}

struct ContentIds::Prepared {
  HmacStart start;
};

ContentIds::ContentIds(const Key& master) {
  static constexpr std::pair<ObjectKind, std::string_view> kLabels[] = {
      {ObjectKind::Data, "id data"}, {ObjectKind::Tree, "id tree"}, {ObjectKind::List, "id list"}};
  for (const auto& [kind, label] : kLabels) {
    prepared_[static_cast<std::size_t>(kind)] =
        new Prepared{HmacStart(master.derive(label).view())};
  }
}

ContentIds::~ContentIds() {
  for (Prepared* prepared : prepared_) delete prepared;
}

ObjectId ContentIds::id(ObjectKind kind, ByteView bytes) const {
  return ObjectId{finish_hmac(prepared_[static_cast<std::size_t>(kind)]->start, {bytes})};
}

Nonce nonce_of(std::uint64_t number) {
  Nonce nonce{};
  std::memcpy(nonce.data(), &number, sizeof number);
  return nonce;
}

Sealer::Sealer(const Key& key, Sealing sealing)
    : context_(EVP_CIPHER_CTX_new()), sealing_(sealing) {
  if (context_ == nullptr) throw std::bad_alloc();
  auto* context = static_cast<EVP_CIPHER_CTX*>(context_);
  require(EVP_CipherInit_ex(context, EVP_aes_256_gcm(), nullptr, key.view().data(), nullptr, 1),
          "cipher");
}

Sealer::~Sealer() { EVP_CIPHER_CTX_free(static_cast<EVP_CIPHER_CTX*>(context_)); }

Sealer::Sealer(Sealer&& other) noexcept
    : context_(std::exchange(other.context_, nullptr)), sealing_(other.sealing_) {}

void Sealer::seal(const Nonce& nonce, ByteView aad, ByteView first, ByteView second, Bytes& out) {
  auto* context = static_cast<EVP_CIPHER_CTX*>(context_);
  require(EVP_CipherInit_ex(context, nullptr, nullptr, nullptr, nonce.data(), 1), "cipher");
  int written = 0;
  require(EVP_CipherUpdate(context, nullptr, &written, aad.data(), static_cast<int>(aad.size())),
          "cipher");
  std::size_t position = out.size();
  out.resize(position + first.size() + second.size() + kTagSize);
  for (ByteView part : {first, second}) {
    if (part.empty()) continue;
    std::uint8_t* target = out.data() + position;
    if (sealing_ == Sealing::Authenticate) std::memcpy(target, part.data(), part.size());
    require(EVP_CipherUpdate(context, sealing_ == Sealing::Encrypt ? target : nullptr, &written,
                             part.data(), static_cast<int>(part.size())),
            "cipher");
    position += part.size();
  }
  require(EVP_CipherFinal_ex(context, out.data() + position, &written), "cipher");
  require(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, kTagSize, out.data() + position),
          "cipher");
}

bool Sealer::open(const Nonce& nonce, ByteView aad, ByteView sealed, Bytes& out) {
  out.clear();
  if (sealed.size() < kTagSize) return false;
  const ByteView body = sealed.first(sealed.size() - kTagSize);
  Bytes tag(sealed.end() - kTagSize, sealed.end());
  auto* context = static_cast<EVP_CIPHER_CTX*>(context_);
  require(EVP_CipherInit_ex(context, nullptr, nullptr, nullptr, nonce.data(), 0), "cipher");
  require(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, kTagSize, tag.data()), "cipher");
  int written = 0;
  require(EVP_CipherUpdate(context, nullptr, &written, aad.data(), static_cast<int>(aad.size())),
          "cipher");
  out.resize(body.size());
  if (sealing_ == Sealing::Authenticate) std::copy(body.begin(), body.end(), out.begin());
  if (!body.empty()) {
    require(EVP_CipherUpdate(context, sealing_ == Sealing::Encrypt ? out.data() : nullptr, &written,
                             body.data(), static_cast<int>(body.size())),
            "cipher");
  }
  std::uint8_t rest[16];
  if (EVP_CipherFinal_ex(context, rest, &written) != 1) {
    out.clear();
    return false;
  }
  return true;
}

}  // namespace snapferry::repository
