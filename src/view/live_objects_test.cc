#include "view/live_objects.h"

#include <filesystem>
#include <fstream>
#include <set>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/tree_reader.h"
#include "testing/restore_fixture.h"
#include "testing/temporary_directory.h"
#include "tree/query/diff.h"
#include "tree/restore/restore.h"
#include "view/directory_view.h"

namespace snapferry::view {
namespace {

using tree::Change;
using tree::RestoreStats;

namespace fs = std::filesystem;
using testing::noise;
using testing::TemporaryDirectory;
using testing::write;

class CountedView : public view::DirectoryView {
 public:
  CountedView(const std::string& path, int* open)
      : DirectoryView(platform::open_path(path, O_RDONLY | O_DIRECTORY), path), open_(open) {
    ++*open_;
  }
  ~CountedView() override { --*open_; }

 private:
  int* open_;
};

// Directories that stand for snapshots "a", "b", … of one volume.
class LiveFiles : public ::testing::Test {
 protected:
  std::string at(const std::string& snapshot, const std::string& path = "") const {
    return directory_ / snapshot + (path.empty() ? "" : "/" + path);
  }
  void make(const std::string& snapshot, const std::string& path, const std::string& text) {
    fs::create_directories(fs::path(at(snapshot, path)).parent_path());
    write(at(snapshot, path), text);
  }
  ObjectId add(const std::string& snapshot) {
    return objects_.add("volume", snapshot, [this, snapshot] {
      ++opened_;
      return std::make_unique<CountedView>(at(snapshot), &open_);
    });
  }
  Entry root(const std::string& snapshot) { return objects_.root(add(snapshot)); }
  Entry entry(const std::string& snapshot, const std::string& path) {
    const auto found = TreeReader(objects_).resolve(root(snapshot), path);
    EXPECT_TRUE(found) << path;
    return found.value_or(Entry{});
  }
  std::string read(const Entry& file) {
    const Bytes bytes = TreeReader(objects_).read(file, 0, file.size);
    return std::string(as_text(bytes));
  }
  std::vector<std::string> names(const std::string& snapshot, const std::string& path = "") {
    std::vector<std::string> names;
    TreeReader(objects_).for_each(entry(snapshot, path).tree, [&](const Entry& each) {
      names.push_back(each.name);
      return true;
    });
    return names;
  }

