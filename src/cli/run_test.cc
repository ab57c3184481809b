// The whole program in process, on real directories.
#include "cli/run.h"

#include <csignal>
#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
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
  platform::write_all(platform::open_path(path, O_WRONLY | O_CREAT | O_TRUNC, 0644).get(),
                      as_bytes(content), path);
}

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<nlohmann::json> lines_of(const std::string& text) {
  std::vector<nlohmann::json> lines;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find('\n', at);
    lines.push_back(nlohmann::json::parse(text.substr(at, end - at)));
    EXPECT_EQ(lines.back()["schema_version"], 1);
    EXPECT_TRUE(lines.back().contains("type"));
    at = end + 1;
  }
  return lines;
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

bool is_one_line(const std::string& text) {
  return text.starts_with("snapferry: ") && text.find('\n') == text.size() - 1;
}

class Program : public ::testing::Test {
 protected:
  Program() {
    program_.environment = {{"SNAPFERRY_CACHE", room_ / "cache"},
                            {"SNAPFERRY_STORE", "repo:" + (room_ / "store")}};
    write_file(source_ + "/docs/a.txt", "hello");
    write_file(source_ + "/b.txt", "bee");
    fs::create_symlink("nowhere", source_ + "/link");
  }

  Outcome run(const std::vector<std::string>& args) { return program_.run(args); }

  // Runs what must succeed.
  std::string ok(const std::vector<std::string>& args) {
    const Outcome outcome = run(args);
    EXPECT_EQ(outcome.code, 0) << args[0] << ": " << outcome.err << outcome.out;
    return outcome.out;
  }

  void init() { ok({"init", "--encryption", "none"}); }

  // Backs up the source and returns the snapshot's id. Time goes on by a minute.
  std::string back_up() {
    const auto lines = lines_of(ok({"backup", source_, "--json"}));
    program_.clock.advance(Duration{60});
    return lines.back()["id"];
  }

