#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "blob/storage.h"
#include "repository/config.h"
#include "repository/key_slot.h"
#include "repository/repository.h"

namespace snapferry::repository {

// The objects below "keys/". FORMAT.md, "Which slots belong here", says what counts.

inline constexpr std::string_view kKeyDirectory = "keys";
// Of the id in the name of a slot, which has two digits for each.
inline constexpr std::size_t kSlotIdBytes = 8;
// So many slots are read, and so many passwords derived, whatever there is.
inline constexpr std::size_t kMostSlotsRead = 1024;
inline constexpr std::size_t kMostDerived = 64;

// What is a key by its name; anything else there is no object of this format.
std::vector<blob::ObjectInfo> key_objects(blob::Storage& storage);

struct OpenedKey {
  Key master;
  std::string id;  // of the slot that opened
  KeyCost cost;    // for further passwords
};

struct StoredSlot {
  std::string id;
  std::optional<KeySlot> slot;   // none: it cannot be read
  std::string damage;            // then: why
  std::optional<Error> refused;  // where it is not damage: the storage did not give it
};

struct StoredSlots {
  std::vector<StoredSlot> slots;  // oldest first
  std::size_t unread = 0;         // of more than kMostSlotsRead
};

// One that cannot be read stops no other.
StoredSlots read_slots(blob::Storage& storage);

// Finds the slot that opens and whose master key `config` was made with, asking `password` at most
// once. If `config` says that the repository is encrypted, slots that need no secret are passed
// over: whoever can write to the storage can make one, for a key of their own. Throws
// WrongPassword, or Corrupt if no slot is whole or what opens does not belong here.
OpenedKey open_key(blob::Storage& storage, const ReadConfig& config,
                   const std::function<std::string()>& password);

// All slots that `secret` opens, whatever their master keys belong to; for a storage that has no
// config. Never a clear one for a password.
std::vector<OpenedKey> open_all(const std::vector<StoredSlot>& slots, Sealing sealing,
                                std::string_view secret);

// Stores it durably under a new id, which is returned. Throws Conflict if there are as many as are
// ever tried.
std::string store_slot(blob::Storage& storage, const Key& master, KeySlot slot);

// What is known of `stored` with the master key that `opened` gave.
KeyState state_of(const StoredSlot& stored, const OpenedKey& opened, Sealing sealing);

std::vector<KeyInfo> list_keys(blob::Storage& storage, const OpenedKey& opened, Sealing sealing);

}  // namespace snapferry::repository
