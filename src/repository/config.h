#pragma once

#include "blob/storage.h"
#include "core/object_id.h"
#include "repository/crypto.h"

namespace snapferry::repository {

// What is written here at creation, and the newest that is understood (FORMAT.md, "Versions").
inline constexpr std::uint32_t kFormatVersion = 2;
// The first in which manifests have room for the token of a change feed.
inline constexpr std::uint32_t kVersionWithFeeds = 2;
inline constexpr std::string_view kConfigName = "config";

// The object `config`: what must be known before a key is.
struct Config {
  ObjectId id;
  Sealing sealing = Sealing::Encrypt;
  std::uint32_t version = kFormatVersion;  // of everything in the repository
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
