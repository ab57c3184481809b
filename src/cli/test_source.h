#pragma once

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/test_program.h"
#include "platform/fd.h"
#include "testing/temporary_directory.h"

// The whole program in process, with a directory to back up and a repository, both real.
namespace snapferry::cli {

namespace fs = std::filesystem;

inline void write_file(const std::string& path, std::string_view content) {
  fs::create_directories(fs::path(path).parent_path());
  platform::write_all(platform::open_path(path, O_WRONLY | O_CREAT | O_TRUNC, 0644).get(),
                      as_bytes(content), path);
}

inline std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline std::vector<nlohmann::json> lines_of(const std::string& text) {
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

inline bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

inline bool is_one_line(const std::string& text) {
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

}  // namespace snapferry::cli
