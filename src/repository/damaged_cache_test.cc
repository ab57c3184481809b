// The local tables of the index are a cache: whatever became of them stops nothing.

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "repository/repository.h"
#include "repository/test_damage.h"
#include "testing/temporary_directory.h"

namespace snapferry::repository {
namespace {

namespace fs = std::filesystem;

// Flips one bit in each table, at the byte of that number or the last but `from_end`.
std::size_t flip_tables(const std::string& cache, std::size_t at, bool from_end) {
  std::size_t flipped = 0;
  for (const auto& file : fs::recursive_directory_iterator(cache)) {
    if (file.path().extension() != ".table") continue;
    const std::size_t size = fs::file_size(file.path());
    std::fstream table(file.path(), std::ios::in | std::ios::out | std::ios::binary);
    const auto place = static_cast<std::streamoff>(from_end ? size - 1 - at : at);
    table.seekg(place);
    const char byte = static_cast<char>(table.get() ^ 4);
    table.seekp(place);
    table.put(byte);
    ++flipped;
  }
  return flipped;
}

class DamagedTables : public ::testing::TestWithParam<std::pair<std::size_t, bool>> {
 protected:
  void SetUp() override {
    create(storage_);
    snapshot_ = back_up(*open(storage_));
    back_up(*open(storage_), {{"d", noise(4, 5000)}}, 1);
    EXPECT_EQ(read_back(*open(storage_, cache_.path()), snapshot_), source());
    for (const auto& file : fs::recursive_directory_iterator(cache_.path())) {
      if (file.path().filename().string().starts_with("objects")) kept_.push_back(file.path());
    }
    for (const auto& file : kept_) fs::remove(file);  // or nothing would be looked up
    EXPECT_GT(flip_tables(cache_.path(), GetParam().first, GetParam().second), 0u);
  }

  MemoryStorage storage_;
  testing::TemporaryDirectory cache_;
  std::vector<fs::path> kept_;
  Snapshot snapshot_;
};

TEST_P(DamagedTables, StopNoReader) {
  EXPECT_EQ(read_back(*open(storage_, cache_.path()), snapshot_), source());
}

TEST_P(DamagedTables, AreNoDamageToAVerify) {
  const VerifyReport report = open(storage_, cache_.path())->verify({});
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(report.snapshots, 2u);
}

TEST_P(DamagedTables, StopNoPruneAndNoBackup) {
  const auto repository = open(storage_, cache_.path());
  repository->forget({snapshot_.id});
  const CollectReport report = repository->collect({});
  EXPECT_TRUE(report.damages.empty());
  EXPECT_GT(report.packs_removed, 0u);
  EXPECT_GT(flip_tables(cache_.path(), GetParam().first, GetParam().second), 0u);
  const Snapshot again = back_up(*open(storage_, cache_.path()), source(), 2);
  EXPECT_EQ(read_back(*open(storage_), again), source());
}

TEST_P(DamagedTables, AreNoDamageToRepair) {
  const RepairReport report = open(storage_, cache_.path())->repair({});
  EXPECT_TRUE(report.is_whole());
  EXPECT_TRUE(report.actions.empty());
}

INSTANTIATE_TEST_SUITE_P(Everywhere, DamagedTables,
                         ::testing::Values(std::pair{std::size_t{8}, false},
                                           std::pair{std::size_t{88}, false},
                                           std::pair{std::size_t{3}, true}));

TEST(TornIndexObject, GoesWithTheNextPruneThoughACacheKnowsWhatWasInIt) {
  const testing::TemporaryDirectory cache;
  MemoryStorage storage;
  create(storage);
  const Snapshot snapshot = back_up(*open(storage, cache.path()));
  const std::string name = storage.list("index").at(0).name;
  storage.put(name, {});
  EXPECT_TRUE(open(storage, cache.path())->collect({}).damages.empty());
  for (const auto& info : storage.list("index")) EXPECT_NE(info.name, name);
  EXPECT_TRUE(open(storage)->verify({}).ok());
  EXPECT_EQ(read_back(*open(storage), snapshot), source());
}

}  // namespace
}  // namespace snapferry::repository
