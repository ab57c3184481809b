#pragma once

#include <fstream>
#include <iterator>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "testing/file_tree.h"
#include "testing/memory_objects.h"
#include "testing/temporary_directory.h"
#include "tree/restore/restore.h"

namespace snapferry::testing {

using tree::Overwrite;
using tree::RestoreAction;
using tree::RestoreObserver;
using tree::RestoreOptions;
using tree::RestoreStats;

// Beside what is tested: looks at the target with system calls alone.
class Problems : public ProblemSink {
 public:
  void problem(std::string_view path, std::string_view message) override {
    const std::lock_guard lock(mutex);
    all.push_back(std::string(path) + ": " + std::string(message));
  }
  std::mutex mutex;
  std::vector<std::string> all;
};

// "+a" created, "!a" replaced, "~a" metadata, "=a" kept, "-a" deleted, "#a" protected.
class Actions : public RestoreObserver {
 public:
  void on_action(RestoreAction action, std::string_view path, const Entry*) override {
    const std::lock_guard lock(mutex_);
    all.insert("+!~=-#"[static_cast<int>(action)] + std::string(path));
  }
  std::set<std::string> all;

 private:
  std::mutex mutex_;
};

inline struct stat look(const std::string& path) {
  struct stat stat {};
  EXPECT_EQ(::lstat(path.c_str(), &stat), 0) << path;
  return stat;
}

inline bool exists(const std::string& path) {
  struct stat stat;
  return ::lstat(path.c_str(), &stat) == 0;
}

inline std::string content(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path;
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void write(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

inline std::string xattr(const std::string& path, const char* name) {
  char value[1024];
  const ssize_t size = ::lgetxattr(path.c_str(), name, value, sizeof value);
  return size < 0 ? "(none)" : std::string(value, static_cast<std::size_t>(size));
}

inline std::string noise(std::size_t size, unsigned seed) {
  std::string text(size, 0);
  for (char& byte : text) byte = static_cast<char>((seed = seed * 1664525 + 1013904223) >> 24);
  return text;
}

// Restores hand-made snapshots below a directory of its own.
class Restore : public ::testing::Test {
 protected:
  RestoreStats run(const Node& root) { return run(snapshot_of(root, objects_)); }
  RestoreStats run(const Snapshot& snapshot) {
    options_.problems = &problems_;
    return tree::restore(snapshot, target_, objects_, options_, observer_);
  }
  std::string at(const std::string& path) const { return target_ + "/" + path; }

  MemoryObjects objects_;
  TemporaryDirectory outside_;
  std::string target_ = outside_ / "target";
  RestoreOptions options_;
  Problems problems_;
  RestoreObserver* observer_ = nullptr;
};

class RestoreAsRoot : public Restore {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can create devices and set owners";
  }
};

}  // namespace snapferry::testing
