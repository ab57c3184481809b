#include "cli/source_path.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "core/error.h"
#include "testing/errors.h"
#include "testing/temporary_directory.h"

namespace snapferry::cli {
namespace {

namespace fs = std::filesystem;

class SourcePathOf : public ::testing::Test {
 protected:
  SourcePathOf() {
    fs::create_directories(root_ + "/real/inner");
    fs::create_symlink("real", root_ + "/link");
    fs::create_symlink("nowhere", root_ + "/dangling");
    fs::create_symlink("dangling", root_ + "/again");
    std::fclose(std::fopen((root_ + "/file").c_str(), "w"));
    fs::create_symlink("file", root_ + "/to_file");
  }
  std::string path(const std::string& name) { return source_path(root_ + "/" + name).path; }

  testing::TemporaryDirectory room_;
  const std::string root_ = fs::canonical(room_.path()).string();
};

TEST_F(SourcePathOf, ASymlinkIsItselfUnlessASlashFollowsIt) {
  EXPECT_EQ(path("link"), root_ + "/link");
  EXPECT_EQ(path("dangling"), root_ + "/dangling");
  for (const char* name : {"link/", "link/.", "link//", "link/./", "link/././/."}) {
    EXPECT_EQ(path(name), root_ + "/real") << name;
  }
  EXPECT_EQ(path("link/inner/"), root_ + "/link/inner");
  EXPECT_EQ(path("real/"), root_ + "/real");
}

TEST_F(SourcePathOf, ASlashWantsADirectory) {
  for (const char* name : {"dangling/", "dangling/.", "again/", "file/", "file/.", "to_file/",
                           "missing/", "missing", "real/missing/"}) {
    EXPECT_ERROR(path(name), ErrorKind::NotFound);
  }
}

TEST_F(SourcePathOf, EmptyIsNoPlace) { EXPECT_ERROR(source_path(""), ErrorKind::InvalidArgument); }

TEST_F(SourcePathOf, KeepsEveryNameThatPatternsMayUse) {
  EXPECT_EQ(source_path(root_ + "/link/").names,
            (std::vector<std::string>{root_ + "/real", root_ + "/link"}));
  EXPECT_EQ(source_path(root_ + "/link/inner").names,
            (std::vector<std::string>{root_ + "/link/inner", root_ + "/real/inner"}));
}

TEST_F(SourcePathOf, WhatIsNotThereHasTheNameThatItWillHave) {
  const auto name = [&](const std::string& given) { return name_of_source(root_ + "/" + given); };
  for (const char* given : {"missing", "missing/", "away/../late", "away/../late/", "dangling/",
                            "again/", "link/late", "./missing//x/."}) {
    const std::string before = name(given);
    fs::create_directories(root_ + "/away");
    fs::create_directories(before);
    EXPECT_EQ(path(given), before) << given;
    fs::remove_all(root_ + "/away");
    fs::remove_all(before);
  }
  EXPECT_EQ(name("real"), root_ + "/real");
}

}  // namespace
}  // namespace snapferry::cli