  std::vector<std::string> names_in_room() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(room_.path())) {
      names.push_back(entry.path().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  testing::TemporaryDirectory room_;
  std::string source_ = room_ / "source";
  TestProgram program_;
};

TEST_F(Program, WithoutACommandShowsTheOverviewAndFails) {
  const Outcome outcome = run({});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_TRUE(contains(outcome.err, "Usage: snapferry COMMAND"));
  EXPECT_EQ(outcome.out, "");
}

TEST_F(Program, TellsItsVersion) {
  EXPECT_TRUE(ok({"version"}).starts_with("snapferry "));
  EXPECT_EQ(ok({"--version"}), ok({"version"}));
  EXPECT_EQ(run({"list", "--version"}).code, 2);
}

TEST_F(Program, NamesAPasswordFileOrCommandThatIsMissingAndNotTheStore) {
  program_.secrets = {"x", "x"};
  ok({"init"});
  const std::string missing = room_ / "missing";
  for (const auto* option : {"--password-file", "--password-command"}) {
    const Outcome outcome = run({"list", option, missing});
    EXPECT_EQ(outcome.code, 12);
    EXPECT_TRUE(outcome.err.starts_with("snapferry: " + missing + ": ")) << outcome.err;
  }
}

TEST_F(Program, HelpsWithEveryCommand) {
  EXPECT_TRUE(contains(ok({"help", "backup"}), "Usage: snapferry backup"));
  EXPECT_TRUE(contains(ok({"backup", "--help"}), "Examples:"));
  EXPECT_TRUE(contains(ok({"help", "key"}), "key recovery"));
  EXPECT_EQ(run({"help", "bakcup"}).err,
            "snapferry: unknown command 'bakcup'; did you mean 'backup'?\n");
  EXPECT_EQ(lines_of(ok({"help", "--json"}))[0]["type"], "help");
}

TEST_F(Program, BacksUpListsAndRestores) {
  init();
  const std::string id = back_up();
  EXPECT_TRUE(contains(ok({"list"}), id.substr(0, 8)));
  EXPECT_EQ(ok({"cat", "latest", "docs/a.txt"}), "hello");
  const std::string target = room_ / "target";
  ok({"restore", "latest", "--target", target});
  EXPECT_EQ(content_of(target + "/docs/a.txt"), "hello");
  EXPECT_EQ(fs::read_symlink(target + "/link"), "nowhere");
  EXPECT_EQ(run({"verify", "--read-data"}).code, 0);
}

TEST_F(Program, RestoresOnlyThePathsAskedFor) {
  init();
  back_up();
  const std::string target = room_ / "target";
  ok({"restore", source_, "docs", "--target", target});
  EXPECT_EQ(content_of(target + "/docs/a.txt"), "hello");
  EXPECT_FALSE(fs::exists(target + "/b.txt"));
}

TEST_F(Program, ReadsNothingTwice) {
  init();
  // Files must be older than the backup to be trusted unread.
  for (const auto* name : {"/docs/a.txt", "/b.txt"}) {
    const timespec times[2] = {{1'700'000'000, 0}, {1'700'000'000, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, (source_ + name).c_str(), times, 0), 0);
  }
  program_.clock.set(platform::system_clock().now().seconds + 3600);
  back_up();
  const auto lines = lines_of(ok({"backup", source_, "--json"}));
  EXPECT_EQ(lines.back()["stats"]["bytes_read"], 0);
  EXPECT_EQ(lines.back()["stats"]["files_unchanged"], 3);
}

TEST_F(Program, KeepsSetsApart) {
  init();
  back_up();
  const Outcome outcome = run({"backup", source_, "--set", "usb", "--verbose"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_TRUE(contains(outcome.err, "set 'usb' has no snapshot of it yet")) << outcome.err;
}

TEST_F(Program, BacksUpEachPathAsAVolumeAndGoesOnAfterAMissingOne) {
  init();
  const Outcome outcome = run({"backup", room_ / "missing", source_ + "/docs", source_ + "/b.txt"});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_TRUE(is_one_line(outcome.err)) << outcome.err;
  EXPECT_TRUE(contains(outcome.err, room_ / "missing"));
  EXPECT_EQ(ok({"cat", source_ + "/b.txt"}), "bee");
  EXPECT_EQ(ok({"cat", "box:" + source_ + "/docs", "a.txt"}), "hello");
  EXPECT_EQ(run({"backup", room_ / "missing"}).code, 1);
}

TEST_F(Program, BacksUpAStream) {
  init();
  write_file(room_ / "dump", "create table;");
  const platform::Fd input = platform::open_path(room_ / "dump", O_RDONLY);
  program_.input = input.get();
  ok({"backup", "--stdin", "shop.sql"});
  EXPECT_EQ(ok({"cat", "stdin:shop.sql"}), "create table;");
  EXPECT_TRUE(contains(ok({"ls", "stdin:shop.sql"}), " shop.sql\n"));
}

TEST_F(Program, LeavesOutWhatIsExcludedAndTheStoreItself) {
  init();
  write_file(room_ / "patterns", "# comment\n*.txt\n");
  ok({"backup", room_.path(), "--exclude-from", room_ / "patterns", "--exclude", "!a.txt"});
  const std::string listing = ok({"ls", "latest", "-R"});
  EXPECT_TRUE(contains(listing, " source/docs/a.txt\n")) << listing;
  EXPECT_TRUE(contains(listing, "source/b.txt (left out: excluded)\n")) << listing;
  EXPECT_FALSE(contains(listing, "config"));
  EXPECT_FALSE(contains(listing, "cache/"));
}

TEST_F(Program, TellsLeftOutFromEmptyAndFromGone) {
  init();
  const std::string whole = back_up();
  const auto lines = lines_of(ok({"backup", source_, "--exclude", "docs/", "--json"}));
  EXPECT_EQ(lines.back()["left_out"][0]["reason"], "excluded");
  EXPECT_EQ(lines.back()["left_out"][0]["count"], 1);
  EXPECT_TRUE(contains(ok({"ls", "latest"}), "docs (left out: excluded)\n"));
  const std::string changes = ok({"diff", whole, "latest"});
  EXPECT_TRUE(contains(changes, "? docs/ (left out after: excluded)\n")) << changes;
  EXPECT_TRUE(contains(changes, "0 removed")) << changes;
  EXPECT_EQ(run({"cat", "latest", "docs/a.txt"}).code, 1);
  const std::string target = room_ / "target";
  ok({"restore", whole, "--target", target});
  write_file(target + "/extra", "x");
  const std::string report = ok({"restore", "latest", "--target", target, "--delete"});
  EXPECT_TRUE(contains(report, "1 file and 0 directories, 1 B, are not in snapshot")) << report;
  EXPECT_TRUE(std::filesystem::exists(target + "/docs/a.txt"));
  EXPECT_FALSE(std::filesystem::exists(target + "/extra"));
}

TEST_F(Program, DryRunOfBackupWritesNothing) {
  init();
  ok({"list"});
  const auto before = names_in_room();
  const auto lines = lines_of(ok({"backup", source_, "--dry-run", "--json"}));
  EXPECT_EQ(lines.back()["type"], "backup_plan");
  EXPECT_EQ(lines.back()["stats"]["bytes_added"], 8);
  EXPECT_EQ(names_in_room(), before);
}

TEST_F(Program, ShowsNamesSafelyAndGivesThemExactly) {
  init();
  const std::string name = "x\xff\x1b[2J";
  write_file(source_ + "/" + name, "");
  back_up();
  const std::string listing = ok({"ls", "latest"});
  EXPECT_TRUE(contains(listing, " x\\xff\\x1b[2J\n")) << listing;
  bool found = false;
  for (const auto& line : lines_of(ok({"ls", "latest", "--json"}))) {
    found = found || line.value("path_base64", "") == "eP8bWzJK";
  }
  EXPECT_TRUE(found);
}

TEST_F(Program, ShowsWhatChanged) {
  init();
  const std::string first = back_up();
  write_file(source_ + "/new", "n");
  fs::remove(source_ + "/b.txt");
  const std::string second = back_up();
  const std::string text = ok({"diff", first, second.substr(0, 12)});
  EXPECT_TRUE(contains(text, "+ new\n")) << text;
  EXPECT_TRUE(contains(text, "- b.txt\n"));
  const auto lines = lines_of(ok({"diff", first, second, "--json"}));
  EXPECT_EQ(lines.back()["added"], 1);
}

TEST_F(Program, FindsEveryVersion) {
  init();
  back_up();
  write_file(source_ + "/docs/a.txt", "hello again");
  back_up();
  back_up();
  const auto lines = lines_of(ok({"find", "a.txt", "--json"}));
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0]["size"], 11);
  EXPECT_EQ(lines[1]["size"], 5);
  EXPECT_TRUE(contains(ok({"find", "*.zip"}), "nothing matches"));
}

TEST_F(Program, ChecksFreshnessAsANagiosPlugin) {
  init();
  EXPECT_EQ(run({"check", "--max-age", "1d"}).code, 1);
  back_up();
  program_.clock.advance(Duration{3540});
  const std::string fresh = ok({"check", "--max-age", "1h", source_});
  EXPECT_EQ(fresh, "OK: newest snapshot of box:" + source_ + " is 1h 0m old|age=3600s;3600;;0\n");
  program_.clock.advance(Duration{1});
  const Outcome stale = run({"check", "--max-age", "1h"});
  EXPECT_EQ(stale.code, 1);
  EXPECT_TRUE(stale.out.starts_with("WARNING: ")) << stale.out;
  EXPECT_EQ(run({"check", "--max-age", "1h", "box:/unknown"}).code, 1);
  EXPECT_EQ(run({"check"}).code, 2);
}

// Nobody can open a file that somebody else holds a lease on, not even root.
class Leased {
 public:
  explicit Leased(const std::string& path) : fd_(platform::open_path(path, O_RDWR)) {
    before_ = ::signal(SIGIO, SIG_IGN);
    EXPECT_EQ(::fcntl(fd_.get(), F_SETLEASE, F_WRLCK), 0);
  }
  ~Leased() {
    ::fcntl(fd_.get(), F_SETLEASE, F_UNLCK);
    ::signal(SIGIO, before_);
  }
  Leased(const Leased&) = delete;
  Leased& operator=(const Leased&) = delete;

 private:
  platform::Fd fd_;
  void (*before_)(int) = SIG_DFL;
};

TEST_F(Program, TakesNoIncompleteSnapshotForAFreshOneNorForACompleteOne) {
  init();
  const std::string whole = back_up();
  program_.clock.advance(Duration{3540});
  write_file(source_ + "/b.txt", "changed");
  {
    const Leased leased(source_ + "/b.txt");
    EXPECT_EQ(run({"backup", source_}).code, 3);
  }
  program_.clock.advance(Duration{120});
  const Outcome stale = run({"check", "--max-age", "1h"});
  EXPECT_EQ(stale.code, 1);
  EXPECT_TRUE(contains(stale.out, "newer, but incomplete: 1 file could not be read")) << stale.out;
  EXPECT_EQ(run({"check", "--max-age", "1h", "--allow-incomplete"}).code, 0);
  const std::string kept = ok({"prune", "--keep-last", "1"});
  EXPECT_TRUE(contains(kept, "the last complete")) << kept;
  EXPECT_EQ(ok({"cat", whole, "b.txt"}), "bee");
}

TEST_F(Program, ForgetsAWholeVolumeOnlyWhereThatIsSaid) {
  init();
  back_up();
  back_up();
  ok({"backup", source_ + "/docs"});
  const Outcome refused = run({"forget", source_});
  EXPECT_EQ(refused.code, 2);
  EXPECT_TRUE(contains(refused.err, "--all")) << refused.err;
  EXPECT_EQ(run({"forget", source_, "--all"}).code, 2);  // nobody to ask, and no --yes
  program_.answers = {"n"};
  EXPECT_NE(run({"forget", source_, "--all"}).code, 0);
  EXPECT_EQ(lines_of(ok({"forget", source_, "--all", "--dry-run", "--json"})).size(), 2u);
  EXPECT_EQ(lines_of(ok({"list", "--json"})).size(), 3u);
  program_.answers = {"y"};
  ok({"forget", source_, "--all"});
  const auto left = lines_of(ok({"list", "--json"}));
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0]["path"], source_ + "/docs");
}

