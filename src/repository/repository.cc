#include "repository/repository.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include <sys/stat.h>

#include "core/error.h"
#include "platform/process_identity.h"
#include "repository/claims_report.h"
#include "repository/collect.h"
#include "repository/config.h"
#include "repository/debug_text.h"
#include "repository/expected.h"
#include "repository/key_removal.h"
#include "repository/key_ring.h"
#include "repository/known_damage.h"
#include "repository/object_limits.h"
#include "repository/object_reader.h"
#include "repository/put_back_head.h"
#include "repository/repair.h"
#include "repository/session.h"
#include "repository/snapshot_list.h"
#include "repository/verify.h"

namespace snapferry::repository {
namespace {

// The directory of this repository's local tables and trees; empty if it cannot be made.
std::string prepare_cache(const std::string& parent, const ObjectId& id) {
  if (parent.empty()) return {};
  const std::string path = parent + "/" + id.hex().substr(0, 16);
  std::error_code error;
  std::filesystem::create_directories(path + "/index", error);
  if (error) return {};
  ::chmod(path.c_str(), 0700);
  return path;
}

Encryption encryption_of(const Config& config) {
  return config.sealing == Sealing::Encrypt ? Encryption::Password : Encryption::None;
}

class OpenRepository : public Repository {
 public:
  OpenRepository(blob::Storage& storage, const Config& config, OpenedKey key,
                 const std::string& cache_directory)
      : storage_(storage),
        config_(config),
        key_(std::move(key)),
        cache_path_(prepare_cache(cache_directory, config.id)),
        objects_(storage, key_.master, config.sealing),
        ids_(key_.master),
        index_(storage, objects_, key_.master, config.sealing,
               cache_path_.empty() ? "" : cache_path_ + "/index"),
        cache_(cache_path_.empty() ? nullptr : std::make_unique<ObjectCache>(cache_path_)),
        reader_(storage, index_, cache_.get(), key_.master, config.sealing),
        sightings_(cache_path_.empty() ? "" : cache_path_ + "/claims"),
        context_{storage,    objects_,      index_,         cache_.get(),
                 ids_,       key_.master,   config.sealing, platform::system_clock(),
                 sightings_, config.version} {}

  ~OpenRepository() override {
    index_.damage().save();
    if (cache_) cache_->flush();
  }

  const ObjectId& id() const override { return config_.id; }
  Encryption encryption() const override { return encryption_of(config_); }

  Bytes get(ObjectKind kind, const ObjectId& id) override {
    try {
      return reader_.get(kind, id);
    } catch (const Error& error) {
      // Of damage in place the copy is recorded; what is nowhere has none.
      const bool lost = error.kind() == ErrorKind::NotFound || error.kind() == ErrorKind::Corrupt;
      if (lost && index_.copies(kind, id).empty()) index_.damage().note_nowhere(id);
      throw;
    }
  }

  Bytes find(ObjectKind kind, const ObjectId& id) override { return reader_.get(kind, id); }

  std::vector<AffectedPath> known_damage(const Snapshot& snapshot) override {
    if (!known_damage_) known_damage_ = std::make_unique<KnownDamage>(context_, reader_);
    return known_damage_->in(snapshot);
  }

  std::vector<Snapshot> snapshots(std::vector<Damage>* damaged) override {
    known_damage_.reset();
    return read_snapshots(objects_, cache_.get(), damaged);
  }

  Bytes manifest(const ObjectId& snapshot) override {
    return read_manifest(objects_, cache_.get(), snapshot);
  }

  Expectations expectations() override { return all_expected(objects_); }

  std::vector<VolumeFailure> change_expectations(const std::string& host,
                                                 const ExpectationChange& change) override {
    return change_expected(storage_, objects_, host, change);
  }

  std::unique_ptr<BackupSession> begin_backup() override { return begin_backup_session(context_); }

  void forget(const std::vector<ObjectId>& snapshots) override {
    for (const ObjectId& id : snapshots) objects_.remove(ObjectType::Snapshot, id);
    storage_.sync();
  }

  CollectReport collect(const CollectOptions& options) override {
    return repository::collect(context_, reader_, options);
  }

  Timestamp storage_time() override;

  std::vector<ClaimInfo> claims() override { return list_claims(context_); }

  ClaimInfo remove_claim(const std::string& id, const std::string& reason) override {
    return repository::remove_claim(context_, id, reason);
  }

  VerifyReport verify(const VerifyOptions& options) override {
    return repository::verify(context_, options);
  }

  RepairReport repair(const RepairOptions& options) override {
    return repository::repair(context_, options);
  }

  std::vector<Damage> put_back_head(blob::Storage& damaged, bool dry_run) override {
    return repository::put_back_head(damaged, {storage_, key_, config_.sealing}, dry_run);
  }

  void for_each_data(const std::function<bool(ByteView bytes)>& visit) override;

  RepositoryStats stats() override;

