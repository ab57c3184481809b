#include "cli/store.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "blob/local_storage.h"
#include "cli/cache.h"
#include "cli/format.h"
#include "cli/native_store.h"
#include "cli/password.h"
#include "cli/store_recognition.h"
#include "core/snapshot_order.h"

namespace snapferry::cli {
namespace {

std::string working_directory() {
  std::error_code error;
  const auto path = std::filesystem::current_path(error);
  if (error) throw system_error(error.value(), "find it", "the working directory");
  return path.string();
}

std::string resolved(const std::string& path) {
  std::error_code error;
  const auto real = std::filesystem::canonical(path, error);
  if (error) throw system_error(error.value(), "resolve it", path);
  return real.string();
}

bool has_parent_part(const std::filesystem::path& path) {
  for (const auto& part : path) {
    if (part == "..") return true;
  }
  return false;
}

NoSuchStore missing(const RepositoryStore& store, const StoreRecognition& recognition,
                    std::string_view cause) {
  return recognition.missing(fmt::format(
      "{}: {}; mount its disk if it is on one, give the right store, or make a new one with "
      "'snapferry init --store {}'",
      printable(store.name()), cause, printable(store.name())));
}

void require_directory(const RepositoryStore& store, const StoreRecognition& recognition) {
  struct stat status {};
  if (::stat(store.directory.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) throw missing(store, recognition, "no such store");
    throw system_error(errno, "look at it", store.name());
  }
  if (!S_ISDIR(status.st_mode)) {
    throw NoSuchStore(fmt::format(
        "{}: is not a directory; a store is a directory made by 'snapferry init'", store.name()));
  }
}

// By the order of commits.
Arrivals arrivals_of(const std::vector<Snapshot>& snapshots) {
  Arrivals arrivals;
  std::map<std::pair<VolumeName, std::string>, std::uint64_t> newest;
  for (const Snapshot& snapshot : snapshots) {
    std::uint64_t& sequence = newest[{snapshot.volume, snapshot.set}];
    if (snapshot.sequence < sequence) continue;
    sequence = snapshot.sequence;
    arrivals[snapshot.volume][snapshot.set].newest = snapshot.id.hex();
  }
  return arrivals;
}

SeenStore::Protection protection_of(repository::Encryption encryption) {
  return encryption == repository::Encryption::Password ? SeenStore::Protection::Encrypted
                                                        : SeenStore::Protection::None;
}

}  // namespace

std::string absolute_path(const std::string& path) {
  namespace fs = std::filesystem;
  if (path.empty()) {
    throw Error(ErrorKind::InvalidArgument,
                "PATH is empty; name a file or directory, or \".\" for this one");
  }
  fs::path whole =
      fs::path(path).is_absolute() ? fs::path(path) : fs::path(working_directory()) / path;
  if (has_parent_part(whole)) {
    // "link/.." is where the link leads to, not where it is.
    const bool names_parent = whole.filename() == "..";
    whole = names_parent ? fs::path(resolved(whole.string()))
                         : fs::path(resolved(whole.parent_path().string())) / whole.filename();
  }
  std::string text = whole.lexically_normal().string();
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  return text;
}

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

std::unique_ptr<Endpoints> endpoints_of(Context& context, const std::string& set) {
  EndpointOptions options;
  if (const auto command = context.options.given("--ssh-command")) {
    options.ssh_command = split_words(*command);
  }
  options.set = set;
  options.host = own_host(context);
  options.cancellation = &context.io.cancellation;
  return context.io.endpoints ? context.io.endpoints(options) : system_endpoints(options);
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

std::unique_ptr<RepositoryStore> open_repository(Context& context, std::string_view purpose) {
  return open_repository_at(context, store_address(context), purpose);
}

std::unique_ptr<RepositoryStore> unopened_repository(Context& context, const StoreAddress& address,
                                                     std::string_view purpose) {
  if (address.is_native()) {
    throw Error(
        ErrorKind::Unsupported,
        fmt::format("{}: {} needs a repository, and this store keeps native snapshots; give "
                    "--store repo:DIR",
                    printable(address.text()), purpose));
  }
  auto store = std::make_unique<RepositoryStore>();
  store->clock = &context.io.clock;
  store->directory = absolute_path(address.name);
  store->cache = cache_of(context);
  require_directory(*store, StoreRecognition::of_repository(context, store->directory));
  store->storage = context.io.storage ? context.io.storage(store->directory)
                                      : blob::LocalStorage::open(store->directory);
  return store;
}

std::unique_ptr<RepositoryStore> open_repository_at(Context& context, const StoreAddress& address,
                                                    std::string_view purpose) {
  auto store = unopened_repository(context, address, purpose);
  const auto recognition = StoreRecognition::of_repository(context, store->directory);
  repository::OpenOptions options;
  options.password = [&] { return obtain_password(context, password_of_store(store->name())); };
  options.require_encryption = is_password_given(context, password_of_store(store->name()));
  options.cache_directory = store->cache;
  options.recognise = [&](const ObjectId& id, repository::Encryption encryption) {
    recognition.require_familiar(id.hex(), protection_of(encryption));
  };
  try {
    store->repository = repository::Repository::open(*store->storage, options);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::NotFound) throw;
    throw missing(*store, recognition, "there is no repository in it");
  }
  recognition.remember(store->repository->id().hex(),
                       protection_of(store->repository->encryption()));
  return store;
}

std::unique_ptr<Store> native_store(Context& context, Endpoints& endpoints,
                                    const StoreAddress& address) {
  auto store = endpoints.store(address);
  recognise_native(context, address, *store);
  return store;
}

std::unique_ptr<SnapshotStore> open_store(Context& context) {
  const auto address = store_address(context);
  if (!address.is_native()) return open_repository_at(context, address, "this");
  const auto endpoints = endpoints_of(context);
  return std::make_unique<NativeStore>(native_store(context, *endpoints, address), context.io.clock,
                                       own_host(context));
}

std::vector<Snapshot> RepositoryStore::snapshots(std::vector<repository::Damage>* damaged) {
  auto listed = repository->snapshots(damaged);
  const auto times = effective_times(listed, clock->now());
  times_.clear();
  for (std::size_t i = 0; i < listed.size(); ++i) {
    times_.emplace(listed[i].id, times[i]);
  }
  arrivals_ = arrivals_of(listed);
  backing_up_.reset();
  return listed;
}

std::string RepositoryStore::known_against(const Snapshot& snapshot) {
  const auto lost = repository->known_damage(snapshot);
  if (lost.empty()) return {};
  if (lost.size() == 1) return fmt::format("'{}' in it is damaged or lost", lost[0].path);
  return fmt::format("{} files or directories in it are damaged or lost, such as '{}'", lost.size(),
                     lost[0].path);
}

// A claim does not say of which volume it is.
bool RepositoryStore::may_be_arriving(const VolumeName& volume) {
  if (!backing_up_) {
    backing_up_.emplace();
    for (const repository::ClaimInfo& claim : repository->claims()) {
      if (claim.counts && !claim.is_prune) backing_up_->insert(claim.host);
    }
  }
  return backing_up_->contains(volume.host);
}

EffectiveTime RepositoryStore::time_for_rules(const Snapshot& snapshot) {
  const auto found = times_.find(snapshot.id);
  return found == times_.end() ? EffectiveTime{snapshot.time} : found->second;
}

std::vector<VolumeFailure> RepositoryStore::forget(const std::vector<Snapshot>& snapshots) {
  std::vector<ObjectId> ids;
  ids.reserve(snapshots.size());
  for (const auto& snapshot : snapshots) ids.push_back(snapshot.id);
  repository->forget(ids);
  return {};
}

std::vector<StoreFigure> RepositoryStore::figures() {
  using enum StoreFigure::Unit;
  const auto stats = repository->stats();
  return {
      {"", "repository_id", Text, 0, 0, repository->id().hex()},
      {"snapshots", "snapshots", Count, stats.snapshots},
      {"size of all snapshots", "", Bytes, stats.bytes_referenced},
      {"packs", "packs", Count, stats.packs},
      {"", "bytes_stored", Bytes, stats.bytes_stored},
      {"pieces of content", "data_objects", Count, stats.data_objects},
      {"  before compression", "data_bytes", Bytes, stats.data_bytes},
      {"  stored", "data_bytes_stored", Bytes, stats.data_bytes_stored},
      {"directories and lists", "tree_objects", Count, stats.tree_objects},
      {"  before compression", "tree_bytes", Bytes, stats.tree_bytes},
      {"  stored", "tree_bytes_stored", Bytes, stats.tree_bytes_stored},
      {"", "bytes_referenced", Bytes, stats.bytes_referenced},
      {"size of the store", "", Bytes, stats.bytes_stored},
      {"deduplication", "", Ratio, stats.bytes_referenced, stats.data_bytes},
      {"compression", "", Ratio, stats.data_bytes, stats.data_bytes_stored},
      {"both together", "", Ratio, stats.bytes_referenced, stats.bytes_stored},
  };
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

std::vector<Snapshot> list_snapshots(Context& context, SnapshotStore& store, bool* damaged) {
  std::vector<repository::Damage> damages;
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
