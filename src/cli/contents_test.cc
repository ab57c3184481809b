// What a backup keeps, and how it is looked at and restored.
#include "cli/test_source.h"

namespace snapferry::cli {
namespace {

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

}  // namespace
}  // namespace snapferry::cli
