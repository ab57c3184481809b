// What chattr(1) sets, and project ids: from a source to a target.

#include "core/inode_attributes.h"

#include <algorithm>
#include <filesystem>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "core/tree_node.h"
#include "platform/fd.h"
#include "platform/inode_attributes.h"
#include "testing/backup_scene.h"
#include "testing/restore_fixture.h"

namespace snapferry::tree {
namespace {

using testing::BackupScene;
using testing::Problems;
using testing::TemporaryDirectory;

platform::Fd open_any(const std::string& path) {
  return platform::open_path(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
}

std::uint32_t attributes_of(const std::string& path) {
  return platform::read_inode_attributes(open_any(path).get()).attributes.value_or(~0u);
}

// The refused ones.
std::uint32_t set(const std::string& path, std::uint32_t attributes) {
  int error = 0;
  return platform::set_inode_attributes(open_any(path).get(), attributes, kInodeAttributes, error);
}

// Nothing of it could be removed otherwise.
void clear_all(const std::string& directory) {
  set(directory, 0);
  for (const auto& each : std::filesystem::directory_iterator(directory)) {
    if (each.is_directory()) {
      clear_all(each.path());
    } else {
      set(each.path(), 0);
    }
  }
}

class AttributesOfInodes : public ::testing::Test {
 protected:
  void SetUp() override {
    scene_.write("probe", "");
    if (::geteuid() != 0 || set(scene_.root / "probe", kAttributeImmutable) != 0) {
      GTEST_SKIP() << "this user or filesystem cannot set them";
    }
    set(scene_.root / "probe", 0);
  }
  void TearDown() override {
    clear_all(scene_.root.path());
    if (std::filesystem::exists(target_)) clear_all(target_);
  }
  RestoreStats restore(const BackupResult& backup) {
    Snapshot snapshot;
    snapshot.volume = {"host", "/volume"};
    snapshot.root = backup.root;
    problems_.all.clear();
    RestoreOptions options;
    options.problems = &problems_;
    return tree::restore(snapshot, target_, scene_.objects, options);
  }
  std::string source(const std::string& name) { return scene_.root / name; }
  std::string at(const std::string& name) { return target_ + "/" + name; }

  BackupScene scene_;
  TemporaryDirectory outside_;
  std::string target_ = outside_ / "target";
  Problems problems_;
};

TEST_F(AttributesOfInodes, ComeBackAfterEverythingElse) {
  const std::vector<std::pair<std::string, std::uint32_t>> files = {
      {"immutable", kAttributeImmutable},
      {"append", kAttributeAppendOnly | kAttributeNoDump},
      {"dump", kAttributeNoDump | kAttributeNoAccessTime},
      {"sync", kAttributeSync},
      {"plain", 0}};
  for (const auto& [name, attributes] : files) scene_.write(name, name);
  scene_.write("big", testing::noise(5 << 20));
  scene_.write("d/below", "text");
  std::filesystem::create_hard_link(source("immutable"), source("d/linked"));
  for (const auto& [name, attributes] : files) ASSERT_EQ(set(source(name), attributes), 0u) << name;
  ASSERT_EQ(set(source("big"), kAttributeImmutable), 0u);
  ASSERT_EQ(set(source("d"), kAttributeImmutable), 0u);

  const BackupResult backup = scene_.back_up();
  // The second time everything is there, and nothing has to be changed.
  for (int round = 0; round < 2; ++round) {
    const RestoreStats stats = restore(backup);
    EXPECT_EQ(problems_.all, std::vector<std::string>{});
    EXPECT_TRUE(stats.limitations.empty());
    for (const auto& [name, attributes] : files) {
      EXPECT_EQ(attributes_of(at(name)), attributes) << name;
      EXPECT_EQ(testing::content(at(name)), name);
    }
    EXPECT_EQ(attributes_of(at("big")), kAttributeImmutable);
    EXPECT_EQ(attributes_of(at("d")), kAttributeImmutable);
    EXPECT_EQ(testing::look(at("d/linked")).st_ino, testing::look(at("immutable")).st_ino);
    EXPECT_EQ(testing::look(at("d")).st_mtim.tv_sec, testing::look(source("d")).st_mtim.tv_sec);
  }
}

TEST_F(AttributesOfInodes, AreASignOfChange) {
  scene_.write("file", "x");
  const BackupResult base = scene_.back_up();
  ASSERT_EQ(set(source("file"), kAttributeNoDump), 0u);
  const BackupResult backup = scene_.back_up_again(base);
  EXPECT_EQ(scene_.entry(backup, "file")->attributes, kAttributeNoDump);
}

TEST_F(AttributesOfInodes, WhatIsImmutableInTheTargetIsLeftAloneAndNamed) {
  scene_.write("file", "new");
  scene_.write("d/file", "new");
  const BackupResult backup = scene_.back_up();
  std::filesystem::create_directories(at("d"));
  testing::write(at("file"), "old!");
  testing::write(at("d/file"), "old!");
  ASSERT_EQ(set(at("file"), kAttributeImmutable), 0u);
  ASSERT_EQ(set(at("d"), kAttributeImmutable), 0u);
  const RestoreStats stats = restore(backup);
  EXPECT_EQ(stats.failed, 2u);
  std::sort(problems_.all.begin(), problems_.all.end());
  ASSERT_EQ(problems_.all.size(), 2u);
  EXPECT_TRUE(problems_.all[0].starts_with("d: is immutable or append-only; ")) << problems_.all[0];
  EXPECT_TRUE(problems_.all[1].starts_with("file: what is in its place is immutable"));
  EXPECT_EQ(testing::content(at("file")), "old!");
  EXPECT_EQ(testing::content(at("d/file")), "old!");
}

TEST_F(AttributesOfInodes, ThatTheTargetRefusesAreToldOfOnce) {
  Snapshot snapshot;
  snapshot.volume = {"host", "/volume"};
  Entry entry;
  entry.mode = 0644;
  entry.attributes = kAttributeNoCopyOnWrite | kAttributeNoDump;
  Bytes leaf{1};
  for (const char* name : {"a", "b"}) {
    entry.name = name;
    encode_entry(entry, leaf);
  }
  snapshot.root.type = EntryType::Directory;
  snapshot.root.mode = 0755;
  snapshot.root.tree = scene_.objects.put(ObjectKind::Tree, leaf);
  const RestoreStats stats = tree::restore(snapshot, target_, scene_.objects, {});
  EXPECT_EQ(stats.failed, 0u);
  EXPECT_EQ(attributes_of(at("a")) & kAttributeNoDump, kAttributeNoDump);
  if (attributes_of(at("a")) != entry.attributes) {
    EXPECT_EQ(stats.limitations,
              (std::vector<std::string>{"inode attributes \"C\" (chattr) were not restored: the "
                                        "target does not have them (2 paths: a, b)"}));
    EXPECT_EQ(stats.incomplete, 2u);
  }
}

}  // namespace
}  // namespace snapferry::tree
