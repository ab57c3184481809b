// Names that would command a terminal, break lines or look like others, through every command that
// shows names.
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cli/format.h"
#include "cli/test_program.h"
#include "core/printable.h"
#include "testing/temporary_directory.h"

namespace snapferry::cli {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

constexpr std::string_view kOdd = "f\\n\nNEXT\x1b(0\xe2\x80\xae\xff";
constexpr std::string_view kShown = "f\\\\n\\nNEXT\\x1b(0\\u{202e}\\xff";

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

class OddNames : public ::testing::Test {
 protected:
  OddNames() {
    program_.environment = {{"SNAPFERRY_CACHE", room_ / "cache"},
                            {"SNAPFERRY_STORE", "repo:" + (room_ / "store")}};
    fs::create_directories(source_ + "/" + odd_);
    std::ofstream(source_ + "/" + odd_ + "/" + odd_) << "x";
    fs::create_symlink(odd_, source_ + "/link" + odd_);
    harmless({"init", "--encryption", "none"});
    harmless({"backup", source_, "--set", odd_, "--host", odd_, "--exclude", "no" + odd_, "-v"});
    std::ofstream(source_ + "/" + odd_ + "/" + odd_) << "changed";
    harmless({"backup", source_, "--set", odd_, "--host", odd_, "-v"});
  }

  // What the command says, which holds nothing but lines of text.
  std::string harmless(const Words& words) {
    program_.clock.advance(Duration{60});
    const Outcome outcome = program_.run(words);
    const std::string said = outcome.out + outcome.err;
    EXPECT_EQ(said, laid_out(said)) << words[0];
    EXPECT_FALSE(contains(said, "\nNEXT")) << words[0] << ": " << said;
    EXPECT_FALSE(said.empty()) << words[0];
    return said;
  }
  void shown(const Words& words, std::string_view expected = kShown) {
    const std::string said = harmless(words);
    EXPECT_TRUE(contains(said, expected)) << words[0] << ": " << said;
  }

  testing::TemporaryDirectory room_;
  const std::string odd_{kOdd};
  const std::string source_ = fs::canonical(room_.path()).string() + "/" + odd_;
  TestProgram program_;
};

TEST_F(OddNames, AreShownOnOneLineByEveryCommand) {
  const std::string target = room_ / "t" + odd_;
  for (const Words& words : std::vector<Words>{
           {"list"},
           {"list", "--set", odd_},
           {"ls", "latest", "-R"},
           {"find", "f*"},
           {"check", "--max-age", "1s"},
           {"prune", "--keep-last", "1", "--dry-run"},
           {"forget", "latest", "--dry-run", "--host", odd_},
           {"restore", "latest", "--target", target, "--dry-run"},
           {"restore", "latest", "--target", target, "-v"},
           {"restore", "latest", "--target", target, "--overwrite", "always", "--delete", "-v"}}) {
    shown(words);
  }
  for (const char* command : {"verify", "stats", "claims", "repair", "prune"}) harmless({command});
}

TEST_F(OddNames, AreShownOnOneLineInMistakes) {
  for (const Words& words :
       std::vector<Words>{{odd_},
                          {"ls", odd_},
                          {"ls", "latest", odd_ + "x"},
                          {"ls", "latest", "--" + odd_},
                          {"cat", "latest", odd_ + "x"},
                          {"find", "[" + odd_},
                          {"backup", "/nowhere" + odd_},
                          {"restore", "latest", odd_ + "*x", "--target", room_ / "t"},
                          {"restore", "latest", "--include", "[" + odd_, "--target", room_ / "t"},
                          {"check", "--max-age", odd_},
                          {"list", "--store", "repo:/nowhere" + odd_},
                          {"forget", odd_}}) {
    EXPECT_NE(program_.run(words).code, 0) << words[0];
    shown(words, kShown.substr(kShown.find("\\nNEXT")));
  }
}

TEST_F(OddNames, AreExactInJson) {
  const std::string out = program_.run({"find", "f*", "--json"}).out;
  const auto found = nlohmann::json::parse(out.substr(0, out.find('\n')));
  // What is no text is given apart, so that it can be had again.
  EXPECT_EQ(found.value("path_base64", ""), to_base64(odd_)) << out;
  EXPECT_EQ(found.value("volume_base64", ""), to_base64(odd_ + ":" + source_)) << out;
}

}  // namespace
}  // namespace snapferry::cli
