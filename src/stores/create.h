#pragma once

#include <functional>
#include <string>

#include "core/store_address.h"
#include "stores/surroundings.h"

namespace snapferry::stores {

struct CreateRequest {
  // Of a repository: sealed with keys that its first password opens. A store of native snapshots is
  // as encrypted as what it is in.
  bool encrypted = true;
  // The first password of the repository of that name; called once, where it is encrypted.
  std::function<std::string(const std::string& store)> first_password = {};
};

// Makes a store at the address, which is the familiar one there from now on, and returns its name
// as --store takes it. Throws AlreadyExists where there is one, Conflict where something else is
// there, or where a store was seen on a disk that is not mounted now, in whose mount point this one
// would be.
std::string create(const StoreAddress& address, const CreateRequest& request,
                   const Surroundings& surroundings);

}  // namespace snapferry::stores
