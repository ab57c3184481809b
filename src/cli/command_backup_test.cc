// What may be given to `backup`, in process and on real directories.

#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/test_program.h"
#include "platform/fd.h"
#include "testing/temporary_directory.h"

namespace snapferry::cli {
namespace {

namespace fs = std::filesystem;

void write_file(const std::string& path, std::string_view content) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << content;
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

class BackupCommand : public ::testing::Test {
 protected:
  BackupCommand() {
    program_.environment = {{"SNAPFERRY_CACHE", room_ / "cache"},
                            {"SNAPFERRY_STORE", "repo:" + (room_ / "store")},
                            {"HOME", source_ + "/alice"}};
    write_file(source_ + "/alice/.cache/s", "secret");
    write_file(source_ + "/alice/kept", "kept");
    run({"init", "--encryption", "none"});
  }

  Outcome run(const std::vector<std::string>& args) {
    program_.clock.advance(Duration{60});
    return program_.run(args);
  }
  std::string listing() { return run({"ls", "latest", "-R"}).out; }
  std::size_t snapshots() {
    const std::string text = run({"list", "--json"}).out;
    std::size_t count = 0;
    for (std::size_t at = 0; (at = text.find("\"type\":\"snapshot\"", at)) != text.npos; ++at)
      ++count;
    return count;
  }

