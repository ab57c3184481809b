#include <gtest/gtest.h>

#include "core/error.h"
#include "repository/index_object.h"
#include "repository/repository.h"
#include "repository/sealed_object.h"
#include "repository/test_damage.h"
#include "testing/crash_storage.h"
#include "testing/fault_storage.h"
#include "testing/temporary_directory.h"

namespace snapferry::repository {
namespace {

bool has_aside(blob::Storage& storage) { return !storage.list("aside").empty(); }

// No damage but what was lost for good.
void expect_clean(blob::Storage& storage) {
  const VerifyReport report = open(storage)->verify({.read_data = 100});
  EXPECT_TRUE(report.damages.empty()) << report.damages[0].object << report.damages[0].message;
  EXPECT_TRUE(report.remarks.empty());
}

TEST(Repair, LeavesAWholeRepositoryAsItIs) {
  MemoryStorage storage(one_snapshot());
  const auto before = storage.objects();
  const RepairReport report = open(storage)->repair({});
  EXPECT_TRUE(report.is_whole());
  EXPECT_TRUE(report.actions.empty());
  EXPECT_FALSE(report.index_rebuilt);
  EXPECT_EQ(storage.objects(), before);
}

TEST(Repair, AfterABackupThatHealedLeavesNoDamage) {
  for_each_fault([](MemoryStorage& storage, const Fault&, bool) {
    open(storage)->verify({.read_data = 100});
    const Snapshot snapshot = back_up(*open(storage));
    const RepairReport report = open(storage)->repair({});
    EXPECT_TRUE(report.is_whole());
    expect_clean(storage);
    EXPECT_EQ(read_back(*open(storage), snapshot), source());
    EXPECT_TRUE(open(storage)->repair({}).actions.empty());
  });
}

TEST(Repair, SaysWhatIsLostForGoodAndLeavesNoOtherDamage) {
  for_each_fault([](MemoryStorage& storage, const Fault& fault, bool is_pack) {
    const RepairReport planned = open(storage)->repair({.dry_run = true});
    const RepairReport report = open(storage)->repair({});
    EXPECT_EQ(planned.lost.size(), report.lost.size());
    EXPECT_EQ(planned.actions.size(), report.actions.size());
    if (!is_pack) {
      EXPECT_TRUE(report.is_whole());
      EXPECT_TRUE(report.index_rebuilt);
      expect_clean(storage);
    }
    // What is lost stays so; everything else is in order.
    const VerifyReport verified = open(storage)->verify({.read_data = 100});
    EXPECT_EQ(verified.affected.size(), report.lost.size());
    EXPECT_EQ(has_aside(storage), is_pack && fault.name != "missing");
    const Snapshot snapshot = back_up(*open(storage));
    EXPECT_EQ(read_back(*open(storage), snapshot), source());
    expect_clean(storage);
  });
}

TEST(Repair, RescuesFromADamagedPackAllThatCanBeRead) {
  MemoryStorage storage(one_snapshot());
  for (const auto& info : storage.list("packs")) {
    Bytes bytes = storage.get(info.name);
    bytes[20] ^= 1;  // in the first piece
    storage.put(info.name, bytes);
  }
  const RepairReport report = open(storage)->repair({});
  EXPECT_EQ(report.pieces_rescued, 2u);  // of three files; the tree is the only piece of its pack
  const Snapshot snapshot = back_up(*open(storage));
  EXPECT_LT(snapshot.stats.bytes_added, 8000u);
  expect_clean(storage);
}

TEST(Repair, RebuildsTheIndexWhenAllOfItIsGoneOrHostile) {
  for (const bool hostile : {false, true}) {
    MemoryStorage storage(one_snapshot());
    const Snapshot snapshot = open(storage)->snapshots().at(0);
    SealedObjects objects(storage, master_of(storage), Sealing::Encrypt);
    for (const ObjectId& id : objects.list(ObjectType::Index)) {
      if (hostile) {
        auto packs = decode_index(objects.get(ObjectType::Index, id), "index");
        for (PackRecords& pack : packs) {
          for (PieceRecord& piece : pack.pieces) piece.plain_length += 1;
          pack.pieces.resize(1);
        }
        packs.push_back({random_id(), 100, {{random_id(), ObjectKind::Data, 8, 50, 50}}});
        objects.put(ObjectType::Index, id, encode_index(packs));
      } else {
        objects.remove(ObjectType::Index, id);
      }
    }
    const RepairReport report = open(storage)->repair({});
    EXPECT_TRUE(report.index_rebuilt);
    EXPECT_TRUE(report.is_whole());
    expect_clean(storage);
    EXPECT_EQ(read_back(*open(storage), snapshot), source());
  }
}

TEST(Repair, RestoresADamagedCopyOfTheConfigurationAndOfKeys) {
  MemoryStorage storage(one_snapshot());
  const auto whole = storage.objects();
  std::vector<std::string> names{"config"};
  for (const auto& info : storage.list("keys")) names.push_back(info.name);
  for (const std::string& name : names) {
    for (const bool second : {false, true}) {
      Bytes bytes = storage.get(name);
      bytes[second ? bytes.size() - 1 : 10] ^= 1;
      storage.put(name, bytes);
      EXPECT_FALSE(open(storage)->verify({}).ok());
      EXPECT_EQ(open(storage)->repair({}).actions.size(), 1u);
      EXPECT_EQ(storage.objects(), whole);
    }
  }
}

// What verify sends to repair with, repair ends.
TEST(Repair, LeavesNothingThatVerifyNames) {
  const std::string id(64, '7');
  for (const char* directory : {"packs/", "index/", "snapshots/", "condemned/", "ended/",
                                "damaged/", "expected/", "keys/"}) {
    for (const std::size_t size : {0, 20, 500, 5000}) {
      const std::string name = directory + (directory == std::string("keys/") ? id.substr(48) : id);
      SCOPED_TRACE(name + " of " + std::to_string(size));
      MemoryStorage storage(one_snapshot());
      storage.put(name, Bytes(size, 7));
      open(storage)->verify({});
      open(storage)->repair({});
      open(storage)->collect({});
      expect_clean(storage);
      EXPECT_TRUE(open(storage)->repair({}).is_whole());
    }
  }
}

TEST(Repair, TellsThatAKeyIsLostUnlessItNeverWasOne) {
  MemoryStorage storage(one_snapshot());
  storage.put("keys/7777777777777777", {});
  EXPECT_TRUE(open(storage)->repair({}).is_whole());
  storage.put("keys/7777777777777777", Bytes(300, 7));
  const RepairReport report = open(storage)->repair({});
  ASSERT_EQ(report.beyond_repair.size(), 1u);
  EXPECT_EQ(report.beyond_repair[0].object, "keys/7777777777777777");
  EXPECT_TRUE(has_aside(storage));
}

TEST(Repair, TakesWhatIsMissingFromACopyOfTheRepository) {
  const auto start = one_snapshot();
  for (const auto& [name, bytes] : start) {
    if (!name.starts_with("packs/") && !name.starts_with("index/")) continue;
    for (const Fault& fault : faults_of(name)) {
      SCOPED_TRACE(name + " " + fault.name);
      MemoryStorage copy(start);
      MemoryStorage storage(start);
      fault.apply(storage, name);
      const auto other = open(copy);
      EXPECT_TRUE(open(storage)->repair({.from = other.get()}).is_whole());
      expect_clean(storage);
      const auto repository = open(storage);
      EXPECT_EQ(read_back(*repository, repository->snapshots().at(0)), source());
      EXPECT_EQ(copy.objects(), start);
    }
  }
}

TEST(Repair, TakesFromACopyEvenWhatNoIndexKnowsAnyMore) {
  const auto start = one_snapshot();
  MemoryStorage copy(start);
  MemoryStorage storage(start);
  for (const char* directory : {"packs", "index"}) {
    for (const auto& info : storage.list(directory)) storage.remove(info.name);
  }
  const auto other = open(copy);
  const RepairReport report = open(storage)->repair({.from = other.get()});
  EXPECT_TRUE(report.is_whole());
  expect_clean(storage);
  const auto repository = open(storage);
  EXPECT_EQ(read_back(*repository, repository->snapshots().at(0)), source());
}

TEST(Repair, TakesContentsOfFilesFromAnyOtherRepository) {
  MemoryStorage storage(one_snapshot());
  const Snapshot snapshot = open(storage)->snapshots().at(0);
  for (const auto& info : storage.list("packs")) {
    if (info.size > 8000) storage.remove(info.name);  // the data
  }
  MemoryStorage another(one_snapshot());
  const auto other = open(another);
  const RepairReport report = open(storage)->repair({.from = other.get()});
  EXPECT_EQ(report.pieces_taken, 3u);
  EXPECT_TRUE(report.is_whole());
  EXPECT_EQ(read_back(*open(storage), snapshot), source());
  expect_clean(storage);
}

TEST(Repair, SetsADamagedManifestAsideAndNamesIt) {
  MemoryStorage storage(one_snapshot());
  const std::string name = storage.list("snapshots").at(0).name;
  Bytes bytes = storage.get(name);
  bytes[bytes.size() / 2] ^= 1;
  storage.put(name, bytes);
  const RepairReport report = open(storage)->repair({});
  ASSERT_EQ(report.beyond_repair.size(), 1u);
  EXPECT_EQ(report.beyond_repair[0].object, name);
  EXPECT_TRUE(storage.list("snapshots").empty());
  EXPECT_EQ(storage.list("aside").size(), 1u);
  expect_clean(storage);
}

TEST(Repair, RemovesNothingFromItsPlaceWhileOthersRun) {
  MemoryStorage storage(one_snapshot());
  const auto running = open(storage);
  const auto session = running->begin_backup();
  const auto packs = storage.list("packs");
  for (const auto& info : packs) storage.put(info.name, Bytes(info.size));
  const RepairReport report = open(storage)->repair({});
  EXPECT_TRUE(report.postponed);
  EXPECT_EQ(report.actions.size(), packs.size());
  for (const auto& info : packs) EXPECT_NO_THROW(storage.info(info.name));
  EXPECT_FALSE(has_aside(storage));
}

TEST(Repair, SaysNothingOfDamageWhereThereIsNoneThoughOthersRun) {
  MemoryStorage storage(one_snapshot());
  const auto running = open(storage);
  const auto session = running->begin_backup();
  const RepairReport report = open(storage)->repair({});
  EXPECT_FALSE(report.postponed);
  EXPECT_TRUE(report.actions.empty());
}

// Damage to a pack of data, of which two files can be rescued.
MemoryStorage::Objects damaged() {
  MemoryStorage storage(one_snapshot());
  for (const auto& info : storage.list("packs")) {
    if (info.size < 8000) continue;
    Bytes bytes = storage.get(info.name);
    bytes[20] ^= 1;
    storage.put(info.name, bytes);
  }
  for (const auto& info : storage.list("index")) storage.put(info.name, Bytes(info.size));
  return storage.objects();
}

void expect_repairs(MemoryStorage& storage) {
  const RepairReport report = open(storage)->repair({});
  EXPECT_EQ(report.lost.size(), 1u);
  // One piece of three is lost; its two neighbours need not be stored again.
  const Snapshot snapshot = back_up(*open(storage));
  EXPECT_LT(snapshot.stats.bytes_added, 7500u);
  EXPECT_EQ(read_back(*open(storage), snapshot), source());
}

TEST(Repair, CanBeRunAgainWhicheverOperationFails) {
  const auto start = damaged();
  std::uint64_t failures = 0;
  for (std::uint64_t at = 1;; ++at) {
    SCOPED_TRACE(at);
    MemoryStorage storage(start);
    testing::FaultStorage faulty(storage, {.at = at});
    try {
      open(faulty)->repair({});
    } catch (const Error&) {
      ++failures;
    }
    expect_repairs(storage);
    if (faulty.operations() < at || ::testing::Test::HasFailure()) break;
  }
  EXPECT_GT(failures, 10u);
}

TEST(Repair, CanBeRunAgainWhenThePowerGoesAtAnyOperation) {
  using testing::CrashPolicy;
  const auto start = damaged();
  for (std::uint64_t at = 1;; ++at) {
    SCOPED_TRACE(at);
    testing::CrashStorage crashing(start, {.at_operation = at});
    bool done = true;
    try {
      open(crashing)->repair({});
    } catch (const Error&) {
      done = false;
    }
    for (const auto policy : {CrashPolicy::KeepAll, CrashPolicy::DropAll, CrashPolicy::TearAll}) {
      SCOPED_TRACE(static_cast<int>(policy));
      MemoryStorage storage(crashing.crash(policy, 1));
      expect_repairs(storage);
    }
    if (done || ::testing::Test::HasFailure()) break;
  }
}

TEST(Repair, TakesAManifestFromACopyOrFromWhatThisHostRemembers) {
  const testing::TemporaryDirectory cache;
  const MemoryStorage::Objects start = one_snapshot();
  for (const bool remembered : {false, true}) {
    for (const std::size_t left : {0, 20, 100}) {
      SCOPED_TRACE(left);
      MemoryStorage storage(start);
      MemoryStorage copy(start);
      const std::string directory = remembered ? cache.path() : "";
      const auto other = open(copy);
      const auto snapshots = open(storage, directory)->snapshots();
      const std::string name = storage.list("snapshots").at(0).name;
      Bytes bytes = storage.get(name);
      bytes.resize(left);
      storage.put(name, bytes);
      RepairOptions options;
      if (!remembered) {
        EXPECT_FALSE(open(storage)->repair({.dry_run = true}).is_whole());
        options.from = other.get();
      }
      const auto report = open(storage, directory)->repair(options);
      EXPECT_TRUE(report.is_whole());
      EXPECT_EQ(report.actions.size(), 1u);
      EXPECT_TRUE(open(storage)->verify({.read_data = 100}).ok());
      EXPECT_EQ(read_back(*open(storage), snapshots.at(0)), source());
    }
  }
}

}  // namespace
}  // namespace snapferry::repository
