// What a newcomer meets in backup and restore: the whole program in process.
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "cli/test_program.h"
#include "testing/temporary_directory.h"

namespace snapferry::cli {
namespace {

namespace fs = std::filesystem;

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

class RestoreCommand : public ::testing::Test {
 protected:
  RestoreCommand() {
    program_.environment = {{"SNAPFERRY_CACHE", room_ / "cache"},
                            {"SNAPFERRY_STORE", "repo:" + store_}};
    fs::create_directories(source_ + "/docs");
    std::ofstream(source_ + "/docs/a.txt") << "hello";
    std::ofstream(source_ + "/b.txt") << "bee";
    ok({"init", "--encryption", "none"});
  }

  Outcome run(const std::vector<std::string>& args) { return program_.run(args); }
  Outcome ok(const std::vector<std::string>& args) {
    Outcome outcome = run(args);
    EXPECT_EQ(outcome.code, 0) << args[0] << ": " << outcome.err << outcome.out;
    program_.clock.advance(Duration{60});
    return outcome;
  }
  void refused(const std::vector<std::string>& args, std::string_view reason) {
    const Outcome outcome = run(args);
    EXPECT_EQ(outcome.code, 2) << args[0] << " " << args[1];
    EXPECT_TRUE(contains(outcome.err, reason)) << outcome.err;
  }

