#pragma once

#include "blob/storage.h"
#include "core/object_id.h"
#include "repository/crypto.h"

namespace snapferry::repository {

inline constexpr std::uint32_t kFormatVersion = 1;
inline constexpr std::string_view kConfigName = "config";

// The object `config`: what must be known before a key is.
struct Config {
  ObjectId id;
  Sealing sealing = Sealing::Encrypt;
};

Bytes encode_config(const Config& config, const Key& master);

// A config that was read but not yet authenticated.
struct ReadConfig {
  Config config;
  Bytes covered;  // what the mac is over
  ObjectId mac;
  bool one_damaged = false;
  // Whether `master` is the key it was written with.
  bool is_of(const Key& master) const;
  // Throws Corrupt unless it is.
  void authenticate(const Key& master) const;
};

// Throws Unsupported for a newer version, Corrupt.
ReadConfig decode_config(ByteView bytes);

}  // namespace snapferry::repository
