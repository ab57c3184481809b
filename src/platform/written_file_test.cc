#include "platform/written_file.h"

#include <utility>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/bytes.h"
#include "core/error.h"
#include "testing/odd_filesystem.h"
#include "testing/temporary_directory.h"

namespace snapferry::platform {
namespace {

class WrittenFile : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string reason = testing::OddFilesystem::why_not(); !reason.empty()) {
      GTEST_SKIP() << reason;
    }
  }
  Fd created() const { return open_path(directory_ / "a", O_WRONLY | O_CREAT, 0600); }
  static ErrorKind kind_of(const auto& action) {
    try {
      action();
    } catch (const Error& error) {
      return error.kind();
    }
    ADD_FAILURE() << "it succeeded";
    return ErrorKind::Internal;
  }
  testing::TemporaryDirectory directory_;
};

TEST_F(WrittenFile, TellsWhatClosingTells) {
  const testing::OddFilesystem odd(directory_.path(), {.close_error = ENOSPC});
  Fd fd = created();
  write_all(fd.get(), as_bytes("text"), "a");
  EXPECT_EQ(kind_of([&] { flush_written(fd.get(), "a"); }), ErrorKind::NoSpace);
  EXPECT_GE(::fcntl(fd.get(), F_GETFD), 0) << "it is to stay open";
  EXPECT_EQ(kind_of([&] { close_written(std::move(fd), "a"); }), ErrorKind::NoSpace);
}

TEST_F(WrittenFile, TellsWhatSyncingTells) {
  const testing::OddFilesystem odd(directory_.path(), {.sync_error = EDQUOT});
  const Fd fd = created();
  flush_written(fd.get(), "a");
  EXPECT_EQ(kind_of([&] { sync_written(fd.get(), "a"); }), ErrorKind::NoSpace);
}

TEST_F(WrittenFile, IsSyncedAsAWholeFilesystemWhereFilesCannotBe) {
  const testing::OddFilesystem odd(directory_.path(), {.sync_error = EOPNOTSUPP});
  const Fd fd = created();
  EXPECT_NO_THROW(sync_written(fd.get(), "a"));
}

}  // namespace
}  // namespace snapferry::platform
