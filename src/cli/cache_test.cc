#include "cli/cache.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "cli/test_program.h"
#include "testing/temporary_directory.h"

namespace snapferry::cli {
namespace {

TEST(CacheDirectory, FollowsTheEnvironment) {
  StringOutput out;
  StoppedClock clock;
  const Cancellation cancellation;
  std::map<std::string, std::string> environment;
  Io io{.out = out, .err = out, .clock = clock, .cancellation = cancellation};
  io.environment = [&](const std::string& name) -> std::optional<std::string> {
    if (!environment.contains(name)) return std::nullopt;
    return environment[name];
  };
  EXPECT_EQ(cache_directory(io, false), "");
  EXPECT_EQ(cache_directory(io, true), "/var/cache/snapferry");
  environment["HOME"] = "/home/a";
  EXPECT_EQ(cache_directory(io, true), "/home/a/.cache/snapferry");
  environment["XDG_CACHE_HOME"] = "/c";
  EXPECT_EQ(cache_directory(io, true), "/c/snapferry");
  environment["SNAPFERRY_CACHE"] = "/own";
  EXPECT_EQ(cache_directory(io, true), "/own");
}

TEST(UnusableCache, IsOneThatIsNoDirectoryOrOfAFilesystemThatTakesNothing) {
  const testing::TemporaryDirectory room;
  std::ofstream(room / "file") << "x";
  EXPECT_EQ(why_unusable(room / "made/by/itself"), "");
  EXPECT_TRUE(std::filesystem::is_empty(room / "made/by/itself"));
  EXPECT_NE(why_unusable(room / "file"), "");
  EXPECT_NE(why_unusable(room / "file/below"), "");
  EXPECT_NE(why_unusable("/proc/self"), "");
}

TEST(UnusableCache, IsNamedOnceAndStopsNoCommand) {
  const testing::TemporaryDirectory room;
  std::ofstream(room / "cache") << "x";
  std::filesystem::create_directory(room / "source");
  std::ofstream(room / "source/file") << "content";
  TestProgram program;
  program.environment = {{"SNAPFERRY_CACHE", room / "cache"},
                         {"SNAPFERRY_STORE", "repo:" + room / "store"}};
  for (const std::vector<std::string>& args : std::vector<std::vector<std::string>>{
           {"init", "--encryption", "none"},
           {"backup", room / "source"},
           {"list"},
           {"ls", "latest"},
           {"check", "--max-age", "1d"},
           {"verify", "--read-data"},
           {"prune", "--keep-last", "1"},
           {"key", "list"},
           {"claims"},
           {"repair", "--dry-run"},
           {"restore", "latest", "--target", room / "restored"}}) {
    const Outcome outcome = program.run(args);
    EXPECT_EQ(outcome.code, 0) << args[0] << outcome.err;
    const std::string warning = "the cache cannot be used";
    const auto first = outcome.err.find(warning);
    ASSERT_NE(first, std::string::npos) << args[0] << outcome.err;
    EXPECT_EQ(outcome.err.find(warning, first + 1), std::string::npos) << args[0];
  }
  EXPECT_TRUE(std::filesystem::exists(room / "restored/file"));
}

}  // namespace
}  // namespace snapferry::cli
