// What a store agent could do that was taken over: each attempt is made by a process that contained
// itself as an agent does, on a real btrfs that other hosts share.

#include <cerrno>
#include <csignal>
#include <cstring>
#include <functional>
#include <optional>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/btrfs.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/sandbox_plan.h"
#include "core/error.h"
#include "platform/fd.h"
#include "sandbox/landlock.h"
#include "testing/btrfs_image.h"

namespace snapferry::agent {
namespace {

using sandbox::enter_sandbox;
using sandbox::landlock_version;
using sandbox::SandboxMode;
using sandbox::SandboxPlan;
using testing::BtrfsImage;

enum class Landlock { AsItIs, Missing };

// As on a kernel that was built without it.
void take_landlock_away() {
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  auto* context = ::seccomp_init(SCMP_ACT_ALLOW);
  ::seccomp_rule_add(context, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(landlock_create_ruleset), 0);
  ::seccomp_load(context);
  ::seccomp_release(context);
}

// The value of `body` in a process of its own, or minus the signal that ended it.
int in_child(const std::function<int()>& body) {
  const ::pid_t child = ::fork();
  if (child == 0) {
    int value = 250;
    try {
      value = body();
    } catch (const Error& error) {
      value = error.kind() == ErrorKind::Unsupported ? 240 : 241;
      (void)!::write(2, error.message().data(), error.message().size());
    }
    ::_exit(value);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

int error_of(long result) { return result < 0 ? errno : 0; }

class EscapeTest : public ::testing::TestWithParam<Landlock> {
 protected:
  void SetUp() override {
    if (const auto reason = BtrfsImage::unavailable(); !reason.empty()) GTEST_SKIP() << reason;
    if (landlock_version() == 0 && GetParam() == Landlock::AsItIs) {
      GTEST_SKIP() << "this kernel has no Landlock";
    }
    image_.emplace();
    for (const auto* name : {"web1", "web2"}) ASSERT_EQ(::mkdir(at(name).c_str(), 0700), 0);
    for (const auto* name : {"web1/own", "web2/foreign"}) {
      BtrfsImage::btrfs({"subvolume", "create", at(name)});
      const platform::Fd file(::open((at(name) + "/file").c_str(), O_WRONLY | O_CREAT, 0600));
      ASSERT_TRUE(file.valid());
    }
    const platform::Fd identity(::open(at(".snapferry-store").c_str(), O_WRONLY | O_CREAT, 0600));
  }

  std::string at(const std::string& name) const { return *image_ / name; }

  SandboxPlan plan() const {
    return plan_sandbox(Policy::make({.allow = {"store"},
                                      .set = "main",
                                      .store = "btrfs:" + image_->path(),
                                      .host = "web1"}),
                        {{at(".snapferry-store"), Reach::Read}, {at("web1"), Reach::Write}});
  }
  int contained(const std::function<int()>& body) const {
    return in_child([&] {
      if (GetParam() == Landlock::Missing) take_landlock_away();
      (void)enter_sandbox(plan(), SandboxMode::Contain);
      return body();
    });
  }
  int open_error(const std::string& path, int flags) const {
    return contained([&] { return error_of(::open(path.c_str(), flags | O_CLOEXEC, 0600)); });
  }

  std::optional<BtrfsImage> image_;
};

TEST_P(EscapeTest, ItWorksOnItsOwnHostAndReadsTheIdentity) {
  EXPECT_EQ(open_error(at("web1/own/file"), O_RDWR), 0);
  EXPECT_EQ(open_error(at("web1/new"), O_RDWR | O_CREAT), 0);
  EXPECT_EQ(open_error(at(".snapferry-store"), O_RDONLY), 0);
  EXPECT_NE(open_error(at(".snapferry-store"), O_WRONLY), 0);
}

TEST_P(EscapeTest, TheSubvolumesOfOthersCannotBeOpened) {
  for (const auto* name : {"web2", "web2/foreign", "web2/foreign/file", ""}) {
    // What is left of the directories above is empty.
    const int error = contained([&] {
      const int directory = ::open(at(name).c_str(), O_RDONLY | O_CLOEXEC);
      if (directory < 0) return errno;
      btrfs_ioctl_get_subvol_info_args info{};
      return error_of(::ioctl(directory, BTRFS_IOC_GET_SUBVOL_INFO, &info));
    });
    EXPECT_TRUE(error == ENOENT || error == EACCES || error == ENOTTY) << name << ": " << error;
  }
  EXPECT_NE(open_error(at("web1/../web2"), O_RDONLY | O_DIRECTORY), 0);
}

TEST_P(EscapeTest, TheyAreNotThereByAnotherMountEither) {
  const auto source = BtrfsImage::run({"findmnt", "-n", "-o", "SOURCE", image_->path()});
  const testing::ExtraMount other({source.substr(0, source.find_first_of("[\n"))});
  EXPECT_NE(open_error(other.path() + "/web2", O_RDONLY | O_DIRECTORY), 0);
  EXPECT_NE(open_error(other.path() + "/web1", O_RDONLY | O_DIRECTORY), 0)
      << "there its device nodes could be opened";
}

TEST_P(EscapeTest, ADeviceNodeCanBeMadeAndNotOpened) {
  for (const auto type : {S_IFCHR, S_IFBLK}) {
    EXPECT_EQ(
        contained([&] {
          const auto path = at("web1/own/device");
          if (::mknod(path.c_str(), type | 0600, ::makedev(type == S_IFCHR ? 1 : 7, 3)) != 0) {
            return 100;
          }
          const int error = error_of(::open(path.c_str(), O_RDWR | O_CLOEXEC));
          ::unlink(path.c_str());
          return error;
        }),
        EACCES);
  }
}

TEST_P(EscapeTest, ASubvolumeIsNotDestroyedByItsId) {
  EXPECT_EQ(contained([&] {
              const int own = ::open(at("web1").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
              btrfs_ioctl_vol_args_v2 arguments{};
              arguments.flags = BTRFS_SUBVOL_SPEC_BY_ID;
              arguments.subvolid = 257;
              return error_of(::ioctl(own, BTRFS_IOC_SNAP_DESTROY_V2, &arguments));
            }),
            ENOSYS);
}

TEST_P(EscapeTest, ASnapshotOfWhatCannotBeOpenedIsNotTaken) {
  EXPECT_NE(contained([&] {
              const int own = ::open(at("web1").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
              btrfs_ioctl_vol_args_v2 arguments{};
              arguments.fd = ::open(at("web2/foreign").c_str(), O_PATH | O_CLOEXEC);
              std::strcpy(arguments.name, "taken");
              return error_of(::ioctl(own, BTRFS_IOC_SNAP_CREATE_V2, &arguments));
            }),
            0);
}

TEST_P(EscapeTest, NothingIsMountedOrOpenedByAHandle) {
  EXPECT_EQ(contained([] { return error_of(::mount("x", "/", "tmpfs", 0, nullptr)); }), EPERM);
  EXPECT_EQ(contained([] { return error_of(::open_by_handle_at(-1, nullptr, 0)); }), -SIGSYS);
  EXPECT_EQ(contained([] { return error_of(::chroot("/")); }), EPERM);
}

INSTANTIATE_TEST_SUITE_P(Kernels, EscapeTest,
                         ::testing::Values(Landlock::AsItIs, Landlock::Missing),
                         [](const auto& kernel) {
                           return kernel.param == Landlock::Missing ? "WithoutLandlock"
                                                                    : "WithLandlock";
                         });

TEST(Containment, DoesNotBeginWhereNothingGuardsFiles) {
  const auto source =
      plan_sandbox(Policy::make({.allow = {"source"}, .set = "main", .volumes = {"btrfs:/home"}}),
                   {{"/", Reach::List}});
  const auto begin = [&](SandboxMode mode) {
    return in_child([&] {
      take_landlock_away();
      (void)enter_sandbox(source, mode);
      return 0;
    });
  };
  EXPECT_EQ(begin(SandboxMode::Contain), 240);
  EXPECT_EQ(begin(SandboxMode::Off), 0);
}

}  // namespace
}  // namespace snapferry::agent
