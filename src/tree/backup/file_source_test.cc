#include <atomic>

#include "core/snapshot_view.h"
#include "platform/fd.h"
#include "testing/deferred_sink.h"
#include "testing/errors.h"
#include "testing/file_source_contract.h"
#include "tree/backup/view_files.h"
#include "view/directory_view.h"

namespace snapferry::testing {
namespace {

// A directory of this machine as if it were that of a snapshot.
class ViewOfDirectory : private view::DirectoryView, public tree::ViewFiles {
 public:
  explicit ViewOfDirectory(const std::string& path)
      : DirectoryView(platform::open_path(path, O_RDONLY | O_DIRECTORY), "snapshot"),
        ViewFiles(static_cast<DirectoryView&>(*this), "snapshot") {}
};

INSTANTIATE_TEST_SUITE_P(
    All, FileSourceContract,
    ::testing::Values(FileSourceKind{"local",
                                     [](const std::string& path) {
                                       return std::make_unique<tree::LocalFiles>(path);
                                     }},
                      FileSourceKind{"view",
                                     [](const std::string& path) {
                                       return std::make_unique<ViewOfDirectory>(path);
                                     }}),
    file_source_kind_name);

// The files of a directory, until something goes wrong.
class TroubledView : public SnapshotView {
 public:
  explicit TroubledView(const std::string& path)
      : inner_(platform::open_path(path, O_RDONLY | O_DIRECTORY), "snapshot") {}

  std::string unreadable;     // the name of a file that cannot be read
  std::atomic<int> left{-1};  // calls that succeed before the connection is lost; -1: it is not

  Entry root() override {
    check();
    return inner_.root();
  }
  DirectoryPart list(const std::string& directory, std::uint32_t first) override {
    check();
    DirectoryPart part = inner_.list(directory, first);
    for (auto& file : part.files) {
      if (file.entry.name == "stub") file.entry.inode = 2;
    }
    return part;
  }
  std::vector<DataRange> data_in(const FileRange& range) override {
    check();
    return inner_.data_in(range);
  }
  Bytes read(const FileRange& range) override {
    check();
    if (range.name == unreadable) throw Error(ErrorKind::Unavailable, "disk: failed");
    return inner_.read(range);
  }

 private:
  void check() {
    int now = left;
    while (now > 0 && !left.compare_exchange_weak(now, now - 1)) {
    }
    if (now == 0) throw Error(ErrorKind::Unavailable, "connection: lost");
  }

  view::DirectoryView inner_;
};

class FilesOfAView : public ::testing::Test {
 protected:
  FilesOfAView() {
    scene.source = [this](const std::string&) {
      return std::make_unique<tree::ViewFiles>(view(), "snapshot");
    };
  }
  TroubledView& view() {
    if (!view_) view_ = std::make_unique<TroubledView>(scene.root.path());
    return *view_;
  }

  BackupScene scene;

 private:
  std::unique_ptr<TroubledView> view_;
};

TEST_F(FilesOfAView, OneThatCannotBeReadCostsNoOther) {
  scene.write("a", "x");
  scene.write("b", "y");
  view().unreadable = "a";
  const auto backup = scene.back_up();
  EXPECT_EQ(scene.entry(backup, "a")->left_out, LeftOut::Unreadable);
  EXPECT_EQ(scene.content(backup, "b"), "y");
  EXPECT_EQ(backup.stats.files_failed, 1u);
}

TEST_F(FilesOfAView, EndTheBackupWhenTheViewIsGoneWhereverThatIs) {
  for (int i = 0; i < 5; ++i) scene.write("d" + std::to_string(i) + "/f", noise(2000, 7));
  int good = 0;
  for (;; ++good) {
    view().left = good;
    try {
      scene.back_up();
      break;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Unavailable) << good;
    }
  }
  EXPECT_GT(good, 10) << "a look at the root, six directories and five files";
  EXPECT_EQ(scene.problems(), std::vector<std::string>{});
}

TEST_F(FilesOfAView, LeaveOutTheStubOfASubvolume) {
  scene.make_directory("stub");
  scene.write("file", "x");
  const auto backup = scene.back_up();
  EXPECT_EQ(scene.entry(backup, "stub")->left_out, LeftOut::NestedVolume);
  EXPECT_EQ(backup.stats.files_failed, 0u);
}

TEST_F(FilesOfAView, LeaveOutMountsThoughTheyWereNotToBe) {
  scene.make_directory("mnt");
  if (::mount("none", (scene.root / "mnt").c_str(), "tmpfs", 0, nullptr) != 0) {
    GTEST_SKIP() << "cannot mount here";
  }
  const auto backup = scene.back_up();
  ::umount2((scene.root / "mnt").c_str(), MNT_DETACH);
  EXPECT_EQ(scene.entry(backup, "mnt")->left_out, LeftOut::OtherFilesystem);
  // The disk is no part of any snapshot, so it is not missed when it is away.
  const auto again = scene.back_up_again(backup);
  EXPECT_EQ(again.stats.files_failed, 0u);
}

TEST_F(FilesOfAView, HaveNoNamesForOwnersThatThisMachineGives) {
  scene.write("file", "x");
  const auto backup = scene.back_up();
  EXPECT_TRUE(backup.users.empty());
  EXPECT_TRUE(backup.groups.empty());
}

TEST(BackupIntoADistantStore, PutsTheSameWithoutAnAnswerForEachObject) {
  BackupScene scene;
  for (int i = 0; i < 40; ++i) {
    scene.write("d" + std::to_string(i % 5) + "/" + std::to_string(i), noise(3000, i));
  }
  scene.write("big", noise(6 << 20));
  const auto near = scene.back_up();
  MemoryObjects far;
  DeferredSink sink(far, 5);
  tree::LocalFiles files(scene.root.path());
  const auto backup = tree::backup(files, std::nullopt, scene.objects, sink, scene.options);
  EXPECT_EQ(backup.root, near.root);
  EXPECT_EQ(far.size(), scene.objects.size()) << "all has arrived when it ends";
}

TEST(BackupIntoADistantStore, FailsWhereverThatFailsThoughItIsToldLater) {
  BackupScene scene;
  for (int i = 0; i < 6; ++i) scene.write("d/" + std::to_string(i), noise(3000, i));
  tree::LocalFiles files(scene.root.path());
  for (int good = 0;; ++good) {
    MemoryObjects far;
    std::atomic<int> arrived{0};
    DeferredSink sink(far, 3, [&](ObjectKind, ByteView) {
      if (arrived++ == good) throw Error(ErrorKind::NoSpace, "store: is full");
    });
    try {
      tree::backup(files, std::nullopt, far, sink, scene.options);
      EXPECT_EQ(good, 8) << "six files and two directories";
      break;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::NoSpace) << good;
    }
  }
}

}  // namespace
}  // namespace snapferry::testing