  testing::TemporaryDirectory room_;
  std::string source_ = fs::canonical(room_.path()).string() + "/source";
  TestProgram program_;
};

TEST_F(BackupCommand, ASlashAfterASymlinkNamesTheDirectory) {
  fs::create_symlink("alice", source_ + "/link");
  fs::create_symlink("nowhere", source_ + "/dangling");
  for (const char* path : {"/link/", "/link/."}) {
    EXPECT_EQ(run({"backup", source_ + path}).code, 0);
    EXPECT_TRUE(contains(listing(), " kept\n")) << listing();
  }
  const Outcome outcome = run({"backup", source_ + "/dangling/"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_TRUE(contains(outcome.err, "dangling")) << outcome.err;
}

TEST_F(BackupCommand, AnEmptyWordIsRefusedWhereverAPathIsWanted) {
  run({"backup", source_});
  for (const std::vector<std::string>& args :
       std::vector<std::vector<std::string>>{{"backup", ""},
                                             {"backup", "--", ""},
                                             {"backup", source_, ""},
                                             {"ls", "latest", ""},
                                             {"restore", "latest", "", "--target", room_ / "t"},
                                             {"restore", "latest", "--target", ""},
                                             {"mount", ""},
                                             {"backup", source_, "--exclude", ""}}) {
    const Outcome outcome = run(args);
    EXPECT_EQ(outcome.code, 2) << args[0] << outcome.err;
  }
  EXPECT_EQ(snapshots(), 1u);
}

TEST_F(BackupCommand, ExcludesWhatPeopleNameByAnyPath) {
  for (const std::string& pattern :
       {source_ + "/alice/.cache", std::string("./alice/.cache"), std::string("alice//.cache"),
        std::string("alice/x/../.cache"), std::string("~/.cache")}) {
    EXPECT_EQ(run({"backup", source_, "--exclude", pattern}).code, 0) << pattern;
    EXPECT_FALSE(contains(listing(), "/s\n")) << pattern;
    EXPECT_TRUE(contains(listing(), "/kept\n")) << pattern;
  }
}

TEST_F(BackupCommand, NamesFileAndLineOfAPatternThatCanNeverMatch) {
  write_file(room_ / "excludes", "*.o\r\n# ../a comment\r\n../elsewhere\r\n");
  const Outcome outcome = run({"backup", source_, "--exclude-from", room_ / "excludes"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_TRUE(contains(outcome.err, (room_ / "excludes") + ":3: exclude pattern \"../elsewhere\""))
      << outcome.err;
  EXPECT_EQ(snapshots(), 0u);
}

TEST_F(BackupCommand, TellsWhatMatchedNothingInAnyVolume) {
  const Outcome outcome = run({"backup", source_ + "/alice", source_ + "/alice/.cache", "--exclude",
                               "*.none", "--exclude", "kept", "--verbose"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_TRUE(contains(outcome.err, "exclude pattern \"*.none\": matched nothing")) << outcome.err;
  EXPECT_FALSE(contains(outcome.err, "\"kept\"")) << outcome.err;
}

TEST_F(BackupCommand, WarnsOfWhatIsNotTakenBack) {
  const Outcome outcome =
      run({"backup", source_, "--exclude", "/alice", "--exclude", "!/alice/kept"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_TRUE(contains(outcome.err, "takes nothing back")) << outcome.err;
}

TEST_F(BackupCommand, RefusesAStandardInputThatCannotBeMeant) {
  const platform::Fd directory = platform::open_path(source_, O_RDONLY);
  const platform::Fd write_only = platform::open_path("/dev/null", O_WRONLY);
  for (const int input : {-1, directory.get(), write_only.get()}) {
    program_.input = input;
    const Outcome outcome = run({"backup", "--stdin", "dump"});
    EXPECT_EQ(outcome.code, 2) << input;
    EXPECT_TRUE(contains(outcome.err, "standard input: ")) << outcome.err;
  }
  const platform::Fd pty(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (pty.valid()) {
    program_.input = pty.get();
    EXPECT_TRUE(contains(run({"backup", "--stdin", "dump"}).err, "is a terminal"));
  }
  EXPECT_EQ(snapshots(), 0u);
}

TEST_F(BackupCommand, WantsConsentForAnEmptyStream) {
  const platform::Fd nothing = platform::open_path("/dev/null", O_RDONLY);
  program_.input = nothing.get();
  const Outcome outcome = run({"backup", "--stdin", "dump"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_TRUE(contains(outcome.err, "--allow-empty")) << outcome.err;
  EXPECT_EQ(run({"backup", "--stdin-command", "dump", "--", "true"}).code, 1);
  EXPECT_EQ(snapshots(), 0u);
  EXPECT_EQ(run({"backup", "--stdin", "dump", "--allow-empty"}).code, 0);
  EXPECT_EQ(run({"backup", "--stdin-command", "dump", "--allow-empty", "--", "true"}).code, 0);
  EXPECT_EQ(snapshots(), 2u);
}

// As the empty directory that a disk is mounted at while it is away.
TEST_F(BackupCommand, WantsConsentForADirectoryThatIsEmptyAllOfASudden) {
  EXPECT_EQ(run({"backup", source_}).code, 0);
  std::filesystem::rename(source_, room_ / "away");
  std::filesystem::create_directory(source_);
  for (const char* option : {"--quiet", "--dry-run"}) {
    const Outcome outcome = run({"backup", source_, option});
    EXPECT_EQ(outcome.code, 1) << option;
    EXPECT_TRUE(contains(outcome.err, "is its disk mounted?")) << outcome.err;
  }
  EXPECT_EQ(snapshots(), 1u);
  EXPECT_EQ(run({"backup", source_, "--allow-empty"}).code, 0);
  EXPECT_EQ(run({"backup", source_}).code, 0) << "it was empty before";
  EXPECT_EQ(snapshots(), 3u);
}

TEST_F(BackupCommand, RefusesWhatIsNoNameOfAHost) {
  for (const char* host : {"", " ", "a/b", "a:b", ".."}) {
    const Outcome outcome = run({"backup", source_, "--host", host});
    EXPECT_EQ(outcome.code, 2) << host;
    EXPECT_TRUE(contains(outcome.err, "is no name of a host")) << outcome.err;
  }
  EXPECT_EQ(snapshots(), 0u);
}

TEST_F(BackupCommand, KeepsTheOutputOfACommand) {
  const Outcome outcome = run(
      {"backup", "--stdin-command", "dump", "--", "printf", "%s|", "a b", "$HOME", "", "--stdin"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(run({"cat", "stdin:dump"}).out, "a b|$HOME||--stdin|");
}

TEST_F(BackupCommand, AProducerThatFailsLeavesNoSnapshot) {
  const Outcome failed =
      run({"backup", "--stdin-command", "dump", "--", "sh", "-c", "echo half; exit 7"});
  EXPECT_EQ(failed.code, 1);
  EXPECT_TRUE(contains(failed.err, "sh: failed with exit status 7")) << failed.err;
  const Outcome killed =
      run({"backup", "--stdin-command", "dump", "--", "sh", "-c", "echo half; kill -9 $$"});
  EXPECT_EQ(killed.code, 1);
  EXPECT_TRUE(contains(killed.err, "sh: failed with signal 9")) << killed.err;
  EXPECT_EQ(run({"backup", "--stdin-command", "dump", "--", "no-such-program"}).code, 1);
  EXPECT_EQ(run({"backup", "--stdin-command", "dump"}).code, 2);
  EXPECT_EQ(snapshots(), 0u);
}

// Those of `log` that begin with one of `beginnings`, with nothing after the directory.
std::vector<std::string> steps(const std::vector<std::string>& log,
                               const std::vector<std::string>& beginnings) {
  std::vector<std::string> found;
  for (const std::string& line : log) {
    for (const std::string& beginning : beginnings) {
      if (line.starts_with(beginning)) found.push_back(beginning);
    }
  }
  return found;
}

TEST_F(BackupCommand, AwaitsAllPathsByTheListingOfTheFirstBeforeItStores) {
  write_file(source_ + "/bob/file", "other");
  program_.storage_log.take();
  ASSERT_EQ(run({"backup", source_ + "/missing", source_ + "/alice", source_ + "/bob"}).code, 3);
  const std::vector<std::string> kSteps = {"list snapshots", "put expected", "put packs",
                                           "put snapshots"};
  const std::vector<std::string> a_path = {"put packs", "put packs", "list snapshots",
                                           "put snapshots"};
  std::vector<std::string> wanted = {"list snapshots", "put expected"};
  wanted.insert(wanted.end(), a_path.begin(), a_path.end());
  wanted.push_back("list snapshots");
  wanted.insert(wanted.end(), a_path.begin(), a_path.end());
  wanted.push_back("put expected");  // the two are awaited no more
  EXPECT_EQ(steps(program_.storage_log.take(), kSteps), wanted);
  EXPECT_EQ(run({"check", "--max-age", "1d", "box:" + source_ + "/missing"}).code, 1);
  EXPECT_EQ(run({"check", "--max-age", "1d", "box:" + source_ + "/bob"}).code, 0);
}

TEST_F(BackupCommand, AwaitsAllPathsWhereNoneCameToBeListed) {
  program_.storage_log.take();
  ASSERT_EQ(run({"backup", source_ + "/missing", source_ + "/gone"}).code, 1);
  EXPECT_EQ(steps(program_.storage_log.take(), {"list snapshots", "put expected"}),
            (std::vector<std::string>{"list snapshots", "put expected"}));
  EXPECT_EQ(run({"check", "--max-age", "1d", "box:" + source_ + "/gone"}).code, 1);
}

TEST_F(BackupCommand, RereadsUnchangedFilesWhenAsked) {
  run({"backup", source_});
  program_.clock.advance(Duration{100'000});
  // By default a file may be due by then: its inode decides.
  EXPECT_TRUE(contains(run({"backup", source_, "--json", "--reread-within", "never"}).out,
                       "\"bytes_read\":0"));
  EXPECT_TRUE(contains(run({"backup", source_, "--json", "--reread"}).out, "\"bytes_read\":10"));
  EXPECT_EQ(run({"backup", source_, "--reread-within", "0d"}).code, 2);
  // All of it is due after that time.
  program_.clock.advance(Duration{91 * 86'400});
  EXPECT_TRUE(contains(run({"backup", source_, "--json", "--reread-within", "never"}).out,
                       "\"bytes_read\":0"));
  program_.clock.advance(Duration{91 * 86'400});
  EXPECT_TRUE(contains(run({"backup", source_, "--json"}).out, "\"bytes_read\":10"));
}

}  // namespace
}  // namespace snapferry::cli
