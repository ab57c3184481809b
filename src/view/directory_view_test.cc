#include "view/directory_view.h"

#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "testing/errors.h"
#include "testing/temporary_directory.h"

namespace snapferry::view {
namespace {

using platform::open_path;

namespace fs = std::filesystem;

class ViewedDirectory : public ::testing::Test {
 protected:
  std::string at(const std::string& path) const { return directory_ / ("root/" + path); }
  void write(const std::string& path, const std::string& text) const {
    std::ofstream(at(path), std::ios::binary) << text;
  }
  ViewedFile find(const std::string& directory, const std::string& name) {
    for (auto& file : view_.list(directory, 0).files) {
      if (file.entry.name == name) return file;
    }
    ADD_FAILURE() << name;
    return {};
  }
  FileRange range(const std::string& directory, const std::string& name, std::uint64_t offset = 0,
                  std::uint64_t length = SnapshotView::kMaxRead) {
    return {directory, name, find(directory, name).version, offset, length};
  }
  std::string read(const FileRange& range) { return std::string(as_text(view_.read(range))); }

  testing::TemporaryDirectory directory_;
  // Made before it is opened.
  const bool made_ = fs::create_directory(directory_ / "root");
  DirectoryView view_{open_path(directory_ / "root", O_RDONLY | O_DIRECTORY), "snapshot"};
};

TEST_F(ViewedDirectory, ListsInOrderWithWhatBelongsToEach) {
  fs::create_directory(at("d"));
  write("b", "content");
  fs::create_symlink("/etc/passwd", at("link"));
  ::link(at("b").c_str(), at("a").c_str());
  const auto part = view_.list("", 0);
  EXPECT_EQ(part.total, 4u);
  EXPECT_TRUE(part.part_names.empty());
  ASSERT_EQ(part.files.size(), 4u);
  EXPECT_EQ(part.files[0].entry.name, "a");
  EXPECT_EQ(part.files[0].entry.link_device, 0u);
  EXPECT_EQ(part.files[0].version, part.files[1].version);
  EXPECT_EQ(part.files[1].entry.size, 7u);
  EXPECT_EQ(part.files[2].entry.type, EntryType::Directory);
  EXPECT_EQ(part.files[3].entry.target, "/etc/passwd");
  EXPECT_EQ(view_.root().type, EntryType::Directory);
  EXPECT_EQ(read(range("", "b")), "content");
  EXPECT_EQ(read(range("", "b", 3, 2)), "te");
  EXPECT_EQ(read(range("", "b", 100)), "");
}

TEST_F(ViewedDirectory, ListsABigOneInParts) {
  fs::create_directory(at("big"));
  for (int i = 0; i < 300; ++i) write("big/" + std::to_string(1000 + i), "");
  const auto first = view_.list("big", 0);
  EXPECT_EQ(first.total, 300u);
  EXPECT_EQ(first.files.size(), 128u);
  EXPECT_EQ(first.part_names, (std::vector<std::string>{"1000", "1128", "1256"}));
  const auto last = view_.list("big", 256);
  EXPECT_EQ(last.files.size(), 44u);
  EXPECT_EQ(last.files.back().entry.name, "1299");
  EXPECT_TRUE(last.part_names.empty());
  EXPECT_TRUE(view_.list("big", 384).files.empty());
}

TEST_F(ViewedDirectory, IsNotLeftByAnyPath) {
  std::ofstream(directory_ / "secret") << "secret";
  fs::create_directory(at("d"));
  fs::create_directory_symlink(directory_.path(), at("out"));
  fs::create_symlink(directory_ / "secret", at("d/file"));
  for (const char* path : {"..", "d/..", "d/../..", "/", "/etc", ".", "d/", "d//", ""}) {
    if (*path != '\0') EXPECT_ERROR(view_.list(path, 0), ErrorKind::InvalidArgument);
    EXPECT_THROW(view_.read({path, "secret", 0, 0, 10}), Error) << path;
  }
  EXPECT_ERROR(view_.list("out", 0), ErrorKind::NotFound);
  EXPECT_ERROR(view_.list("out/root", 0), ErrorKind::NotFound);
  EXPECT_ERROR(view_.read({"out", "secret", 0, 0, 10}), ErrorKind::NotFound);
  EXPECT_ERROR(view_.read({"d", "file", 0, 0, 10}), ErrorKind::NotFound);
  for (const char* name : {"..", ".", "", "d/file", "../secret"}) {
    EXPECT_ERROR(view_.read({"", name, 0, 0, 10}), ErrorKind::InvalidArgument);
  }
}

TEST_F(ViewedDirectory, ReadsNothingThatIsNoLongerTheSame) {
  write("f", "one");
  const auto before = range("", "f");
  write("f", "other");
  EXPECT_ERROR(view_.read(before), ErrorKind::NotFound);
  EXPECT_ERROR(view_.data_in(before), ErrorKind::NotFound);
  ::mkfifo(at("pipe").c_str(), 0600);
  EXPECT_ERROR(view_.read({"", "pipe", 0, 0, 10}), ErrorKind::NotFound);
}

TEST_F(ViewedDirectory, TellsHolesFromData) {
  write("sparse", "begin");
  const int fd = ::open(at("sparse").c_str(), O_WRONLY);
  ASSERT_EQ(::pwrite(fd, "middle", 6, 100 << 20), 6);
  ASSERT_EQ(::ftruncate(fd, 200 << 20), 0);
  ::close(fd);
  EXPECT_TRUE(find("", "sparse").sparse);
  const auto data = view_.data_in(range("", "sparse", 0, SnapshotView::kMaxLookAt));
  ASSERT_EQ(data.size(), 2u);
  EXPECT_EQ(data[0].begin, 0u);
  EXPECT_LE(data[0].end, 1u << 20);
  EXPECT_LE(data[1].begin, 100u << 20);
  EXPECT_GE(data[1].end, (100u << 20) + 6);
  EXPECT_TRUE(view_.data_in(range("", "sparse", 110 << 20, 4096)).empty());
  EXPECT_TRUE(view_.data_in(range("", "sparse", 300 << 20, 4096)).empty());
}

TEST_F(ViewedDirectory, ShowsNothingThatWasMountedBelow) {
  fs::create_directory(at("mnt"));
  if (::mount("none", at("mnt").c_str(), "tmpfs", 0, nullptr) != 0) {
    GTEST_SKIP() << "cannot mount here";
  }
  write("mnt/file", "foreign");
  fs::create_directory(at("mnt/d"));
  const bool is_told = find("", "mnt").entry.mount_point;
  const auto part = view_.list("mnt", 0);
  const auto deeper = view_.list("mnt/d", 0);
  const auto read_it = [&] { return view_.read({"mnt", "file", 0, 0, 10}); };
  EXPECT_TRUE(is_told);
  EXPECT_EQ(part.total, 0u);
  EXPECT_EQ(deeper.total, 0u);
  EXPECT_ERROR(read_it(), ErrorKind::NotFound);
  EXPECT_EQ(::umount2(at("mnt").c_str(), MNT_DETACH), 0);
}

TEST(ViewPath, IsMadeOfNames) {
  for (const char* path : {"", "a", "a/b", "...", "a/..b", "\xff/ "}) {
    EXPECT_TRUE(is_view_path(path)) << path;
  }
  for (const std::string& path :
       {std::string("/"), std::string("a/"), std::string("/a"), std::string("a//b"),
        std::string("."), std::string("a/.."), std::string("a\0b", 3), std::string(256, 'x')}) {
    EXPECT_FALSE(is_view_path(path)) << path;
  }
  EXPECT_EQ(view_path("", "a"), "a");
  EXPECT_EQ(view_path("a", "b"), "a/b");
}

}  // namespace
}  // namespace snapferry::view