  testing::TemporaryDirectory room_;
  const std::string root_ = fs::canonical(room_.path()).string();
  const std::string store_ = root_ + "/store";
  const std::string source_ = root_ + "/source";
  const std::string target_ = root_ + "/target";
  TestProgram program_;
};

TEST_F(RestoreCommand, SaysWhatIsWrongWithATargetThatCannotBeOne) {
  ok({"backup", source_});
  std::ofstream(root_ + "/file") << "x";
  fs::create_symlink("/nowhere/at/all", root_ + "/link");
  const auto restore_to = [&](const std::string& target) {
    return std::vector<std::string>{"restore", source_, "--target", target};
  };
  refused(restore_to(root_ + "/file"), "/file: is not a directory; name one to restore to");
  refused(restore_to(root_ + "/file/x"), "is to be made in is not a directory; name another place");
  const Outcome outcome = run(restore_to(root_ + "/link"));
  EXPECT_EQ(outcome.code, 1);
  EXPECT_TRUE(contains(outcome.err, "/link: is a symlink to where nothing is")) << outcome.err;
  ok(restore_to(root_ + "/new/and/below"));
  EXPECT_TRUE(fs::exists(root_ + "/new/and/below/b.txt"));
}

// What another host has is no answer for this one.
TEST_F(RestoreCommand, SaysWhoseVolumeItTookWhereItOnlyReads) {
  ok({"backup", source_, "--host", "web1"});
  const Outcome listed = ok({"ls", source_});
  EXPECT_TRUE(contains(listed.out, "b.txt"));
  EXPECT_TRUE(contains(listed.err, "this is web1:" + source_)) << listed.err;
  EXPECT_EQ(ok({"ls", source_, "-q"}).err, "");
  EXPECT_EQ(ok({"ls", "web1:" + source_}).err, "");
  const Outcome restored = ok({"restore", source_, "--target", target_});
  EXPECT_TRUE(contains(restored.out, " of web1:" + source_ + " to ")) << restored.out;
}

TEST_F(RestoreCommand, TakesAnotherHostsVolumeNeitherForProofNorAway) {
  ok({"backup", source_, "--host", "web1"});
  const std::string elsewhere =
      "has no volume of that name; web1:" + source_ + " is there: name it";
  for (const std::vector<std::string>& args :
       std::vector<std::vector<std::string>>{{"forget", "--all", "--yes", source_},
                                             {"forget", source_ + "@2099-01-01"},
                                             {"prune", "--keep-last", "1", source_},
                                             {"retire", source_}}) {
    const Outcome outcome = run(args);
    EXPECT_EQ(outcome.code, 1) << args[0];
    EXPECT_TRUE(contains(outcome.err, elsewhere)) << outcome.err;
  }
  const Outcome checked = run({"check", "--max-age", "1d", source_});
  EXPECT_EQ(checked.code, 1);
  EXPECT_TRUE(contains(checked.out, elsewhere)) << checked.out;
  EXPECT_EQ(run({"check", "--max-age", "1d", "--critical", "2d", source_}).code, 2);
  ok({"check", "--max-age", "1d", "web1:" + source_});
  ok({"check", "--max-age", "1d", "--host", "web1", source_});
  EXPECT_TRUE(contains(run({"forget", "latest"}).err, "is of another host, web1:" + source_));
  ok({"forget", "--all", "--yes", "web1:" + source_});
}

TEST_F(RestoreCommand, TakesALinkWithATrailingSlashForWhatABackupOfItSaves) {
  fs::create_symlink(source_, root_ + "/link");
  ok({"backup", root_ + "/link/"});
  for (const char* word :
       {"/link/", "/link/.", "/link//", "/link//docs/..", "/source", "/source/"}) {
    EXPECT_TRUE(contains(ok({"ls", root_ + word}).out, "b.txt")) << word;
  }
  EXPECT_EQ(run({"ls", root_ + "/link"}).code, 1);
}

TEST_F(RestoreCommand, GoesOnWhenTheSameIsRunAgainAsItSaysWhenInterrupted) {
  ok({"backup", source_});
  program_.cancellation.request();
  const Outcome interrupted = run({"restore", source_, "--target", target_});
  EXPECT_EQ(interrupted.code, 130);
  EXPECT_TRUE(contains(interrupted.err, "run the command again, with snapshot")) << interrupted.err;
  TestProgram later;
  later.environment = program_.environment;
  const Outcome again = later.run({"restore", source_, "--target", target_});
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_TRUE(fs::exists(target_ + "/docs/a.txt"));
  EXPECT_EQ(later.run({"restore", source_, "--target", target_}).code, 1);
}

TEST_F(RestoreCommand, DoesNotMixASnapshotWithAnotherThatWasInterrupted) {
  ok({"backup", source_});
  program_.cancellation.request();
  run({"restore", source_, "--target", target_});
  TestProgram later;
  later.environment = program_.environment;
  later.clock.advance(Duration{3600});
  EXPECT_EQ(later.run({"backup", source_}).code, 0);
  const Outcome refused = later.run({"restore", source_, "--target", target_});
  EXPECT_EQ(refused.code, 1);
  EXPECT_TRUE(contains(refused.err, "holds a restore of snapshot")) << refused.err;
  EXPECT_TRUE(contains(refused.err, "to carry on")) << refused.err;
}

TEST_F(RestoreCommand, DoesNotMixAPartWithAnotherThatWasInterrupted) {
  ok({"backup", source_});
  program_.cancellation.request();
  EXPECT_EQ(run({"restore", source_, "docs", "--target", target_}).code, 130);
  TestProgram later;
  later.environment = program_.environment;
  using Words = std::vector<std::string>;
  for (const Words& other : {Words{"b.txt"}, Words{"docs", "b.txt"}, Words{"docs/a.txt"}, Words{},
                             Words{"docs", "--exclude", "*.bak"}}) {
    Words words = {"restore", source_, "--target", target_};
    words.insert(words.end(), other.begin(), other.end());
    const Outcome refused = later.run(words);
    EXPECT_EQ(refused.code, 1);
    EXPECT_TRUE(contains(refused.err, "holds a restore of docs of snapshot")) << refused.err;
  }
  // However it is written.
  EXPECT_EQ(later.run({"restore", source_, source_ + "/doc*/", "--target", target_}).code, 0);
  EXPECT_TRUE(fs::exists(target_ + "/docs/a.txt"));
  EXPECT_FALSE(fs::exists(target_ + "/b.txt"));
}

TEST_F(RestoreCommand, TakesNothingElseForAnInterruptedRestore) {
  ok({"backup", source_});
  fs::create_directories(target_ + "/docs");
  std::ofstream(target_ + "/.snapferry-restore-0123456789abcdef-1") << "he";
  const Outcome outcome = run({"restore", source_, "--target", target_});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_TRUE(contains(outcome.err, "is not empty")) << outcome.err;
  ok({"restore", source_, "--target", target_, "--overwrite", "changed"});
  EXPECT_TRUE(fs::exists(target_ + "/docs/a.txt"));
  EXPECT_FALSE(fs::exists(target_ + "/.snapferry-restore-0123456789abcdef-1"));
}

TEST_F(RestoreCommand, WritesNothingIntoTheStore) {
  ok({"backup", source_});
  fs::create_directory_symlink(store_, root_ + "/link");
  for (const std::string& target :
       {store_, store_ + "/new/deep", root_ + "/link", root_ + "/link/keys"}) {
    refused({"restore", source_, "--target", target, "--overwrite", "changed"},
            "lies in the store " + store_);
  }
  EXPECT_FALSE(fs::exists(store_ + "/new"));
  ok({"verify"});
  ok({"restore", source_, "--target", store_ + "2"});
}

TEST_F(RestoreCommand, TakesFullPathsAsThoseOfTheVolume) {
  ok({"backup", source_});
  EXPECT_EQ(ok({"ls", source_, source_ + "/docs"}).out, ok({"ls", source_, "docs"}).out);
  EXPECT_EQ(ok({"ls", source_, source_}).out, ok({"ls", source_}).out);
  EXPECT_EQ(ok({"cat", source_, source_ + "/docs/a.txt"}).out, "hello");
  ok({"restore", source_, source_ + "/docs/", "--target", target_});
  EXPECT_TRUE(fs::exists(target_ + "/docs/a.txt"));
  EXPECT_FALSE(fs::exists(target_ + "/b.txt"));
  for (const std::string& wrong : {source_ + "2/docs", source_ + "x", source_ + "/missing"}) {
    EXPECT_EQ(run({"ls", source_, wrong}).code, 1) << wrong;
  }
}

TEST_F(RestoreCommand, PrefersTheFullPathWhereBothAreThere) {
  fs::create_directories(source_ + source_);
  std::ofstream(source_ + source_ + "/b.txt") << "inner";
  ok({"backup", source_});
  EXPECT_EQ(ok({"cat", source_, source_ + "/b.txt"}).out, "bee");
  EXPECT_EQ(ok({"cat", source_, source_.substr(1) + "/b.txt"}).out, "inner");
}

TEST_F(RestoreCommand, NamesWhatADryRunWouldCreate) {
  ok({"backup", source_});
  const std::string plan = ok({"restore", source_, "--target", target_, "--dry-run"}).out;
  EXPECT_TRUE(contains(plan, "create   docs/a.txt\n")) << plan;
  EXPECT_FALSE(fs::exists(target_));
}

using BackupPaths = RestoreCommand;

TEST_F(BackupPaths, BacksUpNothingOfItsStore) {
  fs::create_directory_symlink(store_, root_ + "/link");
  for (const std::string& path : {store_, store_ + "/keys", root_ + "/link/"}) {
    refused({"backup", source_, path}, "lies in the store " + store_);
  }
  EXPECT_TRUE(contains(ok({"list"}).out, "no snapshots")) << "the other PATH was backed up";
  ok({"backup", root_ + "/link"});
}

TEST_F(BackupPaths, BacksUpAPathOnceHoweverOftenItIsGiven) {
  const Outcome outcome = ok({"backup", source_, source_ + "/", source_ + "/docs", "--json"});
  EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 2) << outcome.out;
  EXPECT_TRUE(contains(outcome.err, "is given twice")) << outcome.err;
  EXPECT_TRUE(contains(outcome.err, "/docs: lies in " + source_)) << outcome.err;
}

TEST_F(BackupPaths, GoesOnUnderTheNameThatHostGives) {
  ok({"backup", source_, "--host", "old"});
  EXPECT_TRUE(contains(ok({"list"}).out, "old:" + source_));
  EXPECT_TRUE(contains(ok({"backup", source_, "--host", "old", "--verbose"}).err, "compared with"));
  EXPECT_EQ(ok({"cat", source_, "b.txt", "--host", "old"}).out, "bee");
}

TEST_F(RestoreCommand, TakesWildcardsIncludesAndExcludes) {
  ok({"backup", source_});
  ok({"restore", source_, source_ + "/*/a.*", "--target", target_});
  EXPECT_TRUE(fs::exists(target_ + "/docs/a.txt"));
  EXPECT_FALSE(fs::exists(target_ + "/b.txt"));
  ok({"restore", source_, "--include", "*.txt", "--exclude", source_ + "/docs", "--target",
      root_ + "/other"});
  EXPECT_TRUE(fs::exists(root_ + "/other/b.txt"));
  EXPECT_FALSE(fs::exists(root_ + "/other/docs"));
}

TEST_F(RestoreCommand, NamesFilesInADryRunAndPatternsThatMatchNothing) {
  ok({"backup", source_});
  const Outcome outcome = ok({"restore", source_, "--exclude", "docs/", "--exclude", "*.none",
                              "--target", target_, "--dry-run"});
  EXPECT_TRUE(contains(outcome.out, "create   b.txt\n")) << outcome.out;
  EXPECT_FALSE(contains(outcome.out, "a.txt")) << outcome.out;
  EXPECT_TRUE(contains(outcome.out, "passed over: 1 name")) << outcome.out;
  EXPECT_TRUE(contains(outcome.err, "--exclude *.none: matched nothing")) << outcome.err;
  EXPECT_FALSE(contains(outcome.err, "docs")) << outcome.err;
  EXPECT_FALSE(fs::exists(target_));
}

TEST_F(RestoreCommand, TakesFullPathsAsLsCatFindAndDiffDo) {
  ok({"backup", source_, "--exclude", "cache/"});
  fs::create_directories(source_ + "/docs/cache");
  std::ofstream(source_ + "/docs/a.txt") << "changed";
  ok({"backup", source_, "--exclude", "cache/"});
  const std::string full = source_ + "//docs/./a.txt";
  EXPECT_EQ(ok({"cat", "latest", full}).out, "changed");
  EXPECT_TRUE(contains(ok({"ls", "latest", full}).out, "a.txt"));
  EXPECT_TRUE(contains(ok({"find", full}).out, "docs/a.txt"));
  ok({"restore", "latest", full, "--target", target_});
  EXPECT_TRUE(fs::exists(target_ + "/docs/a.txt"));
  const std::string list = ok({"list", "--json"}).out;
  std::vector<std::string> ids;
  for (std::size_t at = 0; (at = list.find("\"id\":\"", at)) != list.npos; at += 6) {
    ids.push_back(list.substr(at + 6, 8));
  }
  ASSERT_EQ(ids.size(), 2u);
  EXPECT_TRUE(contains(ok({"diff", ids[0], ids[1], full}).out, "M docs/a.txt\n"));
  EXPECT_EQ(run({"diff", ids[0], ids[1], "nowhere"}).code, 1);
  const Outcome gap = ok({"find", source_ + "/docs/cache/x"});
  EXPECT_TRUE(contains(gap.out, "not searched")) << gap.out;
  EXPECT_TRUE(contains(gap.out, "docs/cache (left out of")) << gap.out;
}

}  // namespace
}  // namespace snapferry::cli