  TemporaryDirectory directory_;
  int open_ = 0;
  int opened_ = 0;
  LiveObjects objects_{2};
};

TEST_F(LiveFiles, AreReadAsTheyAre) {
  make("a", "docs/a.txt", "hello");
  make("a", "empty", "");
  fs::create_symlink("/etc/passwd", at("a", "link"));
  ::chmod(at("a", "docs/a.txt").c_str(), 0640);
  EXPECT_EQ(names("a"), (std::vector<std::string>{"docs", "empty", "link"}));
  EXPECT_EQ(read(entry("a", "docs/a.txt")), "hello");
  EXPECT_EQ(entry("a", "docs/a.txt").mode, 0640u);
  EXPECT_EQ(entry("a", "empty").content, Content{});
  EXPECT_EQ(entry("a", "link").target, "/etc/passwd");
  EXPECT_EQ(entry("a", "").type, EntryType::Directory);
}

TEST_F(LiveFiles, OpenASnapshotOnlyWhenItIsLookedAt) {
  fs::create_directory(at("a"));
  const ObjectId tree = add("a");
  EXPECT_EQ(opened_, 0);
  objects_.get(ObjectKind::Tree, tree);
  EXPECT_EQ(opened_, 1);
  EXPECT_EQ(add("a"), tree);
}

TEST_F(LiveFiles, CloseTheSnapshotThatWasNotUsedLongest) {
  for (const auto* name : {"a", "b", "c"}) make(name, "f", name);
  const Entry first = entry("a", "f");
  entry("b", "f");
  entry("c", "f");
  EXPECT_EQ(open_, 2);
  EXPECT_EQ(read(first), "a");
  EXPECT_EQ(open_, 2);
}

TEST_F(LiveFiles, OfABigDirectoryComeInOrderAndAreFoundByName) {
  std::set<std::string> expected;
  fs::create_directory(at("a"));
  for (int i = 0; i < 5000; ++i) {
    const std::string name = "file" + std::to_string(i * 7919 % 5000);
    make("a", name, name);
    expected.insert(name);
  }
  EXPECT_EQ(names("a"), std::vector<std::string>(expected.begin(), expected.end()));
  EXPECT_EQ(read(entry("a", "file4321")), "file4321");
  EXPECT_FALSE(TreeReader(objects_).resolve(root("a"), "file99999"));
}

TEST_F(LiveFiles, AreReadInPiecesOfAnySize) {
  for (const std::size_t size :
       {std::size_t{1}, std::size_t{4096}, std::size_t{1} << 20, (std::size_t{1} << 20) + 1,
        (std::size_t{16} << 20) + 5, std::size_t{20} << 20}) {
    const std::string text = noise(size, 7);
    make("a", std::to_string(size), text);
    EXPECT_EQ(read(entry("a", std::to_string(size))), text) << size;
  }
}

TEST_F(LiveFiles, KeepTheirHoles) {
  make("a", "sparse", "begin");
  const int fd = ::open(at("a", "sparse").c_str(), O_WRONLY);
  ASSERT_EQ(::pwrite(fd, "middle", 6, 100 << 20), 6);
  ASSERT_EQ(::ftruncate(fd, 300 << 20), 0);
  ::close(fd);
  const Entry file = entry("a", "sparse");
  std::uint64_t data = 0;
  std::uint64_t end = 0;
  TreeReader(objects_).for_each_run(file.content, [&](std::uint64_t at, const ContentRun& run) {
    EXPECT_EQ(at, end);
    end += run.length;
    if (run.id) data += run.length;
  });
  EXPECT_EQ(end, file.size);
  EXPECT_LT(data, 1u << 20);
  EXPECT_EQ(as_text(TreeReader(objects_).read(file, 100 << 20, 6)), "middle");
}

TEST_F(LiveFiles, HaveTheSameContentInTwoSnapshotsUntilTheyAreWritten) {
  make("a", "kept", "one");
  make("a", "changed", "one");
  // A hard link has the inode and the times, as a file of two snapshots of one subvolume has.
  fs::create_directory(at("b"));
  fs::create_hard_link(at("a", "kept"), at("b", "kept"));
  make("b", "changed", "two");
  EXPECT_EQ(entry("a", "kept").content, entry("b", "kept").content);
  EXPECT_NE(entry("a", "changed").content, entry("b", "changed").content);
  std::vector<std::string> changes;
  const Entry before = root("a");
  const Entry after = root("b");
  tree::diff(&before, &after, objects_, [&](const Change& change) {
    if (change.parts.content) changes.push_back(change.path);
  });
  EXPECT_EQ(changes, (std::vector<std::string>{"changed"}));
}

TEST_F(LiveFiles, AreFoundAgainInWhicheverSnapshotHasThem) {
  make("a", "d/old", "old content");
  make("b", "d/new", "new content");
  LiveObjects other(2);
  const Entry old_file = entry("a", "d/old");
  // Another source has given no such ids, and does not know a place for them.
  EXPECT_THROW(other.get(ObjectKind::Data, *old_file.content.runs[0].id), Error);
  entry("b", "d/new");
  EXPECT_EQ(read(old_file), "old content");
}

TEST_F(LiveFiles, AreNotReadThroughASymlinkThatTookTheirPlace) {
  make("a", "d/f", "inside");
  write(directory_ / "outside", "outside");
  const Entry file = entry("a", "d/f");
  fs::remove(at("a", "d/f"));
  fs::create_symlink(directory_ / "outside", at("a", "d/f"));
  EXPECT_THROW(read(file), Error);
}

TEST_F(LiveFiles, RestoreWithAllThatBelongsToThem) {
  make("a", "d/one", "content");
  fs::create_hard_link(at("a", "d/one"), at("a", "two"));
  ::setxattr(at("a", "two").c_str(), "user.note", "yes", 3, 0);
  ::mkfifo(at("a", "pipe").c_str(), 0600);
  Snapshot snapshot;
  snapshot.volume = {"box", "volume"};
  snapshot.root = root("a");
  const std::string target = directory_ / "target";
  const RestoreStats stats = tree::restore(snapshot, target, objects_, {});
  EXPECT_EQ(stats.failed, 0u);
  EXPECT_EQ(testing::content(target + "/d/one"), "content");
  EXPECT_EQ(testing::look(target + "/two").st_ino, testing::look(target + "/d/one").st_ino);
  EXPECT_EQ(testing::xattr(target + "/d/one", "user.note"),
            testing::xattr(at("a", "two"), "user.note"));
  EXPECT_TRUE(S_ISFIFO(testing::look(target + "/pipe").st_mode));
}

TEST(LiveId, IsReadBackAsItWas) {
  const LiveTreeId tree{7, 8, 9, 10};
  EXPECT_EQ(LiveTreeId::decode(tree.encode()), tree);
  const LiveDataId data{.level = 3,
                        .units = 256,
                        .directory = 11,
                        .inode = ~std::uint64_t{0},
                        .version = 0x123456789abcdef0,
                        .offset = 4096 * 77};
  EXPECT_EQ(LiveDataId::decode(data.encode()), data);
  EXPECT_THROW(LiveDataId::decode(tree.encode()), Error);
  EXPECT_THROW(LiveTreeId::decode(ObjectId{}), Error);
}

TEST(DirectoryNumbers, AreTheSameForTheSamePathAndTellItBack) {
  DirectoryNumbers numbers;
  const auto root = numbers.add_root();
  const auto other = numbers.add_root();
  std::vector<std::uint32_t> given;
  for (int i = 0; i < 1000; ++i) given.push_back(numbers.number(root, std::to_string(i)));
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(numbers.number(root, std::to_string(i)), given[i]);
  EXPECT_NE(numbers.number(other, "7"), given[7]);
  const auto deep = numbers.number(given[7], "x");
  EXPECT_EQ(numbers.path(deep), "7/x");
  EXPECT_EQ(numbers.path(root), "");
  EXPECT_EQ(numbers.root_of(deep), root);
}

}  // namespace
}  // namespace snapferry::view
