#include <cerrno>
#include <filesystem>
#include <functional>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "platform/metadata_file.h"
#include "testing/refused_calls.h"
#include "testing/restore_fixture.h"

namespace snapferry::testing {
namespace {

Node special(std::string name, EntryType type) { return Node(type, std::move(name)); }

// What must not be opened, and so is reached by a handle or a name: on this system, and as on Linux
// before 6.6 and without /proc.
class RestoreSpecialFiles : public RestoreAsRoot {
 protected:
  void on_an_old_system(const std::function<void()>& action) {
    const std::vector<RefusedCall> calls = {
        {452, ENOSYS}, {463, ENOSYS}, {464, ENOSYS}, {465, ENOSYS}, {466, ENOSYS}};
    bool ran = false;
    if (!without_proc([&] { ran = with_refused_calls(calls, action); }) || !ran) {
      GTEST_SKIP() << "this system cannot be made older";
    }
  }
  // Where anybody can exchange names.
  void make_open_target() {
    std::filesystem::remove_all(target_);
    ASSERT_EQ(::mkdir(target_.c_str(), 0755), 0);
    ASSERT_EQ(::chmod(target_.c_str(), 0777), 0);
  }
  Node all() {
    return directory("", {special("b", EntryType::BlockDevice).device(0x700).mode(0600),
                          special("p", EntryType::Fifo).mode(0642).xattr("trusted.p", "fifo"),
                          special("s", EntryType::Socket).mode(0755),
                          symlink("l", "p").xattr("trusted.l", "link")})
        .mode(0777);
  }
  void expect_all() {
    EXPECT_EQ(problems_.all, std::vector<std::string>{});
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(target_), {}), 4);
    EXPECT_EQ(look(at("b")).st_rdev, 0x700u);
    EXPECT_EQ(look(at("p")).st_mode & 07777, 0642u);
    EXPECT_EQ(look(at("s")).st_mode & 07777, 0755u);
    EXPECT_EQ(xattr(at("p"), "trusted.p"), "fifo");
    EXPECT_EQ(xattr(at("l"), "trusted.l"), "link");
    EXPECT_EQ(look(at("l")).st_mtim.tv_sec, 1'000'000'000);
  }
};

TEST_F(RestoreSpecialFiles, AreWholeInANewDirectory) {
  run(all());
  expect_all();
  on_an_old_system([&] {
    std::filesystem::remove_all(target_);
    run(all());
    expect_all();
  });
}

TEST_F(RestoreSpecialFiles, AreWholeWhereOthersCanChangeNames) {
  make_open_target();
  run(all());
  expect_all();
  on_an_old_system([&] {
    make_open_target();
    run(all());
    expect_all();
  });
}

TEST_F(RestoreSpecialFiles, ThatAreThereStayUnlessTheyCanOnlyBeReachedByName) {
  if (!platform::can_change_mode_of_handle()) GTEST_SKIP() << "needs Linux 6.6";
  const Node wanted = directory("", {special("s", EntryType::Socket).mode(0711)}).mode(0777);
  const auto restore_over = [&](const char* expected) {
    make_open_target();
    ASSERT_EQ(::mknod(at("s").c_str(), S_IFSOCK | 0600, 0), 0);
    Actions actions;
    observer_ = &actions;
    run(wanted);
    observer_ = nullptr;
    EXPECT_EQ(problems_.all, std::vector<std::string>{});
    EXPECT_EQ(actions.all, (std::set<std::string>{"=", expected}));
    EXPECT_EQ(look(at("s")).st_mode & 07777, 0711u);
  };
  restore_over("~s");
  on_an_old_system([&] { restore_over("!s"); });
}

TEST_F(RestoreSpecialFiles, GetOtherAttributesInPlaceOnlyWhereNobodyElseCanChangeNames) {
  const Node wanted =
      directory("", {special("p", EntryType::Fifo).mode(0640).xattr("trusted.a", "1")});
  const auto restore_over = [&](mode_t target, const char* expected) {
    make_open_target();
    ASSERT_EQ(::chmod(target_.c_str(), target), 0);
    ASSERT_EQ(::mkfifo(at("p").c_str(), 0600), 0);
    ASSERT_EQ(::lsetxattr(at("p").c_str(), "trusted.b", "2", 1, 0), 0);
    Actions actions;
    observer_ = &actions;
    run(wanted);
    observer_ = nullptr;
    EXPECT_EQ(actions.all.count(expected), 1u) << expected;
    EXPECT_EQ(xattr(at("p"), "trusted.a"), "1");
    EXPECT_EQ(xattr(at("p"), "trusted.b"), "(none)");
    EXPECT_EQ(look(at("p")).st_mode & 07777, 0640u);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(target_), {}), 1);
  };
  restore_over(0755, "~p");
  restore_over(0777, "!p");
  on_an_old_system([&] {
    restore_over(0755, "~p");
    restore_over(0777, "!p");
  });
}

TEST_F(RestoreSpecialFiles, AndLinksAreMadeWithoutProc) {
  const Node wanted = directory(
      "", {file("a", "text").link(7), directory("d", {file("b", "text").link(7)}).mode(0500),
           special("p", EntryType::Fifo).link(8), special("q", EntryType::Fifo).link(8)});
  if (!without_proc([&] { run(wanted); })) GTEST_SKIP() << "needs a mount namespace";
  EXPECT_EQ(problems_.all, std::vector<std::string>{});
  EXPECT_EQ(look(at("a")).st_ino, look(at("d/b")).st_ino);
  EXPECT_EQ(look(at("p")).st_ino, look(at("q")).st_ino);
}

// Of a user who is not root; what cannot be opened is not changed by its name.
TEST_F(RestoreSpecialFiles, AFileThatMayNotBeOpenedIsWrittenAgain) {
  make_open_target();
  ASSERT_EQ(::chmod(outside_.path().c_str(), 0711), 0);
  write(at("f"), "text");
  const timespec times[2] = {{0, UTIME_OMIT}, {1'000'000'000, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, at("f").c_str(), times, 0), 0);
  ASSERT_EQ(::chmod(at("f").c_str(), 0200), 0);
  ASSERT_EQ(::chown(at("f").c_str(), 1000, 1000), 0);
  Actions actions;
  observer_ = &actions;
  const bool ran = with_refused_calls({}, [&] {
    ASSERT_EQ(::syscall(SYS_setresgid, 1000, 1000, 1000), 0);
    ASSERT_EQ(::syscall(SYS_setresuid, 1000, 1000, 1000), 0);
    options_.overwrite = Overwrite::Changed;
    run(directory("", {file("f", "text").mode(0640).mtime(1'000'000'000, 0)}).mode(0777));
  });
  ASSERT_TRUE(ran);
  EXPECT_EQ(actions.all.count("!f"), 1u);
  EXPECT_EQ(content(at("f")), "text");
  EXPECT_EQ(look(at("f")).st_mode & 07777, 0640u);
}

}  // namespace
}  // namespace snapferry::testing
