#include "tree/exclude.h"

#include <cstdio>
#include <cstdlib>
#include <random>

#include <fcntl.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "platform/fd.h"

namespace snapferry::tree {
namespace {

// "a/b/" is a directory, "a/b" is not.
bool excluded(const std::vector<std::string>& patterns, std::string_view path) {
  const bool is_directory = path.ends_with('/');
  if (is_directory) path.remove_suffix(1);
  return ExcludeRules(patterns).excludes(path, is_directory);
}

struct Case {
  std::vector<std::string> patterns;
  std::string path;
  bool expected;
};

TEST(ExcludeRules, DecidesAsGitignoreDoes) {
  const std::vector<Case> cases = {
      {{}, "a", false},
      {{"a"}, "a", true},
      {{"a"}, "b/a", true},
      {{"a"}, "ab", false},
      {{"/a"}, "a", true},
      {{"/a"}, "b/a", false},
      {{"b/a"}, "b/a", true},
      {{"b/a"}, "c/b/a", false},
      {{"a/"}, "a", false},
      {{"a/"}, "a/", true},
      {{"a/"}, "b/a/", true},
      {{"*.o"}, "x.o", true},
      {{"*.o"}, "d/x.o", true},
      {{"*.o"}, ".o", true},
      {{"/*.o"}, "d/x.o", false},
      {{"d/*.o"}, "d/x.o", true},
      {{"d/*.o"}, "d/e/x.o", false},
      {{"a?c"}, "abc", true},
      {{"a?c"}, "ac", false},
      {{"a/?"}, "a/b", true},
      {{"a?b"}, "a/b", false},
      {{"**/a"}, "a", true},
      {{"**/a"}, "b/c/a", true},
      {{"a/**"}, "a/", false},
      {{"a/**"}, "a/b", true},
      {{"a/**"}, "a/b/c", true},
      {{"a/**/b"}, "a/b", true},
      {{"a/**/b"}, "a/x/y/b", true},
      {{"a/**/b"}, "a/x/bb", false},
      {{"a/**/b/**/c"}, "a/b/c", true},
      {{"a/**/b/**/c"}, "a/1/b/2/3/c", true},
      {{"a/**/b/**/c"}, "a/1/c/2/3/b", false},
      {{"**/x*y/z"}, "xy/q/xay/z", true},
      {{"**"}, "anything", true},
      {{"a**b"}, "axb", true},
      {{"a**b/c"}, "ax/yb/c", false},
      {{"[a-c]x"}, "bx", true},
      {{"[!a-c]x"}, "bx", false},
      {{"[^a-c]x"}, "dx", true},
      {{"[]]"}, "]", true},
      {{"[]-]"}, "-", true},
      {{"[a-]"}, "-", true},
      {{"[\\]]"}, "]", true},
      {{"[[:digit:]]x"}, "7x", true},
      {{"[[:digit:]]x"}, "ax", false},
      {{"[[:upper:][:digit:]]"}, "Q", true},
      {{"[z-a]"}, "m", false},
      {{"[[:x]"}, ":", true},
      {{"a[!b]c"}, "a/c", false},
      {{"\\*"}, "*", true},
      {{"\\*"}, "a", false},
      {{"#a"}, "#a", false},
      {{"\\#a"}, "#a", true},
      {{"\\!a"}, "!a", true},
      {{"a "}, "a", true},
      {{"a\\ "}, "a ", true},
      {{"a\\ "}, "a", false},
      {{"a b"}, "a b", true},
      {{""}, "", false},
      {{"*", "!a"}, "a", false},
      {{"!a", "*"}, "a", true},
      {{"*.c", "!main.c", "main.c"}, "main.c", true},
      {{"*", "!*/"}, "a/", false},
      {{"*", "!*/"}, "a", true},
      {{"\xff*"}, "\xff\xfe", true},
      {{"?"}, "\xc3\xa4", true},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(excluded(c.patterns, c.path), c.expected)
        << (c.patterns.empty() ? "" : c.patterns[0]) << " against " << c.path;
  }
}

TEST(ExcludeRules, RefusesABadPatternByName) {
  for (const char* pattern :
       {"a\\", "[", "[a", "[!", "a/[]", "[a\\", "[[:nothing:]]", "!", "/", "a\\/", "!/"}) {
    try {
      ExcludeRules rules({pattern});
      ADD_FAILURE() << pattern << " was accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::InvalidArgument);
      EXPECT_NE(error.message().find(pattern), std::string::npos) << error.message();
    }
  }
}

TEST(ExcludeRules, ManyStarsDoNotMakeItSlow) {
  std::string stars;
  std::string deep;
  for (int i = 0; i < 200; ++i) {
    stars += "*a";
    deep += "**/a/*a*a*/";
  }
  const std::string text(4000, 'a');
  std::string path;
  for (int i = 0; i < 1000; ++i) path += "a/aa/";
  EXPECT_FALSE(excluded({stars + "b"}, text));
  EXPECT_FALSE(excluded({deep + "b"}, path + "c"));
}

// Random patterns and paths in a small alphabet, asked of git in one call for each
// list of patterns: what `git check-ignore --no-index` prints is ignored.
class AgainstGit : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::system("git --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "git is not installed";
    char name[] = "/tmp/snapferry-exclude-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    directory_ = name;
    ASSERT_EQ(std::system(("git init -q " + directory_).c_str()), 0);
  }
  void TearDown() override {
    if (!directory_.empty()) {
      EXPECT_EQ(std::system(("rm -rf " + directory_).c_str()), 0);
    }
  }

