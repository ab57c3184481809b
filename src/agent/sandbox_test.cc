#include "sandbox/sandbox.h"

#include <cerrno>
#include <csignal>
#include <fstream>
#include <functional>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/btrfs.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "agent/sandbox_plan.h"
#include "platform/command.h"
#include "sandbox/landlock.h"
#include "testing/errors.h"
#include "testing/temporary_directory.h"

namespace snapferry::agent {
namespace {

using sandbox::enter_sandbox;
using sandbox::Grip;
using sandbox::landlock_version;
using sandbox::OwnMounts;
using sandbox::parse_sandbox_mode;
using sandbox::PathAccess;
using sandbox::SandboxLayer;
using sandbox::SandboxMode;
using sandbox::SandboxPlan;
using sandbox::SystemCallSet;

// How a child process ended that ran `body`: its value, or minus the signal that killed it.
int in_child(const std::function<int()>& body) {
  const ::pid_t child = ::fork();
  if (child == 0) {
    int value = 250;
    try {
      value = body();
    } catch (const std::exception& error) {
      (void)!::write(2, error.what(), std::char_traits<char>::length(error.what()));
    }
    ::_exit(value);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

SandboxPlan source_plan() {
  return plan_sandbox(
      Policy::make({.allow = {"source"}, .set = "main", .volumes = {"zfs:tank/**"}}), {});
}

// With what `program` needs to be started.
SandboxPlan plan_with(const std::string& program) {
  auto plan = source_plan();
  plan.programs = true;
  plan.paths.push_back({program, PathAccess::Execute});
  for (const auto* path : {"/lib", "/lib64", "/usr/lib", "/usr/lib64"}) {
    plan.paths.push_back({path, PathAccess::Execute});
    plan.paths.push_back({path, PathAccess::Read});
  }
  plan.paths.push_back({"/etc", PathAccess::Read});
  plan.paths.push_back({"/proc", PathAccess::Read});
  return plan;
}

// The same, after the process was contained by `plan`.
int contained(const SandboxPlan& plan, const std::function<int()>& body) {
  return in_child([&] {
    if (!enter_sandbox(plan, SandboxMode::BestEffort).in_force()) return 251;
    return body();
  });
}

// The errno of a call that failed, or 0.
int error_of(long result) { return result < 0 ? errno : 0; }

class SandboxFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    if (landlock_version() == 0) GTEST_SKIP() << "this kernel has no Landlock";
    ::mkdir(path("inside").c_str(), 0755);
    ::mkdir(path("outside").c_str(), 0755);
    std::ofstream(path("inside/file")) << "x";
    std::ofstream(path("outside/file")) << "x";
  }
  std::string path(const std::string& name) const { return directory_.path() + "/" + name; }
  SandboxPlan plan(PathAccess access) const {
    auto result = source_plan();
    result.calls = SystemCallSet::Files;
    result.paths.push_back({path("inside"), access});
    return result;
  }
  int open_in(PathAccess access, const std::string& name, int flags) const {
    return contained(plan(access),
                     [&] { return error_of(::open(path(name).c_str(), flags, 0600)); });
  }

  testing::TemporaryDirectory directory_;
};

TEST_F(SandboxFiles, OpenWithinWhatIsAllowed) {
  EXPECT_EQ(open_in(PathAccess::Read, "inside/file", O_RDONLY), 0);
  EXPECT_EQ(open_in(PathAccess::Tree, "inside/file", O_RDWR), 0);
  EXPECT_EQ(open_in(PathAccess::Tree, "inside/new", O_RDWR | O_CREAT), 0);
  EXPECT_EQ(open_in(PathAccess::List, "inside", O_RDONLY | O_DIRECTORY), 0);
}

TEST_F(SandboxFiles, DoNotOpenOutside) {
  EXPECT_EQ(open_in(PathAccess::Tree, "outside/file", O_RDONLY), EACCES);
  EXPECT_EQ(open_in(PathAccess::Tree, "outside", O_RDONLY | O_DIRECTORY), EACCES);
  EXPECT_EQ(open_in(PathAccess::Tree, "outside/new", O_WRONLY | O_CREAT), EACCES);
  EXPECT_EQ(open_in(PathAccess::Tree, "inside/../outside/file", O_RDONLY), EACCES);
  EXPECT_EQ(contained(source_plan(), [] { return error_of(::open("/etc/shadow", O_RDONLY)); }),
            EACCES);
}

TEST_F(SandboxFiles, DoNotOpenOutsideThroughALink) {
  ASSERT_EQ(::symlink(path("outside/file").c_str(), path("inside/link").c_str()), 0);
  EXPECT_EQ(open_in(PathAccess::Tree, "inside/link", O_RDWR), EACCES);
  const auto result = contained(plan(PathAccess::Tree), [&] {
    return error_of(::link(path("outside/file").c_str(), path("inside/hard").c_str()));
  });
  EXPECT_TRUE(result == EXDEV || result == EACCES) << result;
}

TEST_F(SandboxFiles, GiveNoMoreThanTheAccessSays) {
  EXPECT_EQ(open_in(PathAccess::List, "inside/file", O_RDONLY), EACCES);
  EXPECT_EQ(open_in(PathAccess::Directories, "inside/file", O_RDONLY), EACCES);
  EXPECT_EQ(open_in(PathAccess::Directories, "inside/new", O_WRONLY | O_CREAT), EACCES);
  EXPECT_EQ(open_in(PathAccess::Read, "inside/file", O_WRONLY), EACCES);
  const auto remove = [&] { return error_of(::unlink(path("inside/file").c_str())); };
  EXPECT_EQ(contained(plan(PathAccess::Directories), remove), EACCES);
  const auto make = [&] { return error_of(::mkdir(path("inside/directory").c_str(), 0700)); };
  EXPECT_EQ(contained(plan(PathAccess::List), make), EACCES);
  EXPECT_EQ(contained(plan(PathAccess::Directories), make), 0);
}

TEST_F(SandboxFiles, ExecuteNoShellAndNothingThatWasWritten) {
  const auto execute = [](const std::string& program) {
    return [program] {
      ::execl(program.c_str(), program.c_str(), nullptr);
      return errno;
    };
  };
  EXPECT_EQ(contained(plan(PathAccess::Tree), execute("/bin/sh")), EPERM) << "by the filter";
  EXPECT_EQ(contained(plan_with("/bin/true"), execute("/bin/true")), 0);
  EXPECT_EQ(contained(plan_with("/bin/true"), execute("/bin/sh")), EACCES) << "by the paths";
  ASSERT_EQ(::system(("cp /bin/true " + path("inside/true")).c_str()), 0);  // NOLINT
  auto writing = plan_with("/bin/true");
  writing.paths.push_back({path("inside"), PathAccess::Tree});
  EXPECT_EQ(contained(writing, execute(path("inside/true"))), EACCES);
}

TEST_F(SandboxFiles, CannotSignalWhoIsOutside) {
  if (landlock_version() < 6) GTEST_SKIP() << "this kernel's Landlock knows no signals";
  EXPECT_EQ(contained(source_plan(), [] { return error_of(::kill(::getppid(), 0)); }), EPERM);
}

TEST(SandboxSystemCalls, EndTheProcessWhereOnlyAnAttackerWouldCall) {
  const auto plan = source_plan();
  const auto killed = [&](long number) {
    return contained(plan, [=] {
      ::syscall(number, 0, 0, 0, 0, 0, 0);
      return 0;
    });
  };
  for (const long number :
       {SYS_ptrace, SYS_kexec_load, SYS_init_module, SYS_finit_module, SYS_bpf, SYS_unshare,
        SYS_setns, SYS_pivot_root, SYS_process_vm_writev, SYS_move_mount, SYS_fsopen,
        SYS_open_by_handle_at, SYS_reboot, SYS_perf_event_open, SYS_settimeofday}) {
    EXPECT_EQ(killed(number), -SIGSYS) << number;
  }
}

// What the kernel has and the library that makes the filter may not know by name.
TEST(SandboxSystemCalls, LetThroughNewCallsAsFarAsTheKernelHasThem) {
  const auto plan = source_plan();
  for (const long number : {457, 458, 464, 465}) {  // statmount, listmount, getxattrat, listxattrat
    const auto call = [=] { return error_of(::syscall(number, 0, 0, 0, 0, 0, 0)); };
    EXPECT_EQ(contained(plan, call), call()) << number;
  }
}

TEST(SandboxSystemCalls, GiveAThreadAWorkingDirectoryOfItsOwnAndNothingElse) {
  const auto plan = source_plan();
  const auto unshare = [&](int what) {
    return contained(plan, [=] { return error_of(::unshare(what)); });
  };
  EXPECT_EQ(unshare(CLONE_FS), 0);
  for (const int more : {CLONE_NEWNS, CLONE_NEWUSER, CLONE_FILES, 0}) {
    EXPECT_EQ(unshare(CLONE_FS | more), more == 0 ? 0 : -SIGSYS) << more;
    EXPECT_EQ(unshare(more), -SIGSYS) << more;
  }
}

TEST(SandboxSystemCalls, RefuseWhatALibraryMayTry) {
  const auto plan = source_plan();
  const auto error = [&](const std::function<long()>& call) {
    return contained(plan, [&] { return error_of(call()); });
  };
  EXPECT_EQ(error([] { return ::mount("none", "/proc", "tmpfs", 0, nullptr); }), EPERM);
  EXPECT_EQ(error([] { return ::umount2("/proc", MNT_DETACH); }), EPERM);
  EXPECT_EQ(error([] { return ::socket(AF_INET, SOCK_STREAM, 0); }), EPERM);
  EXPECT_EQ(error([] { return ::socket(AF_UNIX, SOCK_STREAM, 0); }), EPERM);
  EXPECT_EQ(error([] { return ::setuid(0); }), EPERM);
  EXPECT_EQ(error([] { return ::chroot("/"); }), EPERM);
  EXPECT_EQ(error([] { return ::syscall(SYS_clone3, nullptr, 0); }), ENOSYS);
  EXPECT_EQ(error([] { return ::syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0); }),
            ENOSYS);
  EXPECT_EQ(error([] { return ::syscall(SYS_io_uring_setup, 1, nullptr); }), ENOSYS);
}

TEST(SandboxSystemCalls, ChangeFilesOnlyWhereThePlanSaysSo) {
  const testing::TemporaryDirectory directory;
  const std::string file = directory.path() + "/file";
  std::ofstream(file) << "x";
  const auto error = [&](SystemCallSet calls, const std::function<long()>& call) {
    auto plan = source_plan();
    plan.calls = calls;
    plan.paths.push_back({directory.path(), PathAccess::Tree});
    return contained(plan, [&] { return error_of(call()); });
  };
  const std::vector<std::function<long()>> changes = {
      [&] { return ::chmod(file.c_str(), 0600); },
      [&] { return ::chown(file.c_str(), ::getuid(), ::getgid()); },
      [&] { return ::truncate(file.c_str(), 0); },
      [&] { return ::utimensat(AT_FDCWD, file.c_str(), nullptr, 0); },
      [&] { return ::symlink("x", (file + "2").c_str()); },
      [&] { return ::mkdir((file + "3").c_str(), 0755); },
      [&] { return ::rename(file.c_str(), (file + "4").c_str()); },
      [&] { return ::unlink((file + "4").c_str()); },
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    EXPECT_EQ(error(SystemCallSet::Agent, changes[i]), EPERM) << i;
    EXPECT_EQ(error(SystemCallSet::ViewBroker, changes[i]), EPERM) << i;
    EXPECT_EQ(error(SystemCallSet::Files, changes[i]), 0) << i;
  }
}

TEST(SandboxSystemCalls, LetThroughOnlyTheRequestsOfIoctlThatThePlanNames) {
  const auto plan = source_plan();
  const auto error = [&](unsigned long request) {
    return contained(plan, [&] { return error_of(::ioctl(0, request, nullptr)); });
  };
  constexpr unsigned long kSend = 0x5a40, kRollback = 0x5a19;  // ZFS_IOC_SEND_NEW, ZFS_IOC_ROLLBACK
  EXPECT_NE(error(kSend), ENOSYS);
  EXPECT_EQ(error(kRollback), ENOSYS);
  EXPECT_EQ(error(BTRFS_IOC_RESIZE), ENOSYS);
  EXPECT_EQ(error(TIOCSTI), ENOSYS);
}

TEST_F(SandboxFiles, LeaveAReceiverWhatItsDriverWritesInAndNothingBeside) {
  for (const auto* name :
       {"inside/.snapferry", "inside/.snapferry/new", "inside/.snapferry/home", "inside/home"}) {
    ASSERT_EQ(::mkdir(path(name).c_str(), 0755), 0);
  }
  const auto plan = plan_sandbox(
      Policy::make({.allow = {"target"}, .set = "main", .volumes = {"btrfs:/mnt/new"}}),
      {{path("inside"), Reach::List}, {path("inside/.snapferry/new"), Reach::Write}});
  const auto error = [&](const std::string& name, int flags) {
    return contained(plan, [&] { return error_of(::open(path(name).c_str(), flags, 0600)); });
  };
  EXPECT_EQ(error("inside/.snapferry/new/file", O_WRONLY | O_CREAT), 0);
  EXPECT_EQ(error("inside", O_RDONLY | O_DIRECTORY), 0) << "the ioctl that makes it needs it open";
  EXPECT_EQ(error("inside/.snapferry/home/file", O_WRONLY | O_CREAT), EACCES);
  EXPECT_EQ(error("inside/home/file", O_WRONLY | O_CREAT), EACCES);
  EXPECT_EQ(error("inside/file", O_RDONLY), EACCES);
  EXPECT_EQ(error("inside/file", O_WRONLY), EACCES);
  EXPECT_EQ(error("outside", O_RDONLY | O_DIRECTORY), EACCES);
}

TEST(SandboxSystemCalls, LetATargetReceiveAndNeitherSendNorDestroyNorMount) {
  const auto plan =
      plan_sandbox(Policy::make({.allow = {"target"},
                                 .set = "main",
                                 .volumes = {"zfs:tank/new", "btrfs:/no/such/place"}}),
                   {});
  const auto error = [&](unsigned long request) {
    return contained(plan, [&] { return error_of(::ioctl(0, request, nullptr)); });
  };
  constexpr unsigned long kReceive = 0x5a46, kDestroy = 0x5a18, kSetProperty = 0x5a16,
                          kSend = 0x5a40;
  EXPECT_NE(error(kReceive), ENOSYS);
  for (const auto request : {kDestroy, kSetProperty, kSend}) EXPECT_EQ(error(request), ENOSYS);
  EXPECT_EQ(error(BTRFS_IOC_SEND), ENOSYS);
  EXPECT_EQ(contained(plan, [] { return error_of(::mount("x", "/mnt", "zfs", 0, nullptr)); }),
            EPERM);
}

TEST(SandboxSystemCalls, AllowThreadsProgramsAndPipes) {
  const auto plan = plan_with("/bin/cat");
  EXPECT_EQ(contained(plan,
                      [] {
                        int value = 1;
                        std::thread([&] { value = 7; }).join();
                        const auto output = platform::system_commands().run({"cat"}, "passed on");
                        return output.exit.ok() && output.text == "passed on" ? value : 1;
                      }),
            7);
}

class SandboxAsRoot : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root has capabilities to lose";
  }
  testing::TemporaryDirectory directory_;
};

