// What is known to be damaged in a repository is no backup, for check, list and prune.
#include <filesystem>
#include <fstream>
#include <set>

#include <gtest/gtest.h>

#include "cli/test_program.h"
#include "testing/temporary_directory.h"

namespace snapferry::cli {
namespace {

namespace fs = std::filesystem;

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::vector<std::string> files_in(const std::string& directory) {
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  return files;
}

class KnownDamage : public ::testing::Test {
 protected:
  KnownDamage() {
    program_.environment = {{"SNAPFERRY_CACHE", room_ / "cache"},
                            {"SNAPFERRY_STORE", "repo:" + store_}};
    program_.run({"init", "--encryption", "none"});
    fs::create_directories(source_);
    back_up("first");
  }

  std::string out(const std::vector<std::string>& args, int code) {
    const Outcome outcome = program_.run(args);
    EXPECT_EQ(outcome.code, code) << args[0] << ": " << outcome.err << outcome.out;
    return outcome.out;
  }

  // Content of its own, in packs of its own.
  void back_up(const std::string& text) {
    std::ofstream(source_ + "/file") << std::string(3000, text[0]) << text;
    out({"backup", source_, "-q"}, 0);
    program_.clock.advance(Duration{60});
  }

  // The packs that hold what was backed up last.
  void lose_newest() {
    const auto had = packs_;
    look();
    for (const std::string& pack : packs_) {
      if (!had.contains(pack)) fs::remove(pack);
    }
  }
  void look() {
    const auto files = files_in(store_ + "/packs");
    packs_ = {files.begin(), files.end()};
  }

  testing::TemporaryDirectory room_;
  std::string store_ = room_ / "store";
  std::string source_ = room_ / "source";
  std::set<std::string> packs_;
  TestProgram program_;
};

TEST_F(KnownDamage, IsNeverOkBeforeOrAfterRepairUntilABackupHealsIt) {
  lose_newest();
  out({"check", "--max-age", "1d"}, 0);  // nobody has looked
  out({"verify"}, 13);
  const std::string found = out({"check", "--max-age", "1d"}, 1);
  EXPECT_TRUE(contains(found, "has no sound snapshot")) << found;
  EXPECT_TRUE(contains(found, "damaged or lost")) << found;
  out({"repair"}, 13);
  out({"prune"}, 13);
  out({"check", "--max-age", "1d"}, 1);
  out({"check", "--max-age", "1d", "--critical", "2d"}, 2);
  const std::string json = out({"check", "--max-age", "1d", "--json"}, 1);
  EXPECT_TRUE(contains(json, "\"known_against\"")) << json;
  EXPECT_TRUE(contains(json, "\"damaged\"")) << json;
  EXPECT_TRUE(contains(out({"list"}, 0), "(damaged)"));
  EXPECT_TRUE(contains(out({"list", "--json"}, 0), "\"known_against\""));
  out({"backup", source_, "-q"}, 0);
  EXPECT_TRUE(contains(out({"check", "--max-age", "1d"}, 0), "OK: newest snapshot"));
  EXPECT_FALSE(contains(out({"list"}, 0), "(damaged)"));
}

TEST_F(KnownDamage, OfTheNewestLeavesTheAgeOfTheOneBefore) {
  look();
  back_up("second");
  lose_newest();
  out({"verify"}, 13);
  out({"repair"}, 13);
  const std::string found = out({"check", "--max-age", "1d"}, 1);
  EXPECT_TRUE(contains(found, "newest sound snapshot of ")) << found;
  EXPECT_TRUE(contains(found, "is newer, but ")) << found;
  std::ofstream(source_ + "/file") << "third";
  out({"backup", source_, "-q"}, 0);
  out({"check", "--max-age", "1d"}, 0);
}

TEST_F(KnownDamage, CostsNoSoundSnapshotItsPlace) {
  look();
  back_up("second");
  lose_newest();
  out({"verify"}, 13);
  const std::string kept = out({"prune", "--keep-last", "1"}, 13);
  EXPECT_TRUE(contains(kept, "(damaged)")) << kept;
  EXPECT_TRUE(contains(kept, "0 snapshots, 2 kept")) << kept;
  EXPECT_TRUE(
      contains(out({"prune", "--keep-last", "1", "--dry-run", "--json"}, 13), "\"damaged\":true"));
}

TEST_F(KnownDamage, OfOneThatNobodyCanReadIsNotOkEither) {
  for (const std::string& name : files_in(store_ + "/snapshots")) {
    std::fstream file(name, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(60);
    file << "damaged";
  }
  fs::remove_all(room_ / "cache");  // which would know what was in it
  const std::string found = out({"check", "--max-age", "1d"}, 1);
  EXPECT_TRUE(contains(found, "cannot be read")) << found;
}

}  // namespace
}  // namespace snapferry::cli
