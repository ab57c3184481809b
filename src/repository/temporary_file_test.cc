#include "repository/temporary_file.h"

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "core/error.h"
#include "repository/index_table.h"
#include "testing/refused_calls.h"
#include "testing/temporary_directory.h"

namespace snapferry::repository {
namespace {

Bytes content_of(const TemporaryFile& file, std::size_t size) {
  Bytes bytes(size + 1);
  bytes.resize(platform::pread_up_to(file.fd(), bytes.data(), bytes.size(), 0, "the file"));
  return bytes;
}

bool exists(const std::string& path) {
  struct stat stat;
  return ::lstat(path.c_str(), &stat) == 0;
}

TEST(TemporaryFile, IsInMemoryWhereItsDirectoryIsMissing) {
  const testing::TemporaryDirectory directory;
  TemporaryFile file(directory / "missing");
  file.append(as_bytes("one "));
  file.append(as_bytes("two"));
  EXPECT_TRUE(file.is_in_memory());
  EXPECT_EQ(as_text(content_of(file, 7)), "one two");
  file.publish(directory / "missing/name");
}

TEST(TemporaryFile, MovesToMemoryWhenTheDiskIsFull) {
  const testing::TemporaryDirectory directory;
  const std::string path = directory.path();
  if (::mount("none", path.c_str(), "tmpfs", 0, "size=64k") != 0) {
    GTEST_SKIP() << "mounting a small filesystem needs root";
  }
  {
    Bytes part(40 << 10, 'a');
    TemporaryFile file(path);
    file.append(part);
    EXPECT_FALSE(file.is_in_memory());
    file.append(part);
    EXPECT_TRUE(file.is_in_memory());
    Bytes whole = part;
    whole.insert(whole.end(), part.begin(), part.end());
    EXPECT_TRUE(content_of(file, whole.size()) == whole);
    file.publish(path + "/name");
    EXPECT_FALSE(exists(path + "/name"));
  }
  ::umount2(path.c_str(), MNT_DETACH);
}

TEST(TemporaryFile, IsPublishedWithoutProc) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const testing::TemporaryDirectory directory;
  const bool ran = testing::without_proc([&] {
    TemporaryFile file(directory.path());
    file.append(as_bytes("x"));
    file.publish(directory / "name");
  });
  if (!ran) GTEST_SKIP() << "this system has no namespaces";
  EXPECT_TRUE(exists(directory / "name"));
}

TEST(IndexTable, IsBuiltWhereNoDirectoryCanHoldIt) {
  IndexTableBuilder builder("/does/not/exist");
  EXPECT_EQ(builder.finish("/does/not/exist/table", {})->size(), 0u);
}

}  // namespace
}  // namespace snapferry::repository