TEST_F(SandboxAsRoot, LosesTheCapabilitiesThatThePlanDoesNotName) {
  auto plan = source_plan();
  plan.calls = SystemCallSet::Files;
  plan.paths.push_back({directory_.path(), PathAccess::Tree});
  const std::string file = directory_.path() + "/file";
  std::ofstream(file) << "x";
  const auto change = [&] { return error_of(::chown(file.c_str(), 1000, 1000)); };
  EXPECT_EQ(contained(plan, change), EPERM);
  plan.capabilities.push_back(CAP_CHOWN);
  EXPECT_EQ(contained(plan, change), 0);
}

TEST_F(SandboxAsRoot, StartsProgramsWithoutThemToo) {
  auto plan = plan_with("/bin/cat");
  plan.capabilities = {CAP_FOWNER};
  const auto shown = [] {
    const auto text =
        platform::system_commands().run({"cat", "/proc/self/status"}, {}, 1 << 16).text;
    for (const auto* line : {"CapPrm:\t0000000000000008\n", "CapEff:\t0000000000000008\n",
                             "CapBnd:\t0000000000000008\n", "CapInh:\t0000000000000000\n",
                             "CapAmb:\t0000000000000000\n", "NoNewPrivs:\t1\n", "Seccomp:\t2\n"}) {
      if (text.find(line) == text.npos) {
        (void)!::write(2, text.data(), text.size());
        return 1;
      }
    }
    return 0;
  };
  EXPECT_EQ(contained(plan, shown), 0);
}