TEST_F(Program, LooksAtOneSetOnRequest) {
  init();
  back_up();
  ok({"backup", source_, "--set", "usb"});
  EXPECT_EQ(lines_of(ok({"list", "--json"})).size(), 2u);
  const auto usb = lines_of(ok({"list", "--set", "usb", "--json"}));
  ASSERT_EQ(usb.size(), 1u);
  EXPECT_EQ(usb[0]["set"], "usb");
  write_file(source_ + "/only-in-default", "x");
  back_up();
  EXPECT_FALSE(contains(ok({"ls", "latest", "--set", "usb"}), "only-in-default"));
  EXPECT_TRUE(contains(ok({"ls", "latest", "--set", "default"}), "only-in-default"));
  EXPECT_NE(run({"list", "--set", "nobody"}).code, 0);
  EXPECT_TRUE(contains(ok({"prune", "--keep-last", "1", "--set", "default", "--dry-run"}),
                       "would remove 1 snapshot, 1 kept"));
}

TEST_F(Program, PrunesTheVolumesThatAreNamed) {
  init();
  back_up();
  back_up();
  ok({"backup", source_ + "/docs"});
  ok({"backup", source_ + "/docs"});
  EXPECT_TRUE(
      contains(ok({"prune", source_ + "/docs", "--keep-last", "1"}), "removed 1 snapshot, 1 kept"));
  EXPECT_EQ(lines_of(ok({"list", "--json"})).size(), 3u);
}

