#include <gtest/gtest.h>

#include "repository/damage_log.h"
#include "repository/index_object.h"
#include "repository/sealed_object.h"
#include "repository/test_damage.h"
#include "testing/counting_storage.h"
#include "testing/temporary_directory.h"

namespace snapferry::repository {
namespace {

Snapshot newest(Repository& repository) { return repository.snapshots().back(); }

std::vector<AffectedPath> known_of_newest(blob::Storage& storage) {
  const auto repository = open(storage);
  return repository->known_damage(newest(*repository));
}

void damage_packs(MemoryStorage& storage) {
  for (const auto& info : storage.list("packs")) {
    Bytes bytes = storage.get(info.name);
    bytes[20] ^= 1;
    storage.put(info.name, bytes);
  }
}

TEST(KnownDamage, IsNothingInAWholeRepository) {
  MemoryStorage storage(one_snapshot());
  EXPECT_TRUE(known_of_newest(storage).empty());
}

TEST(KnownDamage, CostsOneListingWhileNothingIsRecorded) {
  MemoryStorage memory(one_snapshot());
  testing::CountingStorage storage(memory);
  const auto repository = open(storage);
  const auto snapshots = repository->snapshots();
  const std::size_t before = storage.calls();
  EXPECT_TRUE(repository->known_damage(snapshots.at(0)).empty());
  EXPECT_TRUE(repository->known_damage(snapshots.at(0)).empty());
  EXPECT_EQ(storage.calls(), before + 1);
}

TEST(KnownDamage, StaysKnownFromVerifyThroughRepairUntilABackupStoresItAgain) {
  for_each_fault([](MemoryStorage& storage, const Fault&, bool is_pack) {
    if (!is_pack) return;
    open(storage)->verify({.read_data = 100});
    const bool lost = !known_of_newest(storage).empty();
    const RepairReport report = open(storage)->repair({});
    EXPECT_EQ(lost, !report.is_whole());
    EXPECT_EQ(known_of_newest(storage).size(), report.lost.size());
    open(storage)->repair({});
    open(storage)->collect({});
    EXPECT_EQ(known_of_newest(storage).size(), report.lost.size());
    back_up(*open(storage));
    EXPECT_TRUE(known_of_newest(storage).empty());
    // The same content: it is there again for the older one, too.
    EXPECT_TRUE(open(storage)->known_damage(open(storage)->snapshots().at(0)).empty());
    open(storage)->collect({});
    EXPECT_TRUE(storage.list("damaged").empty());
  });
}

TEST(KnownDamage, IsWhatARepairAloneFound) {
  for_each_fault([](MemoryStorage& storage, const Fault&, bool) {
    open(storage)->repair({.dry_run = true});
    const auto foretold = known_of_newest(storage);
    const RepairReport report = open(storage)->repair({});
    EXPECT_EQ(foretold.size(), report.lost.size());
    EXPECT_EQ(known_of_newest(storage).size(), report.lost.size());
  });
}

TEST(KnownDamage, IsWhatAReaderCameUpon) {
  for (const bool missing : {false, true}) {
    MemoryStorage storage(one_snapshot());
    const auto start = open(storage)->snapshots();
    if (missing) {
      for (const auto& info : storage.list("packs")) storage.remove(info.name);
    } else {
      damage_packs(storage);
    }
    EXPECT_TRUE(known_of_newest(storage).empty());  // nobody has found it yet
    EXPECT_ANY_THROW(read_back(*open(storage), start.at(0)));
    EXPECT_EQ(known_of_newest(storage).size(), 1u);
  }
}

TEST(KnownDamage, IsNotWhatOnlyARecordSays) {
  MemoryStorage storage(one_snapshot());
  SealedObjects objects(storage, master_of(storage), Sealing::Encrypt);
  DamageLog log(objects, "");
  for (const ObjectId& id : objects.list(ObjectType::Index)) {
    for (const PackRecords& pack : decode_index(objects.get(ObjectType::Index, id), "index")) {
      log.note_nowhere(pack.pieces.at(0).id);
      if (pack.pieces.size() > 1) log.note(pack.pack, pack.pieces.at(1).id);
      if (pack.pieces.size() == 1) log.note(pack.pack);
    }
  }
  log.save();
  EXPECT_GT(storage.list("damaged").size(), 1u);
  EXPECT_TRUE(known_of_newest(storage).empty());
}

TEST(KnownDamage, GoesWithTheSnapshotsThatHadIt) {
  MemoryStorage storage(one_snapshot());
  damage_packs(storage);
  open(storage)->repair({});
  const auto lost = open(storage)->snapshots();
  EXPECT_FALSE(known_of_newest(storage).empty());
  back_up(*open(storage), {{"other", noise(9, 4000)}});
  EXPECT_TRUE(known_of_newest(storage).empty());
  EXPECT_FALSE(open(storage)->known_damage(lost.at(0)).empty());
  open(storage)->collect({});
  EXPECT_FALSE(storage.list("damaged").empty());
  open(storage)->forget({lost.at(0).id});
  open(storage)->collect({});
  EXPECT_TRUE(storage.list("damaged").empty());
}

TEST(KnownDamage, IsNotRecordedForWhatWasNeverHere) {
  MemoryStorage storage(one_snapshot());
  EXPECT_ANY_THROW(open(storage)->find(ObjectKind::Data, random_id()));
  EXPECT_TRUE(storage.list("damaged").empty());
}

}  // namespace
}  // namespace snapferry::repository
