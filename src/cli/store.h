#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/context.h"
#include "core/store_address.h"
#include "stores/repository_store.h"
#include "stores/snapshot_store.h"
#include "stores/surroundings.h"

namespace snapferry::cli {

// "--accept-changed-store": another store than before is meant.
extern const OptionSpec kAcceptChangedStore;

// The STORE of --store or SNAPFERRY_STORE. Throws InvalidArgument if there is neither.
std::string store_text(const Context& context);
// The same as an address. Throws as StoreAddress::parse() does, too.
StoreAddress store_address(const Context& context);

// What this command line has for whoever opens the store at `address`. Borrows `context`.
stores::Surroundings surroundings_for(Context& context, const StoreAddress& address);

// Opens the store, of whatever kind. Throws as stores::open() does.
std::unique_ptr<stores::SnapshotStore> open_store(Context& context);

// The same for what only a repository has, as stores::open_repository() does.
std::unique_ptr<stores::RepositoryStore> open_repository(Context& context,
                                                         std::string_view purpose);
// The same at an address that another option gave.
std::unique_ptr<stores::RepositoryStore> open_repository_at(Context& context,
                                                            const StoreAddress& address,
                                                            std::string_view purpose);

// The ends that addresses of this run mean. `set` is what agents are asked to serve.
std::unique_ptr<stores::Endpoints> endpoints_of(Context& context,
                                                const std::string& set = "default");

// The name of this machine in stores of native snapshots.
std::string own_host(const Context& context);

// Those of the set that --set names, where the command takes it; all without. Throws NotFound where
// there are snapshots and none is of that set.
std::vector<Snapshot> of_chosen_set(const Context& context, std::vector<Snapshot> snapshots);

// The snapshots of the store, of the chosen set, oldest first. Damaged manifests are named as
// warnings and set `damaged`, if given.
std::vector<Snapshot> list_snapshots(Context& context, stores::SnapshotStore& store,
                                     bool* damaged = nullptr);

}  // namespace snapferry::cli