TEST_F(SandboxAsRoot, GainsNothingByASetUserIdProgram) {
  const std::string program = directory_.path() + "/id";
  ASSERT_EQ(::chmod(directory_.path().c_str(), 0755), 0);
  ASSERT_EQ(::system(("cp /usr/bin/id " + program).c_str()), 0);  // NOLINT
  ASSERT_EQ(::chmod(program.c_str(), 04755), 0);
  const auto effective_user = [&] {
    return std::stoi(platform::system_commands().run({program, "-u"}).text) == 0 ? 1 : 0;
  };
  const auto as_nobody = [&](const std::function<int()>& body) {
    return in_child([&] { return ::setuid(65534) == 0 ? body() : 249; });
  };
  ASSERT_EQ(as_nobody(effective_user), 1) << "set-user-id programs do not work here at all";
  const auto plan = plan_with(program);
  EXPECT_EQ(as_nobody([&] {
              (void)enter_sandbox(plan, SandboxMode::BestEffort);
              return effective_user();
            }),
            0);
}

// Makes the kernel of this process one without Landlock.
void hide_landlock() {
  auto* filter = ::seccomp_init(SCMP_ACT_ALLOW);
  ::seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SYS_landlock_create_ruleset, 0);
  ::seccomp_load(filter);
  ::seccomp_release(filter);
}

