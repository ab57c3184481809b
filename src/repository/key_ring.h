#pragma once

#include <functional>
#include <string>
#include <vector>

#include "blob/storage.h"
#include "repository/key_slot.h"
#include "repository/repository.h"

namespace snapferry::repository {

// The objects below "keys/".

struct OpenedKey {
  Key master;
  std::string id;  // of the slot that opened
  KeyCost cost;    // for further passwords
};

// Finds a slot that opens, asking `password` at most once. If `encrypted`, slots that
// need no secret are passed over: whoever can write to the storage can make one, for a
// key of their own. Throws WrongPassword, or Corrupt if no slot is whole.
OpenedKey open_key(blob::Storage& storage, bool encrypted,
                   const std::function<std::string()>& password);

// Stores it durably under a new id, which is returned.
std::string store_slot(blob::Storage& storage, const KeySlot& slot);

std::vector<KeyInfo> list_keys(blob::Storage& storage, const std::string& current);

// Throws NotFound, InvalidArgument if `id` is a prefix of several, Conflict for the last.
void remove_slot(blob::Storage& storage, const std::string& id);

}  // namespace snapferry::repository
