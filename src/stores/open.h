#pragma once

#include <memory>

#include "core/store.h"
#include "core/store_address.h"
#include "stores/snapshot_store.h"
#include "stores/surroundings.h"

namespace snapferry::stores {

// Opens the store at the address, of whatever kind. Throws NoSuchStore, WrongPassword, Unsupported,
// Corrupt, and Conflict where another store was seen there (stores/store_recognition.h).
std::unique_ptr<SnapshotStore> open(const StoreAddress& address, const Surroundings& surroundings);

// A store of native snapshots as replication sees it. Throws NoSuchStore, and Conflict where
// another one was seen there.
std::unique_ptr<Store> open_native(const StoreAddress& address, const Surroundings& surroundings,
                                   Endpoints& endpoints);

}  // namespace snapferry::stores
