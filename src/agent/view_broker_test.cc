// The broker and the processes of snapshots, for real: what they show, and what they cannot do.

#include "agent/view_broker.h"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "agent/sandbox_plan.h"
#include "agent/test_link.h"
#include "agent/view_relay.h"
#include "platform/xattr_at.h"
#include "sandbox/landlock.h"
#include "testing/errors.h"
#include "testing/refused_calls.h"
#include "testing/temporary_directory.h"
#include "view/directory_view.h"

namespace snapferry::agent {
namespace {

using sandbox::enter_sandbox;
using sandbox::landlock_version;
using sandbox::PathAccess;
using sandbox::SandboxMode;
using sandbox::SandboxPlan;

namespace fs = std::filesystem;

SandboxPlan broker_plan(const std::string& store = "btrfs:/backup") {
  return plan_view_broker(
      Policy::make({.allow = {"store", "restore"}, .set = "main", .store = store, .host = "web1"}));
}

std::unique_ptr<SnapshotView> open_view(const std::string& path) {
  return std::make_unique<view::DirectoryView>(platform::open_path(path, O_RDONLY | O_DIRECTORY),
                                               path);
}

// Directories that stand for snapshots, "outside" beside them.
class BrokenOffFiles : public ::testing::Test {
 protected:
  BrokenOffFiles() {
    for (const char* name : {"a", "b", "outside"}) {
      fs::create_directory(directory_ / name);
      std::ofstream(directory_ / (std::string(name) + "/file")) << "content of " << name;
    }
  }

  ViewBroker::Browse browse() {
    return [this](const VolumeName&, const Point& point) {
      if (!fs::exists(directory_ / point.name)) {
        throw Error(ErrorKind::NotFound, point.name + ": no such snapshot");
      }
      return open_view(directory_ / point.name);
    };
  }
  static wire::SnapshotName named(const std::string& name) {
    return {{"web1", "btrfs:/home"}, name, {}};
  }