TEST_F(Program, ChecksWhetherAgesAreCritical) {
  init();
  back_up();
  program_.clock.advance(Duration{2 * 86400});
  EXPECT_EQ(run({"check", "--max-age", "1d", "--critical", "3d"}).code, 1);
  program_.clock.advance(Duration{2 * 86400});
  const Outcome critical = run({"check", "--max-age", "1d", "--critical", "3d"});
  EXPECT_EQ(critical.code, 2);
  EXPECT_TRUE(critical.out.starts_with("CRITICAL: ")) << critical.out;
  EXPECT_TRUE(contains(critical.out, ";86400;259200;0")) << critical.out;
  EXPECT_EQ(run({"check", "--max-age", "1d", "--critical", "3d", "box:/unknown"}).code, 2);
  EXPECT_EQ(run({"check", "--max-age", "3d", "--critical", "1d"}).code, 2);
}

TEST_F(Program, TellsMonitoringWhyItDoesNotKnow) {
  const Outcome outcome = run({"check", "--max-age", "1d"});
  EXPECT_EQ(outcome.code, 10);
  EXPECT_TRUE(outcome.out.starts_with("UNKNOWN: ")) << outcome.out;
}

TEST_F(Program, NeverTakesTheFutureForFresh) {
  init();
  program_.clock.advance(Duration{9 * 365 * 86400});  // that of the store's machine, too
  back_up();
  program_.clock.advance(Duration{-9 * 365 * 86400});
  const Outcome future = run({"check", "--max-age", "1d"});
  EXPECT_EQ(future.code, 1) << future.out;
  EXPECT_TRUE(contains(future.out, "in the future")) << future.out;
  back_up();
  EXPECT_EQ(run({"check", "--max-age", "1d"}).code, 0);
  program_.clock.advance(Duration{30 * 86400});
  EXPECT_EQ(run({"check", "--max-age", "1d"}).code, 1);
}

