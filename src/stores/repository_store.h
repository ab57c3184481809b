#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "blob/storage.h"
#include "core/store_address.h"
#include "platform/clock.h"
#include "repository/repository.h"
#include "stores/snapshot_store.h"
#include "stores/surroundings.h"

namespace snapferry::stores {

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
  bool counts_files() const override { return true; }
  bool holds_what_others_took() const override { return false; }
  bool needs_common_snapshot() const override { return false; }
  bool frees_by_collecting() const override { return true; }
  bool proves_content() const override { return true; }
  bool sets_copies_aside() const override { return false; }
  Remedy remedy() const override { return Remedy::Repair; }
  std::vector<Snapshot> snapshots(std::vector<DamagedObject>* damaged) override;
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
  std::optional<CollectFindings> collect(const CollectRequest& request) override;
  VerifyFindings verify(const VerifyRequest& request) override;
  std::vector<StoreFigure> figures() override;

  // As Repository::claims() and remove_claim() say.
  std::vector<StoreClaim> claims();
  StoreClaim remove_claim(const std::string& id, const std::string& reason);

 private:
  // Of those that were listed last.
  std::map<ObjectId, EffectiveTime> times_;
  Arrivals arrivals_;
  std::optional<std::set<std::string>> backing_up_;  // hosts with a claim that counts
};

// Opens the repository in the directory of `address`. Throws NoSuchStore, WrongPassword, Corrupt,
// Conflict where another store was seen there (stores/store_recognition.h), and Unsupported for a
// store of native snapshots: "`purpose` needs a repository".
std::unique_ptr<RepositoryStore> open_repository(const StoreAddress& address,
                                                 const Surroundings& surroundings,
                                                 std::string_view purpose);

// The same with its storage alone, for one that may not open any more.
std::unique_ptr<RepositoryStore> unopened_repository(const StoreAddress& address,
                                                     const Surroundings& surroundings,
                                                     std::string_view purpose);

}  // namespace snapferry::stores
