#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.h"

namespace snapferry::stores {

// What was seen of the store at an address.
struct SeenStore {
  // Of native stores nothing is known: they are as encrypted as what they are in.
  enum class Protection : std::uint8_t { Unknown = 0, Encrypted = 1, None = 2 };

  std::string identity;  // hexadecimal digits: of a repository its id
  Protection protection = Protection::Unknown;
  std::string mount_point;  // of the filesystem that its directory is on; empty: not known

  // The first digits, for messages.
  std::string short_identity() const { return identity.substr(0, 8); }
  bool operator==(const SeenStore&) const = default;
};

// How what is at an address compares with what was seen there.
enum class Familiarity {
  New,           // nothing was seen there
  Known,         // this store was
  OtherStore,    // others were
  NotEncrypted,  // what was seen there was encrypted, and this is not
};
Familiarity compare(const std::vector<SeenStore>& seen, const SeenStore& now);

// `seen`, newest first, after `now` was seen, too. There is an end to how many are kept.
std::vector<SeenStore> with_seen(std::vector<SeenStore> seen, const SeenStore& now);

//   known   := body, first 8 bytes of SHA-256(body)
//   body    := u8 version = 1, u32 user, bytes address, u32 count, store*      newest first
//   store   := bytes identity, u8 protection, bytes mount point
Bytes encode_known(std::uint32_t user, std::string_view address,
                   const std::vector<SeenStore>& seen);
// Nothing for bytes that are not whole, or of another user or address.
std::vector<SeenStore> decode_known(ByteView bytes, std::uint32_t user, std::string_view address);

// Remembers in the local cache which stores a user saw at which address: several where disks take
// turns at one. A cache that is lost or cannot be used remembers nothing, and that is all: nothing
// here throws.
class KnownStores {
 public:
  // Below `cache_directory`; empty: nowhere.
  KnownStores(const std::string& cache_directory, std::uint32_t user);

  // Newest first.
  std::vector<SeenStore> at(const std::string& address) const;
  void remember(const std::string& address, const SeenStore& store) const;

 private:
  std::string path_of(const std::string& address) const;

  const std::string directory_;
  const std::uint32_t user_;
};

}  // namespace snapferry::stores
