#include "tree/backup/survey.h"

#include <gtest/gtest.h>

#include "testing/backup_scene.h"
#include "tree/exclude.h"

namespace snapferry::tree {
namespace {

using testing::BackupScene;
using testing::noise;

constexpr const char* kCacheTag = "Signature: 8a477f597d28d172789f06886806bc55";

// What both count of the same tree.
void expect_as_backed_up(BackupScene& scene) {
  const auto found = survey(scene.root.path(), scene.options, Cancellation());
  ASSERT_TRUE(found);
  const auto backup = scene.back_up();
  EXPECT_EQ(found->files, backup.stats.files);
  EXPECT_EQ(found->bytes, backup.stats.bytes);
}

void fill(BackupScene& scene) {
  scene.write("a/b/c", "deep");
  scene.write("a/large", noise(300'000));
  scene.write("a/skip/me", "excluded");
  scene.write("a/b/old.tmp", "excluded");
  scene.write("cache/CACHEDIR.TAG", kCacheTag);
  scene.write("cache/content", noise(10'000));
  scene.make_directory("nothing");
}

TEST(Survey, CountsAllFiles) {
  BackupScene scene;
  fill(scene);
  EXPECT_EQ(survey(scene.root.path(), scene.options, Cancellation()),
            (Survey{6, 4 + 300'000 + 8 + 8 + 43 + 10'000}));
  expect_as_backed_up(scene);
}

TEST(Survey, LeavesOutWhatABackupLeavesOut) {
  BackupScene scene;
  fill(scene);
  const ExcludeRules rules({"/a/skip/", "*.tmp"});
  scene.options.excludes = &rules;
  scene.options.exclude_caches = true;
  EXPECT_EQ(survey(scene.root.path(), scene.options, Cancellation()),
            (Survey{3, 4 + 300'000 + 43}));
  expect_as_backed_up(scene);
}

TEST(Survey, CountsAFileAlone) {
  BackupScene scene;
  scene.write("alone", "12345");
  EXPECT_EQ(survey(scene.root.path() + "/alone", scene.options, Cancellation()), (Survey{1, 5}));
}

TEST(Survey, CountsNothingWhereNothingIs) {
  BackupScene scene;
  EXPECT_EQ(survey(scene.root.path() + "/gone", scene.options, Cancellation()), Survey());
}

TEST(Survey, GivesUpWhenToldTo) {
  BackupScene scene;
  fill(scene);
  Cancellation stop;
  stop.request();
  EXPECT_EQ(survey(scene.root.path(), scene.options, stop), std::nullopt);
}

}  // namespace
}  // namespace snapferry::tree