TEST(Sandbox, SaysWhatTheKernelLacksAndGoesOn) {
  EXPECT_EQ(in_child([] {
              hide_landlock();
              auto plan = source_plan();
              plan.own_mounts = OwnMounts::Never;
              const auto report = enter_sandbox(plan, SandboxMode::BestEffort);
              const auto& files = report.layers.at(2);
              const bool said = files.layer == SandboxLayer::Files && files.grip == Grip::None &&
                                files.detail.find("Landlock") != std::string::npos;
              const bool others =
                  report.layers.at(0).grip == Grip::Full && report.layers.at(3).grip == Grip::Full;
              return said && others && !report.in_force() ? 7 : 0;
            }),
            7);
}

TEST(Sandbox, GoesNoFurtherWithoutALayerThatIsRequired) {
  EXPECT_EQ(in_child([] {
              hide_landlock();
              try {
                auto plan = source_plan();
                plan.own_mounts = OwnMounts::Never;
                (void)enter_sandbox(plan, SandboxMode::Require);
              } catch (const Error& error) {
                return error.kind() == ErrorKind::Unsupported ? 7 : 1;
              }
              return 0;
            }),
            7);
}

TEST(Sandbox, IsRefusedWhereThreadsRunThatItWouldMiss) {
  EXPECT_EQ(in_child([] {
              int value = 0;
              std::thread other([] { ::pause(); });
              try {
                (void)enter_sandbox(source_plan(), SandboxMode::BestEffort);
              } catch (const Error& error) {
                value = error.kind() == ErrorKind::Internal ? 7 : 1;
              }
              ::_exit(value);
              return 0;
            }),
            7);
}

TEST(Sandbox, SwitchedOffSaysSoOfEveryLayer) {
  const auto report = enter_sandbox({}, SandboxMode::Off);
  EXPECT_EQ(report.layers.size(), 4u);
  EXPECT_FALSE(report.in_force());
  EXPECT_EQ(::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
}

TEST(Sandbox, ParsesItsModes) {
  EXPECT_EQ(parse_sandbox_mode("try"), SandboxMode::Contain);
  EXPECT_EQ(parse_sandbox_mode("require"), SandboxMode::Require);
  EXPECT_EQ(parse_sandbox_mode("off"), SandboxMode::Off);
  EXPECT_ERROR(parse_sandbox_mode(""), ErrorKind::InvalidArgument);
}

}  // namespace
}  // namespace snapferry::agent