TEST_F(Program, PrunesByRulesAndSaysWhy) {
  init();
  for (int i = 0; i < 3; ++i) back_up();
  const std::string plan = ok({"prune", "--keep-last", "1", "--dry-run"});
  EXPECT_TRUE(contains(plan, "would remove 2 snapshots, 1 kept")) << plan;
  write_file(source_ + "/big", std::string(100'000, 'b'));
  back_up();
  fs::remove(source_ + "/big");
  back_up();
  const auto foreseen = lines_of(ok({"prune", "--keep-last", "1", "--dry-run", "--json"})).back();
  EXPECT_GT(foreseen["bytes_freed"], 0);
  EXPECT_EQ(lines_of(ok({"list", "--json"})).size(), 5u);
  const auto lines = lines_of(ok({"prune", "--keep-last", "1", "--json"}));
  EXPECT_EQ(lines.back()["bytes_freed"], foreseen["bytes_freed"]);
  EXPECT_EQ(lines[0]["keep"], true);
  EXPECT_FALSE(lines[0]["reasons"].empty());
  EXPECT_EQ(lines.back()["snapshots_removed"], 4);
  EXPECT_EQ(lines_of(ok({"list", "--json"})).size(), 1u);
  EXPECT_EQ(run({"prune", "--keep-last", "0"}).code, 2);
}

TEST_F(Program, PruneWithoutRulesRemovesNoSnapshot) {
  init();
  back_up();
  back_up();
  ok({"prune"});
  EXPECT_EQ(lines_of(ok({"list", "--json"})).size(), 2u);
}

TEST_F(Program, ForgetsAllOrNothing) {
  init();
  const std::string first = back_up();
  back_up();
  EXPECT_EQ(run({"forget", first, "ffffffffffffffff"}).code, 1);
  EXPECT_EQ(lines_of(ok({"list", "--json"})).size(), 2u);
  ok({"forget", first, first});
  EXPECT_EQ(lines_of(ok({"list", "--json"})).size(), 1u);
}

TEST_F(Program, RefusesATargetThatIsNotEmptyUnlessToldWhatToDo) {
  init();
  back_up();
  const std::string target = room_ / "target";
  write_file(target + "/mine", "mine");
  const Outcome refused = run({"restore", "latest", "--target", target});
  EXPECT_EQ(refused.code, 1);
  EXPECT_TRUE(is_one_line(refused.err)) << refused.err;
  EXPECT_FALSE(fs::exists(target + "/b.txt"));
  ok({"restore", "latest", "--target", target, "--overwrite", "never"});
  EXPECT_TRUE(fs::exists(target + "/mine"));
  const std::string plan = ok({"restore", "latest", "--target", target, "--delete", "--dry-run"});
  EXPECT_TRUE(contains(plan, "delete   mine\n")) << plan;
  EXPECT_TRUE(fs::exists(target + "/mine"));
  ok({"restore", "latest", "--target", target, "--delete"});
  EXPECT_FALSE(fs::exists(target + "/mine"));
}

TEST_F(Program, KeepsSeveralPasswordsAndARecoveryKey) {
  program_.environment["SNAPFERRY_PASSWORD"] = "first";
  ok({"init"});
  back_up();
  program_.environment["SNAPFERRY_NEW_PASSWORD"] = "second";
  ok({"key", "add", "--label", "alice"});
  const auto recovery = lines_of(ok({"key", "recovery", "--json"}))[0]["recovery_key"];
  std::string first_key;
  for (const auto& line : lines_of(ok({"key", "list", "--json"}))) {
    if (line["current"]) first_key = line["id"];
  }
  program_.environment["SNAPFERRY_PASSWORD"] = "second";
  ok({"key", "remove", first_key});
  program_.environment["SNAPFERRY_PASSWORD"] = "first";
  EXPECT_EQ(run({"list"}).code, 12);
  program_.environment["SNAPFERRY_PASSWORD"] = recovery;
  EXPECT_EQ(lines_of(ok({"list", "--json"})).size(), 1u);
  program_.environment.erase("SNAPFERRY_PASSWORD");
  program_.secrets = {"second"};
  ok({"list"});
  program_.secrets = {};
  EXPECT_EQ(run({"list"}).code, 12);
}

TEST_F(Program, ShowsInternalObjects) {
  init();
  const std::string id = back_up();
  EXPECT_TRUE(nlohmann::json::accept(ok({"debug", "cat", "config"})));
  EXPECT_TRUE(nlohmann::json::accept(ok({"debug", "cat", "snapshot", id.substr(0, 8)})));
  EXPECT_TRUE(nlohmann::json::accept(ok({"debug", "cat", "snapshots/" + id})));
  EXPECT_TRUE(contains(ok({"debug", "list"}), "snapshots/" + id));
  EXPECT_NE(run({"debug", "cat", "nonsense/x"}).code, 0);
}

TEST_F(Program, NamesDamageAndWhatItTouches) {
  init();
  back_up();
  for (const auto& entry : fs::recursive_directory_iterator(room_ / "store/packs")) {
    if (!entry.is_regular_file()) continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(20);
    file.put('\x55');
    file.put('\xaa');
  }
  const Outcome outcome = run({"verify", "--read-data"});
  EXPECT_EQ(outcome.code, 13);
  EXPECT_TRUE(contains(outcome.out, "damaged: ")) << outcome.out;
  EXPECT_TRUE(contains(outcome.out, "affected: snapshot ")) << outcome.out;
}

TEST_F(Program, EndsCleanlyWhenInterrupted) {
  init();
  program_.cancellation.request();
  const Outcome outcome = run({"backup", source_});
  EXPECT_EQ(outcome.code, 130);
  EXPECT_TRUE(is_one_line(outcome.err)) << outcome.err;
}

struct BadInput {
  std::vector<std::string> args;
  int code;
};

TEST_F(Program, AnswersBadInputWithOneLineAndChangesNothing) {
  init();
  back_up();
  back_up();
  ok({"list"});
  write_file(room_ / "file", "");
  const auto before = names_in_room();
  const std::vector<BadInput> cases = {
      {{"list", "--store", "repo:" + (room_ / "missing")}, 10},
      {{"list", "--store", "repo:" + (room_ / "file")}, 10},
      {{"list", "--store", source_}, 10},
      {{"list", "--store", "zfs:tank/backups"}, 1},
      {{"init"}, 1},
      {{"init", "--store", source_, "--encryption", "none"}, 1},
      {{"backup", room_ / "missing", "--dry-run"}, 1},
      {{"backup"}, 2},
      {{"backup", source_, "--stdin", "x"}, 2},
      {{"backup", source_, "--exclude", "[a"}, 2},
      {{"backup", source_, "--exclude-from", room_ / "missing"}, 1},
      {{"ls", "0123456789"}, 1},
      {{"ls", source_ + "@nonsense"}, 2},
      {{"ls", source_ + "@2001-01-01"}, 1},
      {{"ls", "latest", "no/such"}, 1},
      {{"cat", "latest", "docs"}, 2},
      {{"cat", "latest", "no/such"}, 1},
      {{"restore", "latest"}, 2},
      {{"restore", "latest", "no/such", "--target", room_ / "t"}, 1},
      {{"check", "--max-age", "soon"}, 2},
      {{"prune", "--keep-within", "soon"}, 2},
      {{"prune", "--keep-last", "many"}, 2},
      {{"verify", "--read-data=0"}, 2},
      {{"verify", "--read-data=101"}, 2},
      {{"mount", room_ / "missing"}, 1},
      {{"key", "remove", "00"}, 1},
      {{"list", "--password-file", room_ / "missing", "--frobnicate"}, 2},
      {{"list", "--password-file", source_ + "/b.txt"}, 12},
      {{"man", "frobnicate"}, 2},
  };
  for (const auto& [args, code] : cases) {
    std::string line;
    for (const auto& arg : args) line += arg + " ";
    auto words = args;
    if (args[0] == "init" && args.size() == 1) program_.secrets = {"x", "x"};
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.code, code) << line << outcome.err;
    EXPECT_TRUE(is_one_line(outcome.err)) << line << outcome.err;
    EXPECT_EQ(outcome.out, "") << line;
    words.push_back("--json");
    const auto lines = lines_of(run(words).out);
    ASSERT_FALSE(lines.empty()) << line;
    EXPECT_TRUE(lines.back()["type"] == "error" || lines.back()["type"] == "volume_failed");
  }
  EXPECT_EQ(names_in_room(), before);
}

TEST_F(Program, WithJsonPrintsNothingElse) {
  init();
  const std::string id = back_up();
  for (const std::vector<std::string>& args :
       std::vector<std::vector<std::string>>{{"list"},
                                             {"ls", "latest", "-R"},
                                             {"cat", "latest", "b.txt"},
                                             {"diff", id, "latest"},
                                             {"find", "*"},
                                             {"restore", "latest", "--target", room_ / "t", "-v"},
                                             {"verify", "--read-data"},
                                             {"check", "--max-age", "1d"},
                                             {"stats"},
                                             {"key", "list"},
                                             {"debug", "cat", "config"},
                                             {"debug", "list"},
                                             {"version"},
                                             {"man"},
                                             {"completion", "zsh"},
                                             {"prune", "--keep-last", "1", "-n"},
                                             {"forget", "latest"}}) {
    auto words = args;
    words.push_back("--json");
    EXPECT_FALSE(lines_of(ok(words)).empty() && args[1] != "list") << args[0];
  }
}

}  // namespace
}  // namespace snapferry::cli
