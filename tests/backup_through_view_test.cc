// A tree that a backup reads through a view, as it reads the snapshot of another machine, is kept
// in a real repository and comes back as it was.

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "blob/local_storage.h"
#include "platform/fd.h"
#include "repository/repository.h"
#include "testing/backup_scene.h"
#include "testing/temporary_directory.h"
#include "tree/backup/backup.h"
#include "tree/backup/local_files.h"
#include "tree/backup/view_files.h"
#include "tree/query/diff.h"
#include "tree/restore/restore.h"
#include "view/directory_view.h"

namespace {

using namespace snapferry;

using Names = std::vector<std::string>;

class BackupThroughAView : public ::testing::Test {
 protected:
  BackupThroughAView() {
    std::filesystem::create_directory(room_ / "store");
    storage_ = blob::LocalStorage::open(room_ / "store");
    repository::Repository::create(*storage_,
                                   {.encryption = repository::Encryption::None, .password = {}});
    repository_ = repository::Repository::open(*storage_, {});
  }

  std::string at(const std::string& path) const { return scene_.root / path; }

  void make_tree() {
    for (int i = 0; i < 300; ++i) scene_.write("many/" + std::to_string(i), std::to_string(i));
    scene_.write("d/big", snapferry::testing::noise(5 << 20));
    scene_.write("d/empty", "");
    scene_.write("sparse", "begin");
    ASSERT_EQ(::truncate(at("sparse").c_str(), 80 << 20), 0);
    scene_.make_symlink("d/link", "../sparse");
    ASSERT_EQ(::link(at("d/big").c_str(), at("linked").c_str()), 0);
    ASSERT_EQ(::mkfifo(at("fifo").c_str(), 0600), 0);
    ASSERT_EQ(::chmod(at("d").c_str(), 0700), 0);
    ::setxattr(at("sparse").c_str(), "user.name", "value", 5, 0);
  }

  Snapshot back_up(const std::optional<Snapshot>& base) {
    view::DirectoryView view(platform::open_path(scene_.root.path(), O_RDONLY | O_DIRECTORY),
                             "snapshot");
    tree::ViewFiles files(view, "snapshot");
    const auto session = repository_->begin_backup();
    if (base) session->build_on(base->id);
    std::optional<tree::Base> before;
    if (base) before = tree::Base{base->root, base->time, base->finished};
    tree::BackupOptions options;
    options.threads = 2;
    tree::BackupResult result = tree::backup(files, before, *repository_, *session, options);
    Snapshot snapshot;
    snapshot.volume = {"web1", "/data"};
    snapshot.set = "default";
    // Long after the last change, so that nothing is read for caution.
    snapshot.time = {result.root.ctime.seconds + 100'000, 0};
    snapshot.finished = snapshot.time;
    snapshot.root = std::move(result.root);
    snapshot.stats = result.stats;
    return session->commit(snapshot);
  }

  // The paths that differ between the tree and what is restored of it.
  Names differences(const Snapshot& snapshot, const std::string& target) {
    tree::restore(snapshot, target, *repository_, {});
    const tree::BackupResult here = scene_.back_up();
    tree::LocalFiles there(target);
    const tree::BackupResult restored =
        tree::backup(there, std::nullopt, scene_.objects, scene_.objects, scene_.options);
    Names paths;
    tree::diff(&here.root, &restored.root, scene_.objects,
               [&](const tree::Change& change) { paths.push_back(change.path); });
    EXPECT_EQ(restored.stats.files, here.stats.files);
    return paths;
  }

  snapferry::testing::TemporaryDirectory room_;
  snapferry::testing::BackupScene scene_;
  std::unique_ptr<blob::Storage> storage_;
  std::unique_ptr<repository::Repository> repository_;
};

TEST_F(BackupThroughAView, IsRestoredAsTheTreeIs) {
  make_tree();
  const Snapshot first = back_up(std::nullopt);
  EXPECT_EQ(first.stats.files_failed, 0u);
  EXPECT_EQ(differences(first, room_ / "first"), Names{});
  EXPECT_EQ(std::filesystem::hard_link_count(room_ / "first/linked"), 2u);

  scene_.write("many/7", "another seven");
  std::filesystem::remove(at("many/8"));
  scene_.write("new", "new");
  const Snapshot second = back_up(first);
  EXPECT_EQ(second.stats.bytes_read, std::string("another sevennew").size());
  EXPECT_EQ(second.stats.files_removed, 1u);
  EXPECT_EQ(differences(second, room_ / "second"), Names{});
  EXPECT_TRUE(repository_->verify({.read_data = 100}).ok());
}

}  // namespace
