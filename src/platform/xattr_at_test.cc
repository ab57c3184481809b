#include "platform/xattr_at.h"

#include <cerrno>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "platform/fd.h"
#include "testing/refused_calls.h"
#include "testing/temporary_directory.h"

namespace snapferry::platform {
namespace {

enum class System { Newest, WithoutTheCalls, WithoutTheCallsAndProc };

// Once for every way in which a name is reached.
class XattrAt : public ::testing::TestWithParam<System> {
 protected:
  // False if this system cannot be made so.
  bool here(const std::function<void()>& action) {
    const std::vector<testing::RefusedCall> calls = {
        {463, ENOSYS}, {464, ENOSYS}, {465, ENOSYS}, {466, ENOSYS}};
    switch (GetParam()) {
      case System::Newest:
        action();
        return true;
      case System::WithoutTheCalls:
        return testing::with_refused_calls(calls, action);
      case System::WithoutTheCallsAndProc:
        bool ran = false;
        return testing::without_proc([&] { ran = testing::with_refused_calls(calls, action); }) &&
               ran;
    }
    return false;
  }

  void SetUp() override {
    open_at(fd_.get(), "f", O_CREAT | O_WRONLY, 0600, "f");
    ASSERT_EQ(::symlinkat("f", fd_.get(), "l"), 0);
  }
  std::string get(const char* name, const char* attribute) {
    char value[64];
    const ssize_t size = get_xattr_at(fd_.get(), name, attribute, value, sizeof value);
    return size < 0 ? "errno " + std::to_string(errno) : std::string(value, value + size);
  }
  std::string list(const char* name) {
    char names[256];
    const ssize_t size = list_xattrs_at(fd_.get(), name, names, sizeof names);
    return size < 0 ? "errno " + std::to_string(errno) : std::string(names, names + size);
  }

  testing::TemporaryDirectory directory_;
  Fd fd_ = open_path(directory_.path(), O_RDONLY | O_DIRECTORY);
};

TEST_P(XattrAt, SetsReadsAndRemovesByName) {
  if (!here([&] {
        ASSERT_EQ(set_xattr_at(fd_.get(), "f", "user.a", as_bytes("1")), 0);
        EXPECT_EQ(get("f", "user.a"), "1");
        EXPECT_NE(list("f").find(std::string("user.a\0", 7)), std::string::npos);
        ASSERT_EQ(remove_xattr_at(fd_.get(), "f", "user.a"), 0);
        EXPECT_EQ(get("f", "user.a"), "errno " + std::to_string(ENODATA));
      })) {
    GTEST_SKIP() << "this system cannot be made older";
  }
}

TEST_P(XattrAt, FollowsNoSymlink) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can set attributes of symlinks";
  if (!here([&] {
        ASSERT_EQ(set_xattr_at(fd_.get(), "l", "trusted.a", as_bytes("link")), 0);
        EXPECT_EQ(get("l", "trusted.a"), "link");
        EXPECT_EQ(get("f", "trusted.a"), "errno " + std::to_string(ENODATA));
        ASSERT_EQ(remove_xattr_at(fd_.get(), "l", "trusted.a"), 0);
      })) {
    GTEST_SKIP() << "this system cannot be made older";
  }
}

TEST_P(XattrAt, SaysOfWhatIsNotThereThatItIsNot) {
  if (!here([&] {
        EXPECT_EQ(list("missing"), "errno " + std::to_string(ENOENT));
        EXPECT_EQ(get("missing", "user.a"), "errno " + std::to_string(ENOENT));
      })) {
    GTEST_SKIP() << "this system cannot be made older";
  }
}

TEST_P(XattrAt, LeavesTheWorkingDirectoryAlone) {
  char before[4096], after[4096];
  ASSERT_NE(::getcwd(before, sizeof before), nullptr);
  if (!here([&] {
        list("f");
        ASSERT_NE(::getcwd(after, sizeof after), nullptr);
        EXPECT_STREQ(before, after);
      })) {
    GTEST_SKIP() << "this system cannot be made older";
  }
}

INSTANTIATE_TEST_SUITE_P(Everywhere, XattrAt,
                         ::testing::Values(System::Newest, System::WithoutTheCalls,
                                           System::WithoutTheCallsAndProc));

}  // namespace
}  // namespace snapferry::platform
