#include "stores/open.h"

#include <algorithm>
#include <array>

#include "stores/native_store.h"
#include "stores/repository_store.h"
#include "stores/store_recognition.h"

namespace snapferry::stores {
namespace {

std::unique_ptr<SnapshotStore> open_repository_store(const StoreAddress& address,
                                                     const Surroundings& surroundings) {
  return open_repository(address, surroundings, "this");
}

std::unique_ptr<SnapshotStore> open_native_store(const StoreAddress& address,
                                                 const Surroundings& surroundings) {
  const auto endpoints = surroundings.open_endpoints();
  return std::make_unique<NativeStore>(open_native(address, surroundings, *endpoints),
                                       surroundings.clock, surroundings.reached_by.host);
}

struct Opener {
  StoreKind kind;
  std::unique_ptr<SnapshotStore> (*open)(const StoreAddress&, const Surroundings&);
};

// Every kind of store that there is.
constexpr std::array kOpeners = {
    Opener{StoreKind::Repository, open_repository_store},
    Opener{StoreKind::Zfs, open_native_store},
    Opener{StoreKind::Btrfs, open_native_store},
};

}  // namespace

std::unique_ptr<SnapshotStore> open(const StoreAddress& address, const Surroundings& surroundings) {
  const auto* opener = std::ranges::find(kOpeners, address.kind, &Opener::kind);
  return opener->open(address, surroundings);
}

std::unique_ptr<Store> open_native(const StoreAddress& address, const Surroundings& surroundings,
                                   Endpoints& endpoints) {
  auto store = endpoints.store(address);
  recognise_native(surroundings, address, *store);
  return store;
}

}  // namespace snapferry::stores
