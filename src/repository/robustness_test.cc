// What is left of a repository when storage operations fail, the power goes, or bits
// flip: after the way SQLite tests itself, every operation is made to fail in turn.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "blob/memory_storage.h"
#include "core/error.h"
#include "repository/repository.h"
#include "repository/test_damage.h"
#include "testing/crash_storage.h"
#include "testing/fault_storage.h"

namespace snapferry::repository {
namespace {

// The snapshots of the repository under test, by the second they were taken in.
const Files& files_of(std::int64_t seconds) {
  static const std::map<std::int64_t, Files> kFiles = {
      {1, {{"first", noise(1, 5000)}, {"shared", noise(2, 3000)}}},
      {2, {{"second", noise(3, 4000)}, {"shared", noise(2, 3000)}}},
      {3, {{"second", noise(3, 4000)}, {"third", noise(4, 2000)}, {"first", noise(1, 5000)}}},
  };
  return kFiles.at(seconds);
}

// Two snapshots, and content of a third that was forgotten.
MemoryStorage::Objects starting_point() {
  MemoryStorage storage;
  create(storage);
  auto repository = open(storage);
  const Snapshot forgotten = back_up(*repository, {{"gone", noise(9, 6000)}}, 0);
  back_up(*repository, files_of(1), 1);
  back_up(*repository, files_of(2), 2);
  repository->forget({forgotten.id});
  return storage.objects();
}

// Every snapshot there is must be whole; `needed` must be there.
void expect_whole(blob::Storage& storage, const std::vector<std::int64_t>& needed) {
  auto repository = open(storage);
  const VerifyReport report = repository->verify({.read_data = 100});
  for (const Damage& damage : report.damages) {
    // Torn leftovers of whoever crashed are not damage to a snapshot, but only claims
    // and condemned lists may be torn: all else is written before it is referenced.
    EXPECT_TRUE(damage.object.starts_with("claims/") || damage.object.starts_with("condemned/") ||
                damage.object.starts_with("ended/") || damage.object.starts_with("index/") ||
                damage.object.starts_with("snapshots/"))
        << damage.object << ": " << damage.message;
  }
  EXPECT_TRUE(report.affected.empty());
  std::vector<Damage> torn;
  std::map<std::int64_t, Snapshot> found;
  for (const Snapshot& snapshot : repository->snapshots(&torn)) {
    EXPECT_EQ(read_back(*repository, snapshot), files_of(snapshot.time.seconds));
    found[snapshot.time.seconds] = snapshot;
  }
  for (const std::int64_t seconds : needed) EXPECT_TRUE(found.contains(seconds)) << seconds;
}

struct Operation {
  const char* name;
  std::function<void(Repository&)> run;
  std::vector<std::int64_t> afterwards;  // snapshots that are there once it succeeded
  bool index_is_damaged = false;         // before it
};

std::vector<Operation> operations() {
  return {
      {"backup", [](Repository& repository) { back_up(repository, files_of(3), 3); }, {1, 2, 3}},
      {"prune",
       [](Repository& repository) {
         for (const Snapshot& snapshot : repository.snapshots(nullptr)) {
           if (snapshot.time.seconds == 1) repository.forget({snapshot.id});
         }
         repository.collect({});
       },
       {2}},
      {"restore",
       [](Repository& repository) {
         for (const Snapshot& snapshot : repository.snapshots(nullptr)) {
           EXPECT_EQ(read_back(repository, snapshot), files_of(snapshot.time.seconds));
         }
       },
       {1, 2}},
      {"index_rebuild", [](Repository& repository) { repository.collect({}); }, {1, 2}, true},
  };
}

MemoryStorage::Objects start_of(const Operation& operation) {
  MemoryStorage storage(starting_point());
  if (operation.index_is_damaged) {
    for (const auto& info : storage.list("index")) storage.put(info.name, as_bytes("torn"));
  }
  return storage.objects();
}

// True if the operation got through.
bool attempt(blob::Storage& storage, const Operation& operation) {
  try {
    operation.run(*open(storage));
    return true;
  } catch (const Error& error) {
    EXPECT_NE(error.kind(), ErrorKind::Internal) << error.what();
    return false;
  }
}

class Robustness : public ::testing::TestWithParam<int> {
 protected:
  Operation operation() const { return operations()[static_cast<std::size_t>(GetParam())]; }
  const MemoryStorage::Objects start_ = start_of(operation());
};

INSTANTIATE_TEST_SUITE_P(Operations, Robustness, ::testing::Range(0, 4), [](const auto& operation) {
  return std::string(operations()[static_cast<std::size_t>(operation.param)].name);
});

TEST_P(Robustness, NothingIsLostWhicheverOperationFails) {
  for (const auto repeat : {testing::FaultRepeat::Once, testing::FaultRepeat::FromThereOn}) {
    for (const auto effect : {testing::FaultEffect::None, testing::FaultEffect::Taken}) {
      std::uint64_t failures = 0;
      for (std::uint64_t at = 1;; ++at) {
        SCOPED_TRACE(at);
        MemoryStorage storage(start_);
        testing::FaultStorage faulty(storage, {.at = at, .repeat = repeat, .effect = effect});
        const bool done = attempt(faulty, operation());
        if (!done) ++failures;
        expect_whole(storage, done ? operation().afterwards : std::vector<std::int64_t>{2});
        // And it works by itself once the storage does.
        ASSERT_TRUE(attempt(storage, operation()));
        expect_whole(storage, operation().afterwards);
        if (faulty.operations() < at || ::testing::Test::HasFailure()) break;
      }
      EXPECT_GT(failures, 5u);
    }
  }
}

TEST_P(Robustness, NothingIsLostWhenThePowerGoesAtAnyOperation) {
  using testing::CrashPolicy;
  for (std::uint64_t at = 1;; ++at) {
    SCOPED_TRACE(at);
    testing::CrashStorage crashing(start_, {.at_operation = at});
    const bool done = attempt(crashing, operation());
    for (const auto policy : {CrashPolicy::KeepAll, CrashPolicy::DropAll, CrashPolicy::TearAll,
                              CrashPolicy::Random, CrashPolicy::Random}) {
      static std::uint64_t seed = 0;
      MemoryStorage storage(crashing.crash(policy, ++seed));
      SCOPED_TRACE(static_cast<int>(policy));
      // A restore changes nothing, and what was committed survives whatever happens.
      expect_whole(storage, done ? operation().afterwards : std::vector<std::int64_t>{2});
      ASSERT_TRUE(attempt(storage, operation()));
      expect_whole(storage, operation().afterwards);
      if (::testing::Test::HasFailure()) return;
    }
    if (done && !crashing.power_lost()) break;
  }
}

TEST_P(Robustness, NothingIsLostWhenThePowerGoesAgainDuringTheNextRun) {
  for (std::uint64_t at = 1;; at += 3) {
    testing::CrashStorage first(start_, {.at_operation = at});
    const bool done = attempt(first, operation());
    for (std::uint64_t again = 1;; again += 5) {
      SCOPED_TRACE(std::to_string(at) + "/" + std::to_string(again));
      testing::CrashStorage second(first.crash(testing::CrashPolicy::Random, at),
                                   {.at_operation = again});
      attempt(second, operation());
      MemoryStorage storage(second.crash(testing::CrashPolicy::Random, again));
      expect_whole(storage, {2});
      if (::testing::Test::HasFailure()) return;
      if (!second.power_lost()) break;
    }
    if (done && !first.power_lost()) break;
  }
}

TEST(IndexRebuild, LeavesNothingToComplainOf) {
  const Operation rebuild = operations().back();
  MemoryStorage storage(start_of(rebuild));
  auto repository = open(storage);
  EXPECT_FALSE(repository->verify({}).damages.empty());
  rebuild.run(*repository);
  EXPECT_TRUE(repository->verify({.read_data = 100}).damages.empty());
}

// A repository of few bytes, so that every bit can be flipped.
MemoryStorage::Objects tiny_repository() {
  MemoryStorage storage;
  create(storage);
  auto repository = open(storage);
  back_up(*repository, {{"a", "one"}}, 1);
  back_up(*repository, {{"b", "two"}}, 2);
  return storage.objects();
}

const Files kTiny[] = {{}, {{"a", "one"}}, {{"b", "two"}}};

// Each snapshot is either as it was, or its damage was announced.
void expect_no_wrong_data(Repository& repository, const VerifyReport& report) {
  std::vector<Damage> damaged;
  const auto snapshots = repository.snapshots(&damaged);
  EXPECT_EQ(snapshots.size() + damaged.size(), 2u);
  for (const Snapshot& snapshot : snapshots) {
    const bool announced =
        std::any_of(report.affected.begin(), report.affected.end(),
                    [&](const AffectedPath& path) { return path.snapshot == snapshot.id; });
    try {
      EXPECT_EQ(read_back(repository, snapshot), kTiny[snapshot.time.seconds]);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Corrupt) << error.what();
      EXPECT_TRUE(announced) << error.what();
    }
  }
}

TEST(BitFlips, AreAllFoundAndNeverGiveWrongData) {
  const auto objects = tiny_repository();
  std::size_t unopenable = 0;
  for (const auto& [name, object] : objects) {
    if (name == "spare") continue;  // says nothing
    MemoryStorage storage(objects);
    Bytes bytes = storage.get(name);
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      SCOPED_TRACE(name + " bit " + std::to_string(bit));
      bytes[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
      storage.put(name, bytes);
      try {
        auto repository = open(storage);
        const VerifyReport report = repository->verify({.read_data = 100});
        ASSERT_FALSE(report.damages.empty());
        EXPECT_EQ(report.damages.front().object, name);
        expect_no_wrong_data(*repository, report);
      } catch (const Error& error) {
        ++unopenable;
        EXPECT_EQ(error.kind(), ErrorKind::Corrupt) << error.what();
      }
      if (HasFailure()) return;
      bytes[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    }
  }
  EXPECT_EQ(unopenable, 0u);  // the two copies of config and key see to that
}

}  // namespace
}  // namespace snapferry::repository