  testing::TemporaryDirectory directory_;
};

TEST_F(BrokenOffFiles, AreShownByAProcessOfTheirOwn) {
  ViewBroker broker(browse(), broker_plan(), SandboxMode::BestEffort);
  TestLink link(
      {.source = {}, .store = {}, .report = {}, .view = [&](const wire::SnapshotName& name) {
         return broker.connect(name);
       }});
  remote::RemoteStore store(*link.client, "far:btrfs:/backup", "");
  for (const std::string name : {"a", "b", "a"}) {
    const auto view = store.browse({"web1", "btrfs:/home"}, named(name).point());
    const auto part = view->list("", 0);
    ASSERT_EQ(part.files.size(), 1u);
    EXPECT_EQ(as_text(view->read({"", "file", part.files[0].version, 0, 100})),
              "content of " + name);
  }
  const auto missing = store.browse({"web1", "btrfs:/home"}, named("c").point());
  EXPECT_ERROR(missing->root(), ErrorKind::NotFound);
  EXPECT_ERROR(missing->list("", 0), ErrorKind::NotFound);
}

TEST_F(BrokenOffFiles, AreShownWhereTheKernelCanContainTheirProcess) {
  if (landlock_version() == 0) GTEST_SKIP() << "this kernel has no Landlock";
  ViewBroker broker(browse(), broker_plan(), SandboxMode::Require);
  EXPECT_TRUE(broker.report().in_force());
  auto socket = broker.connect(named("a"));
  const auto connection = connect_to(std::move(socket), wire::Role::Client);
  EXPECT_TRUE(connection->handshake().has(kViewFeature));
  const auto reply = wire::decode<wire::ViewRootReply>(
      connection->request(wire::Verb::ViewRoot, wire::encode(wire::ViewRootRequest{named("a")}))
          .message());
  EXPECT_EQ(reply.root.type, EntryType::Directory);
}

TEST_F(BrokenOffFiles, AreRefusedOnceTooManyAreOpen) {
  ViewBroker broker(browse(), broker_plan(), SandboxMode::Off);
  std::vector<platform::Fd> sockets;
  EXPECT_ERROR(
      [&] {
        for (int i = 0; i < 100; ++i) sockets.push_back(broker.connect(named("a")));
      }(),
      ErrorKind::Busy);
  EXPECT_GE(sockets.size(), kMaxViews);
}

TEST_F(BrokenOffFiles, AreGoneWithTheAgent) {
  platform::Fd socket;
  {
    ViewBroker broker(browse(), broker_plan(), SandboxMode::Off);
    socket = broker.connect(named("a"));
  }
  // The broker has ended; the process of the snapshot ends with its socket.
  const auto connection = connect_to(std::move(socket), wire::Role::Client);
  EXPECT_TRUE(connection->handshake().has(kViewFeature));
}

// How a child that was contained by `plan` ended: its value, or minus the signal that killed it.
int contained(const SandboxPlan& plan, const std::function<int()>& body) {
  const ::pid_t child = ::fork();
  if (child == 0) {
    int value = 250;
    try {
      value = enter_sandbox(plan, SandboxMode::BestEffort).in_force() ? body() : 251;
    } catch (const std::exception& error) {
      (void)!::write(2, error.what(), std::char_traits<char>::length(error.what()));
      value = 252;
    }
    ::_exit(value);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

int error_of(long result) { return result < 0 ? errno : 0; }

class ContainedView : public BrokenOffFiles {
 protected:
  void SetUp() override {
    if (landlock_version() == 0) GTEST_SKIP() << "this kernel has no Landlock";
    view_ = open_view(directory_ / "a");
  }
  // The errno of a call in the process of the snapshot "a".
  int error(const std::function<long()>& call) {
    return contained(plan_view(view_->descriptor()), [&] { return error_of(call()); });
  }
  std::string path(const std::string& name) const { return directory_ / name; }

  std::unique_ptr<SnapshotView> view_;
};

TEST_F(ContainedView, ReadsItsFiles) {
  EXPECT_EQ(
      contained(plan_view(view_->descriptor()),
                [&] {
                  const auto part = view_->list("", 0);
                  const auto bytes = view_->read({"", "file", part.files.at(0).version, 0, 100});
                  return as_text(bytes) == "content of a" ? 7 : 1;
                }),
      7);
}

TEST_F(ContainedView, ReadsWithoutProcAndOnAnOldKernel) {
  ASSERT_EQ(::symlink("file", path("a/link").c_str()), 0);
  if (::lsetxattr(path("a/link").c_str(), "security.k", "v", 1, 0) != 0) GTEST_SKIP();
  const auto read = [&] {
    const auto part = view_->list("", 0);
    const auto bytes = view_->read({"", "file", part.files.at(0).version, 0, 100});
    char value = 0;
    const ssize_t size =
        platform::get_xattr_at(view_->descriptor(), "link", "security.k", &value, 1);
    return as_text(bytes) == "content of a" && size == 1 && value == 'v' ? 7 : 1;
  };
  for (const bool has_new_calls : {true, false}) {
    int result = 0;
    const auto act = [&] { result = contained(plan_view(view_->descriptor()), read); };
    const bool done = testing::without_proc([&] {
      if (has_new_calls) return act();
      // getxattrat, listxattrat
      if (!testing::with_refused_calls({{464, ENOSYS}, {465, ENOSYS}}, act)) result = 7;
    });
    if (!done) GTEST_SKIP() << "no mount namespaces";
    EXPECT_EQ(result, 7) << has_new_calls;
  }
}

TEST_F(ContainedView, OpensNothingElse) {
  EXPECT_EQ(error([&] { return ::open(path("a/file").c_str(), O_RDONLY); }), 0);
  EXPECT_EQ(error([&] { return ::open(path("outside/file").c_str(), O_RDONLY); }), EACCES);
  EXPECT_EQ(error([&] { return ::open(path("b/file").c_str(), O_RDONLY); }), EACCES);
  EXPECT_EQ(error([&] { return ::openat(view_->descriptor(), "../b/file", O_RDONLY); }), EACCES);
  EXPECT_EQ(error([&] { return ::open(path("").c_str(), O_RDONLY | O_DIRECTORY); }), EACCES);
  for (const char* other : {"/etc/passwd", "/proc/self/status", "/proc/1/mem", "/dev/null", "/"}) {
    EXPECT_EQ(error([&] { return ::open(other, O_RDONLY); }), EACCES) << other;
  }
}

TEST_F(ContainedView, ChangesNothing) {
  const int at = view_->descriptor();
  for (const int flags : {O_WRONLY, O_RDWR, O_RDONLY | O_CREAT, O_RDONLY | O_TRUNC}) {
    EXPECT_EQ(error([&] { return ::openat(at, "file", flags, 0600); }), ENOSYS) << flags;
  }
  EXPECT_EQ(error([&] { return ::unlinkat(at, "file", 0); }), ENOSYS);
  EXPECT_EQ(error([&] { return ::mkdirat(at, "new", 0700); }), ENOSYS);
  EXPECT_EQ(error([&] { return ::renameat(at, "file", at, "other"); }), ENOSYS);
  EXPECT_EQ(error([&] { return ::linkat(at, "file", at, "other", 0); }), ENOSYS);
  EXPECT_EQ(error([&] { return ::symlinkat("x", at, "other"); }), ENOSYS);
  EXPECT_EQ(error([&] { return ::fchmodat(at, "file", 0777, 0); }), ENOSYS);
  EXPECT_EQ(error([&] { return ::fchownat(at, "file", 0, 0, 0); }), ENOSYS);
  EXPECT_EQ(error([&] { return ::utimensat(at, "file", nullptr, 0); }), ENOSYS);
  EXPECT_EQ(error([&] { return ::truncate(path("a/file").c_str(), 0); }), ENOSYS);
  EXPECT_EQ(error([&] { return ::mknodat(at, "new", S_IFREG | 0600, 0); }), ENOSYS);
}

TEST_F(ContainedView, StartsNothingAndTalksToNobody) {
  EXPECT_EQ(error([] {
              char* const none[] = {nullptr};
              return ::execve("/bin/true", none, none);
            }),
            EPERM);
  EXPECT_EQ(error([] { return ::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0); }), ENOSYS);
  EXPECT_EQ(error([] { return ::syscall(SYS_fork); }), ENOSYS);
  EXPECT_EQ(error([] { return ::socket(AF_INET, SOCK_STREAM, 0); }), EPERM);
  EXPECT_EQ(error([] { return ::kill(::getppid(), 0); }), ENOSYS);
  EXPECT_EQ(error([] { return ::mount("none", "/mnt", "tmpfs", 0, nullptr); }), EPERM);
  for (const long number : {SYS_fsopen, SYS_fsmount, SYS_move_mount, SYS_ptrace, SYS_unshare,
                            SYS_setns, SYS_open_by_handle_at, SYS_process_vm_readv}) {
    EXPECT_EQ(error([=] { return ::syscall(number, 0, 0, 0, 0, 0, 0); }), -SIGSYS) << number;
  }
}

TEST_F(ContainedView, HasOneCapability) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root has capabilities to lose";
  // Of another user, for its owner alone.
  ASSERT_EQ(::chown(path("a/file").c_str(), 1000, 1000), 0);
  ASSERT_EQ(::chmod(path("a/file").c_str(), 0600), 0);
  EXPECT_EQ(error([&] { return ::openat(view_->descriptor(), "file", O_RDONLY); }), 0);
  EXPECT_EQ(plan_view(3).capabilities, std::vector<int>{CAP_DAC_READ_SEARCH});
}

class ContainedBroker : public BrokenOffFiles {
 protected:
  void SetUp() override {
    if (landlock_version() == 0) GTEST_SKIP() << "this kernel has no Landlock";
  }
  static int error(const std::function<long()>& call) {
    return contained(broker_plan("zfs:backup"), [&] { return error_of(call()); });
  }
};

TEST_F(ContainedBroker, WritesNowhere) {
  const std::string inside = directory_ / "a/file";
  EXPECT_EQ(error([&] { return ::open(inside.c_str(), O_WRONLY); }), EACCES);
  EXPECT_EQ(error([&] { return ::open((directory_ / "new").c_str(), O_WRONLY | O_CREAT, 0600); }),
            EACCES);
  EXPECT_EQ(error([&] { return ::unlink(inside.c_str()); }), EPERM);
  EXPECT_EQ(error([&] { return ::mkdir((directory_ / "new").c_str(), 0700); }), EPERM);
  EXPECT_EQ(error([] {
              char* const none[] = {nullptr};
              return ::execve("/bin/sh", none, none);
            }) == 0,
            false);
}

TEST_F(ContainedBroker, MakesNoMountThatOthersSee) {
  EXPECT_EQ(error([] { return ::mount("none", "/mnt", "tmpfs", 0, nullptr); }), EPERM);
  EXPECT_EQ(error([] { return ::syscall(SYS_move_mount, 0, 0, 0, 0, 0); }), -SIGSYS);
  EXPECT_EQ(error([] { return ::syscall(SYS_open_tree, 0, 0, 0); }), -SIGSYS);
  EXPECT_EQ(error([] { return ::syscall(SYS_unshare, 0); }), -SIGSYS);
  EXPECT_EQ(error([] { return ::syscall(SYS_ptrace, 0, 0, 0, 0); }), -SIGSYS);
}

// A child contains itself to a mount that only the broker could make.
TEST_F(ContainedBroker, LetsItsChildrenReadWhatItMounted) {
  if (::geteuid() != 0) GTEST_SKIP() << "mounting needs root";
  const auto mounted = [] {
    const platform::Fd context(::fsopen("tmpfs", 0));
    if (!context.valid()) return 1;
    if (::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) return 2;
    platform::Fd mount(::fsmount(context.get(), 0, MOUNT_ATTR_RDONLY));
    if (!mount.valid()) return 3;
    platform::Fd root(::openat(mount.get(), ".", O_RDONLY | O_DIRECTORY));
    view::DirectoryView view(std::move(root), "mount", std::move(mount));
    if (!enter_sandbox(plan_view(view.descriptor()), SandboxMode::Require).in_force()) return 4;
    if (view.list("", 0).total != 0) return 5;
    return ::open("/etc/passwd", O_RDONLY) < 0 && errno == EACCES ? 7 : 6;
  };
  EXPECT_EQ(contained(broker_plan("zfs:backup"), mounted), 7);
}

TEST(ViewBrokerPlan, HasNoRequestThatChangesAnything) {
  constexpr std::uint16_t kCreate = 0x5a17, kDestroy = 0x5a18, kRename = 0x5a1a, kReceive = 0x5a46,
                          kSend = 0x5a40, kSetProperty = 0x5a16, kSnapshot = 0x5a23, kList = 0x5a14;
  const auto plan = broker_plan("zfs:backup");
  const auto has = [&](std::uint16_t request) {
    return std::ranges::find(plan.ioctls, request) != plan.ioctls.end();
  };
  EXPECT_TRUE(has(kList));
  for (const auto request :
       {kCreate, kDestroy, kRename, kReceive, kSend, kSetProperty, kSnapshot}) {
    EXPECT_FALSE(has(request)) << request;
  }
  EXPECT_FALSE(plan.guards_reading);
  for (const auto& grant : plan.paths) EXPECT_NE(grant.access, PathAccess::Tree) << grant.path;
}

}  // namespace
}  // namespace snapferry::agent
