// Everything that can befall one stored object, for each of a small repository: it is noticed, the
// next backup heals it where the source still has the content, and a prune loses nothing.

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/tree_node.h"
#include "repository/damage_log.h"
#include "repository/known_state.h"
#include "repository/object_index.h"
#include "repository/pack_list.h"
#include "repository/repository.h"
#include "repository/test_damage.h"
#include "testing/fault_storage.h"
#include "testing/temporary_directory.h"

namespace snapferry::repository {
namespace {

TEST(DamagedObjects, AreNoticedByAQuickVerifyWhereverItIsNotInContents) {
  for_each_fault([](MemoryStorage& storage, const Fault& fault, bool) {
    if (fault.needs_reading) return;
    EXPECT_FALSE(open(storage)->verify({}).ok());
  });
}

TEST(DamagedObjects, AreNamedByTheVerifyThatFindsThem) {
  for_each_fault([](MemoryStorage& storage, const Fault& fault, bool) {
    const VerifyReport quick = open(storage)->verify({});
    EXPECT_EQ(quick.damages.empty(), quick.ok()) << fault.name;
    EXPECT_FALSE(open(storage)->verify({.read_data = 100}).damages.empty());
  });
}

TEST(DamagedObjects, AreAllNoticedByReadingEverything) {
  for_each_fault([](MemoryStorage& storage, const Fault&, bool) {
    EXPECT_FALSE(open(storage)->verify({.read_data = 100}).ok());
  });
}

TEST(DamagedObjects, ArePacksThatAreMissingOnlyWhereASnapshotNeedsWhatWasInThem) {
  MemoryStorage storage;
  create(storage);
  auto repository = open(storage);
  const auto packs = [&] {
    std::set<std::string> names;
    for (const auto& info : storage.list("packs")) names.insert(info.name);
    return names;
  };
  const Snapshot first = back_up(*repository);
  const auto before = packs();
  back_up(*repository, {{"d", noise(4, 5000)}});
  repository->forget({first.id});
  for (const auto& name : before) storage.remove(name);
  const VerifyReport unneeded = open(storage)->verify({});
  EXPECT_TRUE(unneeded.ok());
  EXPECT_EQ(unneeded.remarks.size(), before.size());
  for (const auto& name : packs()) storage.remove(name);
  EXPECT_FALSE(open(storage)->verify({}).ok());
}

TEST(DamagedObjects, AreNoticedBehindACacheThatHasReadThemBefore) {
  const testing::TemporaryDirectory cache;
  const MemoryStorage::Objects start = one_snapshot();
  {
    MemoryStorage storage(start);
    open(storage, cache.path())->verify({});
  }
  for (const auto& [name, bytes] : start) {
    if (!name.starts_with("packs/") && !name.starts_with("index/")) continue;
    for (const Fault& fault : faults_of(name)) {
      if (fault.needs_reading) continue;
      SCOPED_TRACE(name + " " + fault.name);
      MemoryStorage storage(start);
      fault.apply(storage, name);
      EXPECT_FALSE(open(storage, cache.path())->verify({}).ok());
    }
  }
}

TEST(DamagedObjects, AreStoredAgainByTheNextBackupAfterAVerify) {
  for_each_fault([](MemoryStorage& storage, const Fault&, bool) {
    open(storage)->verify({.read_data = 100});
    const Snapshot snapshot = back_up(*open(storage));
    EXPECT_EQ(read_back(*open(storage), snapshot), source());
    EXPECT_TRUE(open(storage)->verify({.read_data = 100}).affected.empty());
  });
}

TEST(DamagedObjects, AreStoredAgainWithoutAVerifyWhereTheListingTells) {
  for_each_fault([](MemoryStorage& storage, const Fault& fault, bool) {
    if (fault.name != "missing" && fault.name != "empty" && fault.name != "truncated") return;
    const Snapshot snapshot = back_up(*open(storage));
    EXPECT_EQ(read_back(*open(storage), snapshot), source());
  });
}

TEST(DamagedObjects, AreStoredAgainAfterAReaderCameUponThem) {
  for_each_fault([](MemoryStorage& storage, const Fault&, bool) {
    try {
      auto repository = open(storage);
      for (const Snapshot& snapshot : repository->snapshots()) {
        const Bytes tree = repository->get(ObjectKind::Tree, snapshot.root.tree);
        for (const auto& item : TreeNode::parse(tree).items) {
          try {
            repository->get(ObjectKind::Data, *decode_entry(item.bytes).content.runs.at(0).id);
          } catch (const Error&) {
          }
        }
      }
    } catch (const Error&) {
    }
    const Snapshot snapshot = back_up(*open(storage));
    EXPECT_EQ(read_back(*open(storage), snapshot), source());
  });
}

// What an index or a cache remembers is no answer.
TEST(DamagedObjects, AreMissingToABackupThatAsksBeforeItHandsAnythingOver) {
  const auto missing_in = [](Repository& repository) {
    const auto session = repository.begin_backup();
    std::vector<ObjectRef> all;
    for (const auto& [name, content] : source()) {
      all.push_back({ObjectKind::Data, session->id_of(ObjectKind::Data, as_bytes(content))});
    }
    const std::vector<ObjectRef> missing = session->missing(all);
    for (const ObjectRef& object : all) {
      if (std::ranges::find(missing, object) != missing.end()) continue;
      EXPECT_NO_THROW(repository.get(object.kind, object.id));
    }
    return missing.size();
  };
  MemoryStorage whole(one_snapshot());
  EXPECT_EQ(missing_in(*open(whole)), 0u);
  std::size_t missing = 0;
  for_each_fault([&](MemoryStorage& storage, const Fault&, bool) {
    const testing::TemporaryDirectory cache;
    const auto repository = open(storage, cache.path());
    repository->verify({.read_data = 100});
    missing += missing_in(*repository);
  });
  EXPECT_GT(missing, 0u);
}

// Of the pack of data the first piece is damaged, or only said to be; it is healed by a backup.
ObjectId first_data_pack(MemoryStorage& storage) {
  for (const auto& info : storage.list("packs")) {
    if (info.size > 8000) return *id_of_name(ObjectType::Pack, info.name);
  }
  return {};
}

TEST(DamagedObjects, ThatWereHealedAreGoneAfterTheNextPrune) {
  MemoryStorage storage(one_snapshot());
  const std::string name = object_name(ObjectType::Pack, first_data_pack(storage));
  flip("first piece", 20, false, true).apply(storage, name);
  open(storage)->verify({.read_data = 100});
  const Snapshot snapshot = back_up(*open(storage));
  EXPECT_FALSE(open(storage)->verify({.read_data = 100}).remarks.empty());
  const CollectReport planned = open(storage)->collect({.dry_run = true, .max_unused = 1});
  const CollectReport report = open(storage)->collect({.max_unused = 1});
  EXPECT_EQ(planned.packs_rewritten, 1u);
  EXPECT_EQ(report.packs_rewritten, 1u);
  EXPECT_TRUE(report.damages.empty());
  EXPECT_THROW(storage.info(name), Error);
  EXPECT_TRUE(storage.list("damaged").empty());
  const VerifyReport verified = open(storage)->verify({.read_data = 100});
  EXPECT_TRUE(verified.ok());
  EXPECT_TRUE(verified.remarks.empty());
  EXPECT_EQ(read_back(*open(storage), snapshot), source());
}

TEST(DamagedObjects, ThatWereHealedAreGoneAfterTwoPrunesWhateverBefellThem) {
  for_each_fault([](MemoryStorage& storage, const Fault&, bool is_pack) {
    if (!is_pack) return;
    open(storage)->verify({.read_data = 100});
    const Snapshot snapshot = back_up(*open(storage));
    for (int prune = 0; prune < 2; ++prune) open(storage)->collect({.max_unused = 1});
    const VerifyReport verified = open(storage)->verify({.read_data = 100});
    EXPECT_TRUE(verified.ok());
    for (const Damage& remark : verified.remarks) ADD_FAILURE() << remark.message;
    EXPECT_TRUE(storage.list("damaged").empty());
    EXPECT_EQ(read_back(*open(storage), snapshot), source());
    EXPECT_TRUE(open(storage)->repair({}).actions.empty());
  });
}

// Whose pieces can all still be read where the index says that they are.
bool keeps_its_pieces(const Fault& fault) {
  return fault.name == "header" || fault.name == "end" || fault.name == "table of contents";
}

TEST(DamagedPacks, WithAllTheirPiecesAreWrittenAnewByAPrune) {
  for (const unsigned read_data : {0u, 100u}) {
    for_each_fault([&](MemoryStorage& storage, const Fault& fault, bool is_pack) {
      if (!is_pack || !keeps_its_pieces(fault)) return;
      const Snapshot snapshot = open(storage)->snapshots().at(0);
      open(storage)->verify({.read_data = static_cast<double>(read_data)});
      const CollectReport report = open(storage)->collect({.max_unused = 1});
      EXPECT_TRUE(report.damages.empty());
      EXPECT_EQ(report.packs_rewritten, 1u);
      const VerifyReport verified = open(storage)->verify({.read_data = 100});
      EXPECT_TRUE(verified.ok());
      EXPECT_TRUE(verified.remarks.empty());
      EXPECT_TRUE(storage.list("damaged").empty());
      EXPECT_EQ(read_back(*open(storage), snapshot), source());
      EXPECT_TRUE(open(storage)->repair({}).actions.empty());
    });
  }
}

TEST(DamagedPacks, StayWhereAPieceThatIsNeededIsDamagedToo) {
  MemoryStorage storage(one_snapshot());
  const std::string name = object_name(ObjectType::Pack, first_data_pack(storage));
  flip("first piece", 20, false, true).apply(storage, name);
  flip("table of contents", 20, true, false).apply(storage, name);
  const Bytes before = storage.get(name);
  open(storage)->verify({.read_data = 100});
  const CollectReport report = open(storage)->collect({.max_unused = 1});
  ASSERT_EQ(report.damages.size(), 1u);
  EXPECT_NE(report.damages[0].message.find("snapferry repair"), std::string::npos);
  EXPECT_EQ(storage.get(name), before);
  EXPECT_EQ(open(storage)->repair({}).pieces_rescued, source().size() - 1);
}

TEST(DamagedPacks, StayWhileAnythingIsMissingFromTheIndex) {
  MemoryStorage storage(one_snapshot());
  back_up(*open(storage), {{"d", noise(4, 5000)}});
  const std::string name = object_name(ObjectType::Pack, first_data_pack(storage));
  for (const auto& info : storage.list("packs")) {
    if (info.size > 5000 && info.size < 8000) storage.remove(info.name);
  }
  flip("table of contents", 20, true, false).apply(storage, name);
  open(storage)->verify({.read_data = 100});
  EXPECT_FALSE(open(storage)->collect({.max_unused = 1}).damages.empty());
  EXPECT_NO_THROW(storage.info(name));
}

TEST(DamagedObjects, OfWhichNoOtherCopyIsThereStayInTheirPack) {
  MemoryStorage storage(one_snapshot());
  const std::string name = object_name(ObjectType::Pack, first_data_pack(storage));
  flip("first piece", 20, false, true).apply(storage, name);
  open(storage)->verify({.read_data = 100});
  EXPECT_EQ(open(storage)->collect({.max_unused = 1}).packs_rewritten, 0u);
  EXPECT_NO_THROW(storage.info(name));
  EXPECT_EQ(storage.list("damaged").size(), 1u);
}

TEST(DamagedObjects, ThatOnlySomebodySaysAreDamagedLoseNothing) {
  for (const bool is_stored_again : {false, true}) {
    MemoryStorage storage(one_snapshot());
    const Snapshot first = open(storage)->snapshots().at(0);
    const ObjectId pack = first_data_pack(storage);
    const Bytes tree = open(storage)->get(ObjectKind::Tree, first.root.tree);
    const Entry entry = decode_entry(TreeNode::parse(tree).items.at(0).bytes);
    SealedObjects objects(storage, master_of(storage), Sealing::Encrypt);
    objects.put(ObjectType::Damaged, random_id(),
                encode_damage_record({}, {{pack, {*entry.content.runs.at(0).id}}}));
    if (is_stored_again) back_up(*open(storage));
    const CollectReport report = open(storage)->collect({.max_unused = 1});
    EXPECT_EQ(report.packs_rewritten, is_stored_again ? 1u : 0u);
    EXPECT_EQ(storage.list("damaged").empty(), is_stored_again);
    EXPECT_EQ(read_back(*open(storage), first), source());
    EXPECT_TRUE(open(storage)->verify({.read_data = 100}).ok());
  }
}

TEST(DamagedObjects, LoseNothingThatWasStoredAgainToAPrune) {
  for_each_fault([](MemoryStorage& storage, const Fault&, bool) {
    open(storage)->verify({.read_data = 100});
    const Snapshot snapshot = back_up(*open(storage));
    for (const double max_unused : {0.2, 0.0}) {
      try {
        open(storage)->collect({.max_unused = max_unused});
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Corrupt) << error.what();
      }
      EXPECT_EQ(read_back(*open(storage), snapshot), source());
    }
  });
}

TEST(TwoCopies, OneThatIsDamagedHidesTheGoodOneFromNoReader) {
  const MemoryStorage::Objects start = two_copies();
  for (const auto& [name, bytes] : start) {
    if (!name.starts_with("packs/")) continue;
    for (const Fault& fault : faults_of(name)) {
      if (fault.name == "swapped") continue;  // both are damaged
      SCOPED_TRACE(name + " " + fault.name);
      MemoryStorage storage(start);
      fault.apply(storage, name);
      auto repository = open(storage);
      const auto snapshots = repository->snapshots();
      ASSERT_EQ(snapshots.size(), 2u);
      for (const Snapshot& snapshot : snapshots) {
        EXPECT_EQ(read_back(*repository, snapshot), source());
      }
      EXPECT_TRUE(open(storage)->verify({.read_data = 100}).affected.empty());
    }
  }
}

TEST(TwoCopies, OfWhichOneIsDamagedAreNoLossForVerify) {
  const MemoryStorage::Objects start = two_copies();
  for (const auto& [name, bytes] : start) {
    if (!name.starts_with("packs/")) continue;
    MemoryStorage storage(start);
    storage.remove(name);
    const VerifyReport report = open(storage)->verify({});
    EXPECT_TRUE(report.ok());
    ASSERT_EQ(report.remarks.size(), 1u);
    EXPECT_EQ(report.remarks[0].object, name);
  }
}

TEST(TwoCopies, APruneKeepsTheGoodOne) {
  const MemoryStorage::Objects start = two_copies();
  for (const auto& [name, bytes] : start) {
    if (!name.starts_with("packs/")) continue;
    for (const Fault& fault : faults_of(name)) {
      if (fault.name == "swapped") continue;
      SCOPED_TRACE(name + " " + fault.name);
      MemoryStorage storage(start);
      fault.apply(storage, name);
      open(storage)->collect({.max_unused = 0});
      auto repository = open(storage);
      for (const Snapshot& snapshot : repository->snapshots()) {
        EXPECT_EQ(read_back(*repository, snapshot), source());
      }
    }
  }
}

// What a taken-over client can write: records that call everything damaged.
TEST(FalseRecords, CostStoringAgainAndLoseNothing) {
  for (const bool prune_comes_first : {false, true}) {
    for (const auto& start : {one_snapshot(), two_copies()}) {
      MemoryStorage storage(start);
      {
        auto repository = open(storage);
        SealedObjects objects(storage, master_of(storage), Sealing::Encrypt);
        std::vector<DamagedPack> all;
        for (const auto& info : storage.list("packs")) {
          all.push_back({*id_of_name(ObjectType::Pack, info.name), {}});
        }
        objects.put(ObjectType::Damaged, random_id(), encode_damage_record({}, all));
      }
      if (prune_comes_first) open(storage)->collect({.max_unused = 0});
      auto repository = open(storage);
      for (const Snapshot& snapshot : repository->snapshots()) {
        EXPECT_EQ(read_back(*repository, snapshot), source());
      }
      const Snapshot again = back_up(*open(storage));
      // The packs were written again, and what was said of them is gone with them.
      EXPECT_EQ(again.stats.bytes_added == 0, prune_comes_first);
      open(storage)->collect({.max_unused = 0});
      repository = open(storage);
      for (const Snapshot& snapshot : repository->snapshots()) {
        EXPECT_EQ(read_back(*repository, snapshot), source());
      }
      EXPECT_TRUE(repository->verify({.read_data = 100}).affected.empty());
    }
  }
}

TEST(DamageLog, KeepsInTheCacheWhatTheStorageDoesNotTake) {
  const testing::TemporaryDirectory cache;
  MemoryStorage storage;
  testing::FaultStorage read_only(storage, {.at = 1,
                                            .repeat = testing::FaultRepeat::FromThereOn,
                                            .counts = [](testing::Verb verb, std::string_view) {
                                              return testing::changes_storage(verb);
                                            }});
  const ObjectId pack = random_id();
  const ObjectId piece = random_id();
  Key master;
  {
    SealedObjects objects(read_only, master, Sealing::Encrypt);
    DamageLog log(objects, cache.path());
    log.note(pack, piece);
    log.save();
  }
  SealedObjects objects(storage, master, Sealing::Encrypt);
  EXPECT_TRUE(objects.list(ObjectType::Damaged).empty());
  DamageLog log(objects, cache.path());
  log.refresh();
  EXPECT_TRUE(log.contains(pack, piece));
  EXPECT_FALSE(log.contains(pack, random_id()));
  log.forget(PackList(), {});
  EXPECT_TRUE(log.empty());
}

TEST(DamageLog, ForgetsRecordsOnlyWhenAllTheirPacksAreGone) {
  MemoryStorage storage;
  Key master;
  SealedObjects objects(storage, master, Sealing::Encrypt);
  DamageLog log(objects, "");
  const ObjectId here = random_id();
  const ObjectId gone = random_id();
  log.note(here, random_id());
  log.note(gone);
  log.save();
  PackList present;
  present.add({{here, 100}});
  log.forget(present, {});
  EXPECT_TRUE(log.contains(gone, random_id()));
  log.forget(PackList(), {});
  EXPECT_TRUE(objects.list(ObjectType::Damaged).empty());
  EXPECT_TRUE(log.empty());
}

TEST(KnownState, HoldsWhileNothingWentAndNoMoreIsLost) {
  const auto id = [](std::uint8_t n) {
    ObjectId made;
    made.bytes[0] = n;
    return made;
  };
  const KnownState then{{id(1), id(3)}, {id(7)}};
  EXPECT_TRUE(still_holds(then, then));
  EXPECT_TRUE(still_holds(then, {{id(1), id(2), id(3)}, {}}));
  EXPECT_FALSE(still_holds(then, {{id(1)}, {}}));
  EXPECT_FALSE(still_holds(then, {{id(1), id(3)}, {id(8)}}));
  EXPECT_EQ(decode_known_state(encode_known_state(then)), then);
  EXPECT_EQ(decode_known_state(as_bytes("no state")), std::nullopt);
}

TEST(PackList, TellsWhatIsThereAndHowLong) {
  const ObjectId pack = random_id();
  PackList packs({{"packs/" + pack.hex(), 100, 0}, {"packs/other", 5, 0}});
  EXPECT_EQ(packs.count(), 1u);
  EXPECT_TRUE(packs.is_whole({pack, 100}));
  EXPECT_FALSE(packs.is_whole({pack, 99}));
  EXPECT_EQ(packs.size(random_id()), std::nullopt);
  packs.add({{pack, 99}});
  EXPECT_EQ(packs.count(), 1u);
  EXPECT_TRUE(packs.is_whole({pack, 99}));
}

}  // namespace
}  // namespace snapferry::repository
