// What of a repository is not where it should be: in another place with a link to it, or gone with
// its directory. It is no proof that there was nothing.

#include <filesystem>

#include <gtest/gtest.h>

#include "blob/local_storage.h"
#include "repository/repository.h"
#include "repository/test_damage.h"
#include "testing/errors.h"
#include "testing/temporary_directory.h"

namespace snapferry::repository {
namespace {

namespace fs = std::filesystem;

// A repository in a directory, with two snapshots that have nothing in common.
class MissingPlace : public ::testing::Test {
 protected:
  void SetUp() override {
    create(*storage_);
    first_ = back_up(*open(*storage_));
    back_up(*open(*storage_), {{"d", noise(4, 50000)}});
  }

  std::string manifest() const { return path_ + "/snapshots/" + first_.id.hex(); }
  // Nothing is freed, and what was moved away can be put back.
  void expect_all_stays() {
    EXPECT_FALSE(open(*storage_)->verify({}).ok());
    const CollectReport freed = open(*storage_)->collect({});
    EXPECT_EQ(freed.packs_removed, 0u);
    EXPECT_FALSE(freed.damages.empty());
  }
  void expect_restored() {
    EXPECT_EQ(read_back(*open(*storage_), first_), source());
    EXPECT_TRUE(open(*storage_)->verify({.read_data = 100}).ok());
  }

  testing::TemporaryDirectory directory_;
  std::string path_ = directory_ / "store";
  std::string aside_ = directory_ / "aside";
  std::unique_ptr<blob::LocalStorage> storage_ = blob::LocalStorage::create(path_);
  Snapshot first_;
};

TEST_F(MissingPlace, OfAManifestBehindASymlinkIsDamage) {
  fs::rename(manifest(), aside_);
  fs::create_symlink(aside_, manifest());
  expect_all_stays();
  std::vector<Damage> damaged;
  EXPECT_EQ(open(*storage_)->snapshots(&damaged).size(), 1u);
  EXPECT_EQ(damaged.size(), 1u);
  // Repair names it and leaves the link: it tells where the manifest is.
  EXPECT_FALSE(open(*storage_)->repair({}).is_whole());
  EXPECT_TRUE(fs::is_symlink(manifest()));
  fs::remove(manifest());
  fs::rename(aside_, manifest());
  expect_restored();
}

TEST_F(MissingPlace, OfAManifestWithADirectoryInItsPlaceIsDamage) {
  fs::rename(manifest(), aside_);
  fs::create_directory(manifest());
  expect_all_stays();
  fs::remove(manifest());
  fs::rename(aside_, manifest());
  expect_restored();
}

TEST_F(MissingPlace, OfAllManifestsIsDamageAndEndsWhenItIsBack) {
  fs::rename(path_ + "/snapshots", aside_);
  expect_all_stays();
  EXPECT_ERROR(open(*storage_)->snapshots(), ErrorKind::Corrupt);
  EXPECT_FALSE(open(*storage_)->repair({}).is_whole());
  // A backup would make the place anew, and nothing would be missed any more.
  EXPECT_ERROR(open(*storage_)->begin_backup(), ErrorKind::Corrupt);
  EXPECT_FALSE(fs::exists(path_ + "/snapshots"));
  fs::rename(aside_, path_ + "/snapshots");
  expect_restored();
}

TEST_F(MissingPlace, OnADiskThatIsAwayIsNoEmptyOne) {
  fs::rename(path_ + "/snapshots", aside_);
  fs::create_symlink(directory_ / "not mounted", path_ + "/snapshots");
  EXPECT_ERROR(open(*storage_)->snapshots(), ErrorKind::Unavailable);
  EXPECT_ERROR(open(*storage_)->collect({}), ErrorKind::Unavailable);
  EXPECT_ERROR(open(*storage_)->begin_backup(), ErrorKind::Unavailable);
}

TEST_F(MissingPlace, WasNeverThereWhereNothingWasStored) {
  const testing::TemporaryDirectory room;
  const auto storage = blob::LocalStorage::create(room / "store");
  create(*storage);
  fs::remove(room / "store/snapshots");  // as earlier versions made it
  EXPECT_TRUE(open(*storage)->verify({}).ok());
  EXPECT_TRUE(open(*storage)->collect({}).damages.empty());
  const Snapshot snapshot = back_up(*open(*storage));
  EXPECT_EQ(read_back(*open(*storage), snapshot), source());
}

}  // namespace
}  // namespace snapferry::repository
