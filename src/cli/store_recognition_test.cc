#include "stores/store_recognition.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "cli/test_program.h"
#include "testing/temporary_directory.h"

namespace snapferry::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

// Stores at one address, one after the other.
class StoreAtAnAddress : public ::testing::Test {
 protected:
  StoreAtAnAddress() {
    program_.environment = {{"SNAPFERRY_CACHE", room_ / "cache"},
                            {"SNAPFERRY_STORE", "repo:" + store_}};
    fs::create_directory(room_ / "source");
    std::ofstream(room_ / "source/file") << "secret";
  }

  // With the passwords that are typed, if any.
  Outcome run(std::vector<std::string> args, std::vector<std::string> typed = {}) {
    program_.secrets = std::move(typed);
    return program_.run(std::move(args));
  }

  void init_encrypted() { EXPECT_EQ(run({"init"}, {"pass", "pass"}).code, 0); }
  void init_open() { EXPECT_EQ(run({"init", "--encryption", "none"}).code, 0); }

  // Puts another store in the place of the one that is there, without the knowledge of this user.
  void swap_in(const std::vector<std::string>& args, const std::vector<std::string>& typed = {}) {
    fs::rename(store_, room_ / "away");
    program_.environment["SNAPFERRY_CACHE"] = room_ / "cache of another";
    EXPECT_EQ(run(args, typed).code, 0);
    program_.environment["SNAPFERRY_CACHE"] = room_ / "cache";
  }
  void swap_in_open() { swap_in({"init", "--encryption", "none"}); }
  void swap_in_encrypted() { swap_in({"init"}, {"pass", "pass"}); }

  std::vector<std::string> objects() const {
    std::vector<std::string> names;
    for (const auto& file : fs::recursive_directory_iterator(store_)) names.push_back(file.path());
    return names;
  }

  const testing::TemporaryDirectory room_;
  const std::string store_ = room_ / "store";
  TestProgram program_;
};

TEST_F(StoreAtAnAddress, WithoutEncryptionInThePlaceOfAnEncryptedOneIsRefusedAtAPrompt) {
  init_encrypted();
  swap_in_open();
  const auto before = objects();
  // Nothing is typed: whoever is asked for a password fails otherwise.
  for (const std::vector<std::string>& args :
       std::vector<std::vector<std::string>>{{"backup", room_ / "source"}, {"list"}, {"prune"}}) {
    const Outcome outcome = run(args);
    EXPECT_EQ(outcome.code, 1) << args[0];
    EXPECT_THAT(outcome.err, HasSubstr("is not encrypted, and the one that was here"));
    EXPECT_THAT(outcome.err, HasSubstr("--accept-changed-store"));
  }
  EXPECT_EQ(objects(), before);
}

TEST_F(StoreAtAnAddress, WithoutEncryptionUnderTheIdOfTheEncryptedOneIsRefused) {
  init_encrypted();
  const stores::KnownStores known(room_ / "cache", ::geteuid());
  stores::SeenStore store = known.at("repo:" + stores::settled_path(store_)).at(0);
  EXPECT_EQ(store.protection, stores::SeenStore::Protection::Encrypted);
  store.protection = stores::SeenStore::Protection::None;
  EXPECT_EQ(stores::compare(known.at("repo:" + stores::settled_path(store_)), store),
            stores::Familiarity::NotEncrypted);
}

TEST_F(StoreAtAnAddress, OfAnotherIdIsNamedAndRefusedBeforeAPasswordIsAskedFor) {
  init_encrypted();
  swap_in_encrypted();
  const Outcome outcome = run({"list"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("this is another store (id "));
  EXPECT_EQ(run({"list"}, {"pass"}).code, 1);
}

TEST_F(StoreAtAnAddress, IsAcceptedOnceAndTakesTurnsWithTheOldOneFromThen) {
  init_encrypted();
  swap_in_open();
  EXPECT_EQ(run({"backup", room_ / "source", "--accept-changed-store"}).code, 0);
  EXPECT_EQ(run({"list"}).code, 0);
  fs::rename(store_, room_ / "second");
  fs::rename(room_ / "away", store_);
  EXPECT_EQ(run({"list"}, {"pass"}).code, 0);
}

TEST_F(StoreAtAnAddress, IsTheSameThroughASymlink) {
  init_encrypted();
  fs::create_directory_symlink(store_, room_ / "link");
  swap_in_open();
  const Outcome outcome = run({"list", "--store", room_ / "link"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("is not encrypted"));
}

TEST_F(StoreAtAnAddress, IsTakenAsItIsWithoutACache) {
  init_encrypted();
  swap_in_open();
  fs::remove_all(room_ / "cache");
  EXPECT_EQ(run({"list"}).code, 0);
}

TEST_F(StoreAtAnAddress, ThatIsNotThereAnyMoreIsAskedForItsDiskAndNeverMadeAnew) {
  init_open();
  fs::create_directory_symlink(store_, room_ / "link");
  fs::rename(store_, room_ / "away");
  for (const bool is_empty_directory : {false, true}) {
    if (is_empty_directory) fs::create_directory(store_);
    for (const std::string& address : {store_, room_ / "link"}) {
      const Outcome outcome = run({"backup", room_ / "source", "--store", address});
      EXPECT_EQ(outcome.code, 10);
      EXPECT_THAT(outcome.err, HasSubstr("the store that was here (id "));
      EXPECT_THAT(outcome.err, HasSubstr("is its disk mounted?"));
      EXPECT_THAT(outcome.err, Not(HasSubstr("init")));
    }
  }
  EXPECT_TRUE(fs::is_empty(store_));
}

TEST_F(StoreAtAnAddress, ThatWasNeverThereMayBeOnADiskOrNeedToBeMade) {
  for (const bool is_empty_directory : {false, true}) {
    if (is_empty_directory) fs::create_directory(store_);
    const Outcome outcome = run({"list"});
    EXPECT_EQ(outcome.code, 10);
    EXPECT_THAT(outcome.err, HasSubstr("mount its disk"));
    EXPECT_THAT(outcome.err, HasSubstr("snapferry init"));
  }
}

TEST_F(StoreAtAnAddress, IsMadeAnewWhereItWasRemovedFromItsFilesystem) {
  init_encrypted();
  fs::remove_all(store_);
  init_open();
  EXPECT_EQ(run({"list"}).code, 0);
}

TEST_F(StoreAtAnAddress, IsNotMadeInTheMountPointOfADiskThatIsAway) {
  init_open();
  // As if a disk had been mounted in the directory.
  const stores::KnownStores known(room_ / "cache", ::geteuid());
  const std::string address = "repo:" + stores::settled_path(store_);
  stores::SeenStore store = known.at(address).at(0);
  EXPECT_LT(store.mount_point.size(), store_.size());
  store.mount_point = stores::settled_path(store_);
  known.remember(address, store);
  fs::remove_all(store_);
  const Outcome outcome = run({"init", "--encryption", "none"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("is its disk mounted?"));
  EXPECT_FALSE(fs::exists(store_));
  EXPECT_EQ(run({"init", "--encryption", "none", "--accept-changed-store"}).code, 0);
  EXPECT_EQ(run({"list"}).code, 0);
}

}  // namespace
}  // namespace snapferry::cli