  void write(const std::string& name, const std::string& text) {
    const platform::Fd fd =
        platform::open_path(directory_ + "/" + name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    platform::write_all(fd.get(), as_bytes(text), name);
  }

  std::string ignored_by_git() {
    const int status = std::system(("cd " + directory_ +
                                    " && git -c core.excludesFile=/dev/null check-ignore "
                                    "--no-index --stdin < paths > ignored")
                                       .c_str());
    EXPECT_LE(WEXITSTATUS(status), 1);
    return std::string(as_text(platform::read_file(directory_ + "/ignored", 1 << 20)));
  }

  std::string pick(std::initializer_list<const char*> parts) {
    return parts.begin()[random_() % parts.size()];
  }
  std::string random_path() {
    std::string path;
    for (auto depth = random_() % 3 + 1; depth > 0; --depth) {
      if (!path.empty()) path += "/";
      for (auto length = random_() % 3 + 1; length > 0; --length) {
        path += pick({"a", "b", "c", "-", "]"});
      }
    }
    return path;
  }
  std::string random_pattern() {
    std::string pattern = pick({"", "", "", "!", "/"});
    for (auto length = random_() % 5 + 1; length > 0; --length) {
      // Git before 2.49 takes "**" behind a literal for one behind a slash, against
      // its manual; so "**" stands behind slashes only.
      pattern += pick({"a", "b", "c", "*", "?", "[ab]", "[!a]", "[]-]", "[a-b]", "\\a", "a/", "*/",
                       "a/**", "b/**/", "*.", "[[:alpha:]]", "-"});
    }
    pattern += pick({"", "", "", "/"});
    // In git that matches nothing.
    for (auto at = pattern.find("//"); at != pattern.npos; at = pattern.find("//")) {
      pattern.erase(at, 1);
    }
    return pattern;
  }

  std::mt19937 random_{20260301};
  std::string directory_;
};

// As a walk does: parents are asked first.
bool excluded_by_walk(const ExcludeRules& rules, const std::string& path) {
  for (std::size_t slash = path.find('/'); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    if (rules.excludes(path.substr(0, slash), true)) return true;
  }
  return rules.excludes(path, false);
}

TEST_F(AgainstGit, AgreesOnRandomPatterns) {
  for (int round = 0; round < 100; ++round) {
    std::vector<std::string> patterns;
    std::string file;
    for (int i = 0; i < 3; ++i) {
      patterns.push_back(random_pattern());
      file += patterns.back() + "\n";
    }
    ExcludeRules rules;
    try {
      rules = ExcludeRules(patterns);
    } catch (const Error&) {
      continue;  // refused, where git silently matches nothing
    }
    std::string paths;
    std::string expected;
    for (int i = 0; i < 60; ++i) {
      const std::string path = random_path();
      paths += path + "\n";
      if (excluded_by_walk(rules, path)) expected += path + "\n";
    }
    write(".gitignore", file);
    write("paths", paths);
    ASSERT_EQ(ignored_by_git(), expected) << "patterns:\n" << file;
  }
}

// The patterns as seen from a volume at /home.
bool excluded_below_home(const std::vector<std::string>& texts, std::string_view path) {
  std::vector<ExcludePattern> patterns;
  for (const auto& text : texts) patterns.push_back({text, {}});
  return ExcludeRules(patterns, {.roots = {"/home"}, .home = "/home/al*ce"}).excludes(path, true);
}

TEST(ExcludeRules, TakesFullPathsBelowTheVolume) {
  EXPECT_TRUE(excluded_below_home({"/home/alice/.cache"}, "alice/.cache"));
  EXPECT_TRUE(excluded_below_home({"/home/*/.cache/"}, "alice/.cache"));
  EXPECT_TRUE(excluded_below_home({"/home/**/tmp"}, "alice/a/b/tmp"));
  EXPECT_FALSE(excluded_below_home({"/home/alice/.cache"}, "bob/.cache"));
  EXPECT_FALSE(excluded_below_home({"/home2/alice"}, "alice"));
  EXPECT_FALSE(excluded_below_home({"/home"}, "alice"));
  // What begins at the volume goes on meaning that.
  EXPECT_TRUE(excluded_below_home({"/alice/x"}, "alice/x"));
  EXPECT_TRUE(excluded_below_home({"/home/x"}, "home/x"));
  EXPECT_FALSE(excluded_below_home({"/*/x"}, "x"));
  EXPECT_FALSE(excluded_below_home({"/home/alice", "!/home/alice"}, "alice"));
}

TEST(ExcludeRules, TakesTheHomeDirectoryForATilde) {
  EXPECT_TRUE(excluded_below_home({"~/.cache"}, "al*ce/.cache"));
  EXPECT_FALSE(excluded_below_home({"~/.cache"}, "alice/.cache"));
  EXPECT_TRUE(excluded_below_home({"~"}, "al*ce"));
  EXPECT_TRUE(excluded_below_home({"~lock*"}, "bob/~lock1"));
  EXPECT_TRUE(excluded_below_home({"\\~"}, "bob/~"));
  EXPECT_TRUE(excluded_below_home({"~tmp/"}, "bob/~tmp"));
}

TEST(ExcludeRules, TakesPathsAsPeopleWriteThem) {
  for (const char* pattern :
       {"./alice/.cache", "alice//.cache", "alice/./.cache", "//alice/.cache/", "alice/x/../.cache",
        "alice/.cache/.", "/home/bob/../alice/.cache"}) {
    EXPECT_TRUE(excluded_below_home({pattern}, "alice/.cache")) << pattern;
    EXPECT_FALSE(excluded_below_home({pattern}, "bob/alice/.cache")) << pattern;
  }
  // It stays where it was written to be.
  EXPECT_TRUE(excluded_below_home({"./x"}, "x"));
  EXPECT_FALSE(excluded_below_home({"./x"}, "a/x"));
  EXPECT_FALSE(excluded_below_home({"a/../x"}, "a/x"));
  EXPECT_TRUE(excluded_below_home({"x/."}, "a/x"));
}

TEST(ExcludeRules, RefusesWhatCanNeverMatchAndSaysWhere) {
  for (const char* pattern : {"../x", "a/../../x", "*/../x", "~bob/x", ".", "./", "..", "", "  "}) {
    try {
      ExcludeRules({{pattern, "excludes:12"}}, {});
      ADD_FAILURE() << pattern << " was accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::InvalidArgument);
      EXPECT_TRUE(error.message().starts_with("excludes:12: exclude pattern \"" +
                                              std::string(pattern) + "\": "))
          << error.message();
    }
  }
  // Nobody's home.
  EXPECT_THROW(ExcludeRules({{"~/x", {}}}, {}), Error);
}

TEST(ExcludeRules, OneOfACharacterMeansAWholeOne) {
  EXPECT_TRUE(excluded({"a?c"}, "a\u00e4c"));
  EXPECT_TRUE(excluded({"?"}, "\U0001f600"));
  EXPECT_FALSE(excluded({"??"}, "\u20ac"));
  EXPECT_FALSE(excluded({"*??"}, "\u20ac"));
  EXPECT_TRUE(excluded({"[\u00e0-\u00ef]x"}, "\u00e4x"));
  EXPECT_FALSE(excluded({"[!\u00e4]x"}, "\u00e4x"));
  EXPECT_TRUE(excluded({"[!a]x"}, "\u00e4x"));
  // What is no UTF-8 is as many characters as bytes.
  EXPECT_TRUE(excluded({"??"}, "\xe4\xe4"));
  EXPECT_TRUE(excluded({"?"}, "\xe4"));
  EXPECT_TRUE(excluded({"a\xe4"}, "a\xe4"));
  EXPECT_TRUE(excluded({"???"}, "\xc0\xaf\xed"));
}

TEST(ExcludeRules, TellsInWhichDirectoriesSomethingMayMatch) {
  const auto may = [](const char* pattern, const char* directory) {
    return ExcludeRules({pattern}).may_match_below(directory);
  };
  EXPECT_TRUE(may("*.o", "any/where"));
  EXPECT_TRUE(may("/a/b/*.o", "a"));
  EXPECT_TRUE(may("/a/b/*.o", "a/b"));
  EXPECT_TRUE(may("/?/**/x", "a/b/c"));
  EXPECT_FALSE(may("/a/b/*.o", "b"));
  EXPECT_FALSE(may("/a/b/*.o", "a/b/c"));
  EXPECT_FALSE(may("/a/b/", "a/b"));
  EXPECT_FALSE(may("!*.o", "a"));
  EXPECT_TRUE(ExcludeRules({{"/home/anna/x", {}}}, {.roots = {"/home"}}).may_match_below("anna"));
}

TEST(ExcludeRules, TellsWhatDecidedNothing) {
  const ExcludeRules rules({{"*.o", {}}, {"/tmp", {}}, {"*.log", {}}}, {});
  EXPECT_EQ(rules.unused(), (std::vector<std::size_t>{0, 1, 2}));
  EXPECT_TRUE(rules.excludes("a/x.o", false));
  EXPECT_TRUE(rules.excludes("tmp", true));
  EXPECT_EQ(rules.unused(), (std::vector<std::size_t>{2}));
}

TEST(ExcludeRules, WarnsOfWhatCannotBeTakenBack) {
  const ExcludeRules rules({{"/a", {}}, {"!/a/b", "f:2"}, {"/c/*", {}}, {"!/c/d", {}}}, {});
  EXPECT_EQ(rules.warnings(),
            (std::vector<std::string>{
                "f:2: exclude pattern \"!/a/b\": takes nothing back, because exclude pattern "
                "\"/a\" leaves out the directory above; write \"/a/*\" instead of that"}));
}

TEST(ReadExcludeFile, KeepsPatternsAndWhereTheyStand) {
  char name[] = "/tmp/snapferry-exclude-XXXXXX";
  const platform::Fd fd(::mkstemp(name));
  platform::write_all(fd.get(), as_bytes("\xEF\xBB\xBF*.o\r\n\n# c\n \t\r\n/tmp \t"), name);
  const auto patterns = read_exclude_file(name);
  ASSERT_EQ(patterns.size(), 2u);
  EXPECT_EQ(patterns[0].text, "*.o");
  EXPECT_EQ(patterns[0].source, name + std::string(":1"));
  EXPECT_EQ(patterns[1].source, name + std::string(":5"));
  EXPECT_TRUE(ExcludeRules(patterns, {}).excludes("tmp", true));
  ::unlink(name);
}

TEST(ReadExcludeFile, NamesAMissingFile) {
  EXPECT_THROW(read_exclude_file("/nonexistent/excludes"), Error);
}

}  // namespace
}  // namespace snapferry::tree
