#include "stores/known_stores.h"

#include <algorithm>
#include <filesystem>

#include <fcntl.h>

#include "core/error.h"
#include "platform/fd.h"
#include "repository/crypto.h"
#include "repository/temporary_file.h"

namespace snapferry::stores {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kMostSeen = 32;
constexpr std::size_t kChecksumSize = 8;
constexpr std::size_t kMostBytes = 64u << 10;

bool is_encrypted(const SeenStore& store) {
  return store.protection == SeenStore::Protection::Encrypted;
}

SeenStore::Protection protection_of(std::uint8_t value) {
  return value <= static_cast<std::uint8_t>(SeenStore::Protection::None)
             ? static_cast<SeenStore::Protection>(value)
             : SeenStore::Protection::Unknown;
}

std::string read_text(ByteReader& in) {
  const std::uint32_t size = in.u32();
  return std::string(as_text(in.raw(size)));
}

std::vector<SeenStore> decode_body(ByteView body, std::uint32_t user, std::string_view address) {
  ByteReader in(body, "known store");
  if (in.u8() != kVersion || in.u32() != user || read_text(in) != address) return {};
  std::vector<SeenStore> seen;
  for (std::uint32_t left = std::min<std::uint32_t>(in.u32(), kMostSeen); left > 0; --left) {
    SeenStore store;
    store.identity = read_text(in);
    store.protection = protection_of(in.u8());
    store.mount_point = read_text(in);
    seen.push_back(std::move(store));
  }
  in.expect_end();
  return seen;
}

}  // namespace

Familiarity compare(const std::vector<SeenStore>& seen, const SeenStore& now) {
  if (seen.empty()) return Familiarity::New;
  const auto same = std::ranges::find(seen, now.identity, &SeenStore::identity);
  const bool was_encrypted =
      same == seen.end() ? std::ranges::any_of(seen, is_encrypted) : is_encrypted(*same);
  if (was_encrypted && now.protection == SeenStore::Protection::None) {
    return Familiarity::NotEncrypted;
  }
  return same == seen.end() ? Familiarity::OtherStore : Familiarity::Known;
}

std::vector<SeenStore> with_seen(std::vector<SeenStore> seen, const SeenStore& now) {
  std::erase_if(seen, [&](const SeenStore& store) { return store.identity == now.identity; });
  seen.insert(seen.begin(), now);
  if (seen.size() > kMostSeen) seen.resize(kMostSeen);
  return seen;
}

Bytes encode_known(std::uint32_t user, std::string_view address,
                   const std::vector<SeenStore>& seen) {
  Bytes bytes;
  ByteWriter out(bytes);
  out.u8(kVersion);
  out.u32(user);
  out.sized(as_bytes(address));
  out.u32(static_cast<std::uint32_t>(seen.size()));
  for (const SeenStore& store : seen) {
    out.sized(as_bytes(store.identity));
    out.u8(static_cast<std::uint8_t>(store.protection));
    out.sized(as_bytes(store.mount_point));
  }
  const auto check = repository::checksum(bytes);
  out.raw(check);
  return bytes;
}

std::vector<SeenStore> decode_known(ByteView bytes, std::uint32_t user, std::string_view address) {
  if (bytes.size() < kChecksumSize) return {};
  const ByteView body = bytes.first(bytes.size() - kChecksumSize);
  if (!std::ranges::equal(repository::checksum(body), bytes.last(kChecksumSize))) return {};
  try {
    return decode_body(body, user, address);
  } catch (const Error&) {
    return {};
  }
}

KnownStores::KnownStores(const std::string& cache_directory, std::uint32_t user)
    : directory_(cache_directory.empty() ? "" : cache_directory + "/stores"), user_(user) {}

std::string KnownStores::path_of(const std::string& address) const {
  const std::string key = std::to_string(user_) + " " + address;
  return directory_ + "/" + to_hex(repository::checksum(as_bytes(key)));
}

std::vector<SeenStore> KnownStores::at(const std::string& address) const {
  if (directory_.empty()) return {};
  try {
    const std::string path = path_of(address);
    const auto file = platform::open_path(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    Bytes bytes(kMostBytes);
    bytes.resize(platform::read_up_to(file.get(), bytes.data(), bytes.size(), path));
    return decode_known(bytes, user_, address);
  } catch (const Error&) {
    return {};
  }
}

void KnownStores::remember(const std::string& address, const SeenStore& store) const {
  if (directory_.empty()) return;
  const auto seen = at(address);
  if (!seen.empty() && seen.front() == store) return;
  try {
    std::error_code error;
    std::filesystem::create_directories(directory_, error);
    repository::TemporaryFile file(directory_);
    file.append(encode_known(user_, address, with_seen(seen, store)));
    file.publish(path_of(address));
  } catch (const Error&) {
    // It will be seen again.
  }
}

}  // namespace snapferry::stores
