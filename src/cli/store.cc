#include "cli/store.h"

#include <fmt/format.h>

#include "cli/cache.h"
#include "cli/format.h"
#include "cli/password.h"
#include "stores/open.h"

namespace snapferry::cli {

const OptionSpec kAcceptChangedStore = {
    .name = "--accept-changed-store",
    .help =
        "take the store that is at the address now, though another one was there before, or "
        "an encrypted one; needed once"};

std::string store_text(const Context& context) {
  if (const auto given = context.options.given("--store")) return *given;
  if (const auto variable = context.io.variable("SNAPFERRY_STORE")) return *variable;
  throw Error(
      ErrorKind::InvalidArgument,
      "no store given; use --store repo:DIR, zfs:DATASET or btrfs:DIR, or set SNAPFERRY_STORE");
}

StoreAddress store_address(const Context& context) {
  return StoreAddress::parse(store_text(context));
}

std::string own_host(const Context& context) {
  const auto given = context.options.given("--host");
  if (!given) return context.io.host;
  const bool is_name = !given->empty() && *given != "." && *given != ".." &&
                       given->find_first_of("/:") == given->npos && given->front() != ' ' &&
                       given->back() != ' ';
  if (!is_name) {
    throw Error(ErrorKind::InvalidArgument,
                fmt::format("--host: '{}' is no name of a host; give one without '/' and ':' "
                            "(is the variable set that it comes from?)",
                            printable(*given)));
  }
  return *given;
}

stores::EndpointOptions endpoint_options(const Context& context, const std::string& set) {
  stores::EndpointOptions options;
  if (const auto command = context.options.given("--ssh-command")) {
    options.ssh_command = split_words(*command);
  }
  options.set = set;
  options.host = own_host(context);
  options.cancellation = &context.io.cancellation;
  return options;
}

std::unique_ptr<stores::Endpoints> endpoints_of(Context& context, const std::string& set) {
  const auto options = endpoint_options(context, set);
  return context.io.endpoints ? context.io.endpoints(options) : stores::system_endpoints(options);
}

stores::Surroundings surroundings_for(Context& context, const StoreAddress& address) {
  stores::Surroundings surroundings{
      .clock = context.io.clock,
      .cache_directory = [&context] { return cache_of(context); },
      .password =
          [&context](const std::string& store) {
            return obtain_password(context, password_of_store(store));
          },
      .password_is_given = is_password_given(context, password_of_store(address.text())),
      .accept_changed_store = context.options.has(kAcceptChangedStore.name),
      .storage = context.io.storage,
      .endpoints = context.io.endpoints};
  // What a repository does not need is not looked at.
  if (address.is_native()) surroundings.reached_by = endpoint_options(context, "default");
  return surroundings;
}

std::unique_ptr<stores::SnapshotStore> open_store(Context& context) {
  const auto address = store_address(context);
  return stores::open(address, surroundings_for(context, address));
}

std::unique_ptr<stores::RepositoryStore> open_repository(Context& context,
                                                         std::string_view purpose) {
  return open_repository_at(context, store_address(context), purpose);
}

std::unique_ptr<stores::RepositoryStore> open_repository_at(Context& context,
                                                            const StoreAddress& address,
                                                            std::string_view purpose) {
  return stores::open_repository(address, surroundings_for(context, address), purpose);
}

std::vector<Snapshot> of_chosen_set(const Context& context, std::vector<Snapshot> snapshots) {
  const auto set = context.options.given("--set");
  if (!set || !context.options.command->filters_sets) return snapshots;
  const bool any = !snapshots.empty();
  std::erase_if(snapshots, [&](const Snapshot& snapshot) { return snapshot.set != *set; });
  if (any && snapshots.empty()) {
    throw Error(
        ErrorKind::NotFound,
        fmt::format("set {}: the store has no snapshot of it; 'snapferry list' shows the sets",
                    printable(*set)));
  }
  return snapshots;
}

std::vector<Snapshot> list_snapshots(Context& context, stores::SnapshotStore& store,
                                     bool* damaged) {
  std::vector<stores::DamagedObject> damages;
  auto snapshots = store.snapshots(&damages);
  for (const auto& damage : damages) {
    context.console.warn(fmt::format("{}: {}: {}; 'snapferry verify' says more", store.name(),
                                     damage.object, damage.message));
    context.console.emit(
        JsonObject::line("damage").text("object", damage.object).text("message", damage.message));
  }
  if (damaged != nullptr) *damaged = !damages.empty();
  return of_chosen_set(context, std::move(snapshots));
}

}  // namespace snapferry::cli
