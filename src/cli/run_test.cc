// The program as a whole: its commands, its answers and what it says where something is wrong.
#include "cli/run.h"

#include "cli/test_source.h"

namespace snapferry::cli {
namespace {

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
