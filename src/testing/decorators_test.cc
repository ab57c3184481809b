#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "blob/memory_storage.h"
#include "testing/counting_storage.h"
#include "testing/crash_storage.h"
#include "testing/errors.h"
#include "testing/fake_clock.h"
#include "testing/fault_storage.h"
#include "testing/latency_storage.h"
#include "testing/storage_contract.h"

namespace snapferry::testing {
namespace {

class CrashPlace : public StoragePlace {
 public:
  std::unique_ptr<blob::Storage> open() override {
    return std::make_unique<ObservedStorage>(storage_);
  }

 private:
  CrashStorage storage_;
};

class DecoratedPlace : public StoragePlace {
 public:
  std::unique_ptr<blob::Storage> open() override {
    return std::make_unique<ObservedStorage>(fault_);
  }

 private:
  blob::MemoryStorage storage_;
  LatencyStorage latency_{storage_, {.round_trip_microseconds = 1000}};
  CountingStorage counting_{latency_};
  FaultStorage fault_{counting_, {}};
};

INSTANTIATE_TEST_SUITE_P(
    All, StorageContract,
    ::testing::Values(StorageKind{"Crash", [] { return std::make_unique<CrashPlace>(); }},
                      StorageKind{"Decorated", [] { return std::make_unique<DecoratedPlace>(); }}),
    storage_kind_name);

TEST(MemoryStorageTimes, ComeFromTheClock) {
  FakeClock clock(1000);
  blob::MemoryStorage storage(clock);
  storage.put("config", {});
  clock.advance({60});
  storage.put("keys/a", {});
  EXPECT_EQ(storage.info("config").modified, 1000);
  EXPECT_EQ(storage.info("keys/a").modified, 1060);
}

TEST(FaultStorage, FailsTheChosenOperationOnce) {
  blob::MemoryStorage memory;
  FaultStorage storage(memory, {.at = 2, .kind = ErrorKind::NoSpace});
  storage.put("keys/a", as_bytes("a"));
  EXPECT_ERROR(storage.put("keys/b", as_bytes("b")), ErrorKind::NoSpace);
  storage.put("keys/c", as_bytes("c"));
  EXPECT_EQ(memory.list("keys").size(), 2u);
  EXPECT_EQ(storage.operations(), 3u);
  EXPECT_EQ(storage.failures(), 1u);
}

TEST(FaultStorage, FailsFromThereOn) {
  blob::MemoryStorage memory;
  FaultStorage storage(memory, {.at = 2, .repeat = FaultRepeat::FromThereOn});
  storage.sync();
  for (int i = 0; i < 3; ++i) EXPECT_ERROR(storage.sync(), ErrorKind::Unavailable);
  EXPECT_EQ(storage.failures(), 3u);
}

TEST(FaultStorage, MayLoseOnlyTheAnswer) {
  blob::MemoryStorage memory;
  FaultStorage storage(memory, {.at = 1, .effect = FaultEffect::Taken});
  EXPECT_ERROR(storage.put("keys/a", as_bytes("a")), ErrorKind::Unavailable);
  EXPECT_EQ(as_text(memory.get("keys/a")), "a");
}

TEST(FaultStorage, CountsOnlyWhatItIsToldTo) {
  blob::MemoryStorage memory;
  FaultStorage storage(memory, {.at = 1, .counts = [](Verb verb, std::string_view) {
                                  return verb == Verb::Remove;
                                }});
  storage.put("keys/a", as_bytes("a"));
  EXPECT_ERROR(storage.remove("keys/a"), ErrorKind::Unavailable);
  EXPECT_EQ(storage.operations(), 1u);
}

TEST(CountingStorage, CountsCallsAndBytesByVerb) {
  blob::MemoryStorage memory;
  CountingStorage storage(memory);
  storage.put("keys/a", as_bytes("12345"));
  storage.get_range("keys/a", 1, 2);
  storage.get_range("keys/a", 0, 4);
  EXPECT_ERROR(storage.get("keys/b"), ErrorKind::NotFound);
  EXPECT_EQ(storage.calls(Verb::Put), 1u);
  EXPECT_EQ(storage.bytes(Verb::Put), 5u);
  EXPECT_EQ(storage.calls(Verb::GetRange), 2u);
  EXPECT_EQ(storage.bytes(Verb::GetRange), 6u);
  EXPECT_EQ(storage.calls(), 3u);
  storage.reset();
  EXPECT_EQ(storage.calls() + storage.bytes(), 0u);
}

TEST(LatencyStorage, AddsUpRoundTripsAndBytes) {
  blob::MemoryStorage memory;
  LatencyStorage storage(memory, {.round_trip_microseconds = 100, .bytes_per_second = 1000});
  storage.put("keys/a", as_bytes("12345"));
  EXPECT_ERROR(storage.get("keys/b"), ErrorKind::NotFound);
  EXPECT_EQ(storage.microseconds(), 2 * 100 + 5'000u);
}

constexpr CrashPolicy kPolicies[] = {CrashPolicy::KeepAll, CrashPolicy::DropAll,
                                     CrashPolicy::TearAll, CrashPolicy::Random};

TEST(CrashStorage, WhatWasSyncedSurvivesEveryCrash) {
  CrashStorage storage;
  storage.put("keys/a", as_bytes("old"));
  storage.put("keys/b", as_bytes("removed"));
  storage.put("keys/a", as_bytes("new"));
  storage.remove("keys/b");
  storage.sync();
  for (const CrashPolicy policy : kPolicies) {
    const auto left = storage.crash(policy, 1);
    ASSERT_EQ(left.size(), 1u);
    EXPECT_EQ(as_text(left.at("keys/a")), "new");
  }
}

TEST(CrashStorage, WhatWasNotSyncedIsKeptDroppedOrTorn) {
  CrashStorage storage({{"keys/a", Bytes{1, 2, 3}}});
  const Bytes bytes(1000, 7);
  storage.put("keys/b", bytes);
  storage.remove("keys/a");
  const auto kept = storage.crash(CrashPolicy::KeepAll, 1);
  EXPECT_EQ(kept, (CrashStorage::Objects{{"keys/b", bytes}}));
  const auto dropped = storage.crash(CrashPolicy::DropAll, 1);
  EXPECT_EQ(dropped, (CrashStorage::Objects{{"keys/a", Bytes{1, 2, 3}}}));
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto torn = storage.crash(CrashPolicy::TearAll, seed);
    ASSERT_EQ(torn.size(), 1u);
    EXPECT_NE(torn.at("keys/b"), bytes);
    EXPECT_LE(torn.at("keys/b").size(), bytes.size());
  }
}

TEST(CrashStorage, RandomCrashesVaryWithTheSeedAndRepeatWithIt) {
  CrashStorage storage;
  for (char c = 'a'; c <= 'j'; ++c) storage.put(std::string("keys/") + c, as_bytes("0123456789"));
  std::set<CrashStorage::Objects> seen;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    seen.insert(storage.crash(CrashPolicy::Random, seed));
    EXPECT_EQ(storage.crash(CrashPolicy::Random, seed), storage.crash(CrashPolicy::Random, seed));
  }
  EXPECT_GT(seen.size(), 15u);
}

TEST(CrashStorage, LosesPowerAtTheChosenSync) {
  CrashStorage storage({}, {.at_sync = 2});
  storage.put("keys/a", as_bytes("a"));
  storage.sync();
  storage.put("keys/b", as_bytes("b"));
  EXPECT_ERROR(storage.sync(), ErrorKind::Unavailable);
  EXPECT_TRUE(storage.power_lost());
  EXPECT_ERROR(storage.get("keys/a"), ErrorKind::Unavailable);
  EXPECT_ERROR(storage.put("keys/c", as_bytes("c")), ErrorKind::Unavailable);
  EXPECT_EQ(storage.crash(CrashPolicy::DropAll, 1).size(), 1u);
  EXPECT_EQ(storage.crash(CrashPolicy::KeepAll, 1).size(), 2u);
}

TEST(CrashStorage, LosesPowerAtTheChosenOperationWhichMayHaveTakenEffect) {
  CrashStorage storage({}, {.at_operation = 2});
  storage.put("keys/a", as_bytes("a"));
  EXPECT_ERROR(storage.remove("keys/a"), ErrorKind::Unavailable);
  EXPECT_EQ(storage.crash(CrashPolicy::KeepAll, 1).size(), 0u);
  EXPECT_EQ(storage.operations(), 2u);
}

}  // namespace
}  // namespace snapferry::testing