  std::vector<KeyInfo> keys() override { return list_keys(storage_, key_, config_.sealing); }

  std::string add_password(const std::string& password, const std::string& label) override {
    require_encryption();
    return store_slot(
        storage_, key_.master,
        make_password_slot(key_.master, password, key_.cost, label, context_.clock.now()));
  }

  RecoveryKey add_recovery_key(const std::string& label) override {
    require_encryption();
    const RecoverySlot made = make_recovery_slot(key_.master, label, context_.clock.now());
    return {store_slot(storage_, key_.master, made.slot), made.text};
  }

  void remove_key(const std::string& id, KeyInUse in_use) override {
    repository::remove_key(storage_, key_, config_.sealing, id, in_use);
  }

  std::string debug_text(std::string_view kind, std::string_view id) override {
    return repository::debug_text(context_, reader_, kind, id);
  }

  std::vector<blob::ObjectInfo> debug_list() override { return all_objects(storage_); }

 private:
  void require_encryption() const {
    if (config_.sealing == Sealing::Encrypt) return;
    throw Error(ErrorKind::Conflict, storage_.description() +
                                         ": is not encrypted and needs no keys; make a new one "
                                         "with: snapferry init --encryption password");
  }

  blob::Storage& storage_;
  const Config config_;
  const OpenedKey key_;
  const std::string cache_path_;
  SealedObjects objects_;
  ContentIds ids_;
  ObjectIndex index_;
  std::unique_ptr<ObjectCache> cache_;
  ObjectReader reader_;
  ClaimSightings sightings_;
  const SessionContext context_;
  std::unique_ptr<KnownDamage> known_damage_;
};

Timestamp OpenRepository::storage_time() {
  try {
    OwnClaim claim(storage_, objects_, cache_.get(), ClaimType::Backup, context_.clock);
    claim.release();
    return claim.seen();
  } catch (const Error&) {
    return {};
  }
}

void OpenRepository::for_each_data(const std::function<bool(ByteView bytes)>& visit) {
  index_.refresh();
  const auto table = index_.merged();
  std::optional<ObjectId> last;
  bool more = true;
  table->for_each([&](std::uint64_t, const IndexRecord& record) {
    if (!more || record.kind != ObjectKind::Data || record.id == last) return;
    last = record.id;
    try {
      more = visit(reader_.get(record.kind, record.id));
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Corrupt && error.kind() != ErrorKind::NotFound) throw;
    }
  });
}

RepositoryStats OpenRepository::stats() {
  RepositoryStats stats;
  for (const Snapshot& snapshot : snapshots(nullptr)) {
    ++stats.snapshots;
    stats.bytes_referenced += snapshot.stats.bytes;
  }
  for (const blob::ObjectInfo& info : all_objects(storage_)) {
    stats.bytes_stored += info.size;
    if (id_of_name(ObjectType::Pack, info.name)) ++stats.packs;
  }
  index_.refresh();
  index_.merged()->for_each([&](std::uint64_t, const IndexRecord& record) {
    const bool data = record.kind == ObjectKind::Data;
    ++(data ? stats.data_objects : stats.tree_objects);
    (data ? stats.data_bytes : stats.tree_bytes) += record.plain_length;
    (data ? stats.data_bytes_stored : stats.tree_bytes_stored) += record.stored_length;
  });
  return stats;
}

}  // namespace

namespace {

ReadConfig read_config(const blob::Storage& storage, ByteView bytes) {
  try {
    return decode_config(bytes);
  } catch (const Error& error) {
    const bool damaged = error.kind() == ErrorKind::Corrupt;
    throw Error(error.kind(), storage.description() + ": " + error.message() +
                                  (damaged ? std::string(kHowToPutBack) : ""));
  }
}

}  // namespace

std::unique_ptr<Repository> Repository::open(blob::Storage& storage, const OpenOptions& options) {
  Bytes bytes;
  try {
    bytes = storage.get(kConfigName, kLargestConfig);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::NotFound) throw;
    if (!storage.list("keys").empty() || !storage.list("packs").empty()) {
      throw Error(ErrorKind::Corrupt, storage.description() + ": has lost its file 'config'" +
                                          std::string(kHowToPutBack));
    }
    throw Error(ErrorKind::NotFound, storage.description() +
                                         ": holds no repository; mount its disk if it is on one, "
                                         "or choose the directory of one");
  }
  const ReadConfig config = read_config(storage, bytes);
  if (options.recognise) options.recognise(config.config.id, encryption_of(config.config));
  if (options.require_encryption && config.config.sealing != Sealing::Encrypt) {
    throw Error(ErrorKind::WrongPassword,
                storage.description() +
                    ": is not encrypted, though a password was given: either another repository "
                    "was put in its place, or it needs no password: give none");
  }
  OpenedKey key = open_key(storage, config, options.password);
  return std::make_unique<OpenRepository>(storage, config.config, std::move(key),
                                          options.cache_directory);
}

}  // namespace snapferry::repository
