#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "blob/storage.h"
#include "cli/context.h"
#include "cli/endpoint.h"
#include "cli/snapshot_store.h"
#include "core/store_address.h"
#include "repository/repository.h"

namespace snapferry::cli {

// `path` made absolute with the working directory, without "." parts and trailing
// slashes. Where it has ".." parts its parent must exist, and is resolved. The last part
// is not followed. Throws InvalidArgument for an empty one, which is no place, and as system_error.
std::string absolute_path(const std::string& path);

// A repository that was opened, with what it borrows.
class RepositoryStore : public SnapshotStore {
 public:
  std::string directory;
  std::string cache;
  platform::Clock* clock = nullptr;
  std::unique_ptr<blob::Storage> storage;
  std::unique_ptr<repository::Repository> repository;

  // "repo:/srv/backups".
  std::string name() const override { return "repo:" + directory; }
  bool is_native() const override { return false; }
  std::vector<Snapshot> snapshots(std::vector<repository::Damage>* damaged) override;
  ObjectSource& objects() override { return *repository; }
  bool has_files(const Snapshot&) override { return true; }
  void complete(Snapshot&) override {}
  std::string known_against(const Snapshot& snapshot) override;
  Arrivals arrivals() override { return arrivals_; }
  bool may_be_arriving(const VolumeName& volume) override;
  Expectations expectations() override { return repository->expectations(); }
  std::vector<VolumeFailure> change_expectations(const std::string& host,
                                                 const ExpectationChange& change) override {
    return repository->change_expectations(host, change);
  }
  EffectiveTime time_for_rules(const Snapshot& snapshot) override;
  Timestamp storage_time() override { return repository->storage_time(); }
  std::vector<VolumeFailure> forget(const std::vector<Snapshot>& snapshots) override;
  std::optional<repository::CollectReport> collect(
      const repository::CollectOptions& options) override {
    return repository->collect(options);
  }
  repository::VerifyReport verify(const repository::VerifyOptions& options) override {
    return repository->verify(options);
  }
  std::vector<StoreFigure> figures() override;

 private:
  // Of those that were listed last.
  std::map<ObjectId, EffectiveTime> times_;
  Arrivals arrivals_;
  std::optional<std::set<std::string>> backing_up_;  // hosts with a claim that counts
};

// The STORE of --store or SNAPFERRY_STORE. Throws InvalidArgument if there is neither.
std::string store_text(const Context& context);
// The same as an address. Throws as StoreAddress::parse() does, too.
StoreAddress store_address(const Context& context);

// Opens the store, of whatever kind. Throws NoSuchStore, WrongPassword, Unsupported, Corrupt, and
// Conflict where another store was seen at its address (cli/store_recognition.h).
std::unique_ptr<SnapshotStore> open_store(Context& context);

// The same for what only a repository has. Throws Unsupported for native stores: "`purpose` needs
// a repository".
std::unique_ptr<RepositoryStore> open_repository(Context& context, std::string_view purpose);
// The same at an address that another option gave.
std::unique_ptr<RepositoryStore> open_repository_at(Context& context, const StoreAddress& address,
                                                    std::string_view purpose);

// The native store that `address` means. Throws NoSuchStore, and Conflict where another one was
// seen there.
std::unique_ptr<Store> native_store(Context& context, Endpoints& endpoints,
                                    const StoreAddress& address);

// The same with its storage alone, for one that may not open any more.
std::unique_ptr<RepositoryStore> unopened_repository(Context& context, const StoreAddress& address,
                                                     std::string_view purpose);

// The ends that addresses of this run mean. `set` is what agents are asked to serve.
std::unique_ptr<Endpoints> endpoints_of(Context& context, const std::string& set = "default");

// The name of this machine in stores of native snapshots.
std::string own_host(const Context& context);

// Those of the set that --set names, where the command takes it; all without. Throws NotFound where
// there are snapshots and none is of that set.
std::vector<Snapshot> of_chosen_set(const Context& context, std::vector<Snapshot> snapshots);

// The snapshots of the store, of the chosen set, oldest first. Damaged manifests are named as
// warnings and set `damaged`, if given.
std::vector<Snapshot> list_snapshots(Context& context, SnapshotStore& store,
                                     bool* damaged = nullptr);

}  // namespace snapferry::cli
