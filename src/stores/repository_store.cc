#include "stores/repository_store.h"

#include <cerrno>

#include <fmt/format.h>
#include <sys/stat.h>

#include "blob/local_storage.h"
#include "core/printable.h"
#include "core/snapshot_order.h"
#include "platform/absolute_path.h"
#include "stores/repository_findings.h"
#include "stores/store_recognition.h"

namespace snapferry::stores {
namespace {

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

std::unique_ptr<RepositoryStore> unopened_repository(const StoreAddress& address,
                                                     const Surroundings& surroundings,
                                                     std::string_view purpose) {
  if (address.is_native()) {
    throw Error(
        ErrorKind::Unsupported,
        fmt::format("{}: {} needs a repository, and this store keeps native snapshots; give "
                    "--store repo:DIR",
                    printable(address.text()), purpose));
  }
  auto store = std::make_unique<RepositoryStore>();
  store->clock = &surroundings.clock;
  store->directory = platform::absolute_path(address.name);
  store->cache = surroundings.cache_directory();
  require_directory(*store, StoreRecognition::of_repository(surroundings, store->directory));
  store->storage = surroundings.storage ? surroundings.storage(store->directory)
                                        : blob::LocalStorage::open(store->directory);
  return store;
}

std::unique_ptr<RepositoryStore> open_repository(const StoreAddress& address,
                                                 const Surroundings& surroundings,
                                                 std::string_view purpose) {
  auto store = unopened_repository(address, surroundings, purpose);
  const auto recognition = StoreRecognition::of_repository(surroundings, store->directory);
  repository::OpenOptions options;
  options.password = [&] { return surroundings.password(store->name()); };
  options.require_encryption = surroundings.password_is_given;
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

std::vector<Snapshot> RepositoryStore::snapshots(std::vector<DamagedObject>* damaged) {
  std::vector<repository::Damage> damages;
  auto listed = repository->snapshots(damaged == nullptr ? nullptr : &damages);
  if (damaged != nullptr) *damaged = damaged_objects(std::move(damages));
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

std::optional<CollectFindings> RepositoryStore::collect(const CollectRequest& request) {
  repository::CollectOptions options;
  options.dry_run = request.dry_run;
  options.as_if_forgotten = request.as_if_forgotten;
  options.progress = request.progress;
  options.cancellation = request.cancellation;
  return findings_of(repository->collect(options));
}

VerifyFindings RepositoryStore::verify(const VerifyRequest& request) {
  repository::VerifyOptions options;
  options.read_data = request.read_data;
  options.progress = request.progress;
  options.cancellation = request.cancellation;
  return findings_of(repository->verify(options));
}

std::vector<StoreClaim> RepositoryStore::claims() {
  std::vector<StoreClaim> claims;
  for (auto& claim : repository->claims()) claims.push_back(claim_of(std::move(claim)));
  return claims;
}

StoreClaim RepositoryStore::remove_claim(const std::string& id, const std::string& reason) {
  return claim_of(repository->remove_claim(id, reason));
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

}  // namespace snapferry::stores
