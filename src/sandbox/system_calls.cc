#include "sandbox/system_calls.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>

namespace snapferry::sandbox {
namespace {

constexpr auto kAllowed = std::to_array<const char*>({
    // bytes
    "read",
    "write",
    "readv",
    "writev",
    "pread64",
    "pwrite64",
    "preadv",
    "pwritev",
    "preadv2",
    "pwritev2",
    "lseek",
    "_llseek",
    "splice",
    "tee",
    "vmsplice",
    "sendfile",
    "copy_file_range",
    "sendto",
    "recvfrom",
    "sendmsg",
    "recvmsg",
    "shutdown",
    "getsockopt",
    "setsockopt",
    "getsockname",
    "getpeername",
    "socketpair",
    "fsync",
    "fdatasync",
    "sync_file_range",
    "sync",
    "syncfs",
    "readahead",
    "fadvise64",
    "flock",
    // descriptors
    "open",
    "openat",
    "openat2",
    "creat",
    "close",
    "close_range",
    "dup",
    "dup2",
    "dup3",
    "fcntl",
    "fcntl64",
    "pipe",
    "pipe2",
    "poll",
    "ppoll",
    "select",
    "pselect6",
    "epoll_create",
    "epoll_create1",
    "epoll_ctl",
    "epoll_wait",
    "epoll_pwait",
    "epoll_pwait2",
    "eventfd",
    "eventfd2",
    "timerfd_create",
    "timerfd_settime",
    "timerfd_gettime",
    "signalfd",
    "signalfd4",
    "pidfd_open",
    "pidfd_send_signal",
    // names and metadata
    "stat",
    "fstat",
    "lstat",
    "newfstatat",
    "fstatat64",
    "statx",
    "statfs",
    "fstatfs",
    "access",
    "faccessat",
    "faccessat2",
    "getcwd",
    "chdir",
    "fchdir",
    "readlink",
    "readlinkat",
    "umask",
    "getdents",
    "getdents64",
    "getxattr",
    "lgetxattr",
    "fgetxattr",
    "listxattr",
    "llistxattr",
    "flistxattr",
    "getxattrat",
    "listxattrat",
    "statmount",  // the mounts, where there is no /proc to read them from
    "listmount",
    // memory
    "mmap",
    "mmap2",
    "mprotect",
    "munmap",
    "mremap",
    "madvise",
    "brk",
    "msync",
    "membarrier",
    // processes and threads
    "fork",
    "vfork",
    "exit",
    "exit_group",
    "wait4",
    "waitid",
    "kill",
    "tgkill",
    "tkill",
    "futex",
    "futex_waitv",
    "set_tid_address",
    "set_robust_list",
    "get_robust_list",
    "rseq",
    "arch_prctl",
    "prctl",
    "sched_yield",
    "sched_getaffinity",
    "sched_getparam",
    "sched_getscheduler",
    "sched_get_priority_min",
    "sched_get_priority_max",
    "getpriority",
    "setpriority",
    "ioprio_get",
    "ioprio_set",
    "restart_syscall",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "rt_sigsuspend",
    "rt_sigtimedwait",
    "rt_sigpending",
    "sigaltstack",
    "sigreturn",
    "setsid",
    "setpgid",
    "getpgid",
    "getpgrp",
    "getsid",
    "getpid",
    "getppid",
    "gettid",
    "getuid",
    "geteuid",
    "getgid",
    "getegid",
    "getresuid",
    "getresgid",
    "getgroups",
    "capget",
    "getrlimit",
    "prlimit64",
    "getrusage",
    "times",
    "uname",
    "sysinfo",
    // time and chance
    "nanosleep",
    "clock_nanosleep",
    "clock_gettime",
    "clock_getres",
    "gettimeofday",
    "time",
    "getrandom",
    "alarm",
    "setitimer",
    "getitimer",
});

// Of SystemCallSet::Directories.
constexpr auto kMakingDirectories = std::to_array<const char*>({"mkdir", "mkdirat", "fchmod"});

// Of SystemCallSet::Files; refused in the others, for libraries may try them in good faith.
constexpr auto kChangingFiles = std::to_array<const char*>({
    "mkdir",        "mkdirat",      "rmdir",      "unlink",        "unlinkat",  "rename",
    "renameat",     "renameat2",    "link",       "linkat",        "symlink",   "symlinkat",
    "chmod",        "fchmod",       "fchmodat",   "fchmodat2",     "chown",     "lchown",
    "fchown",       "fchownat",     "utime",      "utimes",        "futimesat", "utimensat",
    "mknod",        "mknodat",      "setxattr",   "lsetxattr",     "fsetxattr", "removexattr",
    "lremovexattr", "fremovexattr", "setxattrat", "removexattrat", "fallocate", "ftruncate",
    "truncate",
});

// Of SystemCallSet::ViewBroker, beside those of an agent.
constexpr auto kOfViewBroker = std::to_array<const char*>({
    "fsopen",
    "fsconfig",
    "fsmount",
    "seccomp",
    "capset",
    "landlock_create_ruleset",
    "landlock_add_rule",
    "landlock_restrict_self",
});

// Of SystemCallSet::View; open, openat and clone only as said below.
constexpr auto kOfView = std::to_array<const char*>({
    // bytes
    "read",
    "write",
    "readv",
    "writev",
    "pread64",
    "lseek",
    "_llseek",
    // descriptors
    "close",
    "fcntl",
    "fcntl64",
    "poll",
    "ppoll",
    "eventfd2",
    "fchdir",
    // names and metadata
    "fstat",
    "newfstatat",
    "fstatat64",
    "statx",
    "readlinkat",
    "getdents64",
    "getxattr",
    "lgetxattr",
    "fgetxattr",
    "listxattr",
    "llistxattr",
    "flistxattr",
    "getxattrat",
    "listxattrat",
    // memory
    "mmap",
    "mmap2",
    "mprotect",
    "munmap",
    "mremap",
    "madvise",
    "brk",
    "membarrier",
    // threads
    "exit",
    "exit_group",
    "futex",
    "futex_waitv",
    "set_robust_list",
    "get_robust_list",
    "rseq",
    "sched_yield",
    "sched_getaffinity",
    "restart_syscall",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "sigaltstack",
    "sigreturn",
    "tgkill",
    "getpid",
    "gettid",
    // time and chance
    "nanosleep",
    "clock_nanosleep",
    "clock_gettime",
    "gettimeofday",
    "getrandom",
});

// Tried in good faith by libc or by libzfs, or to no effect.
constexpr auto kRefused = std::to_array<const char*>({
    "chroot",      "socket",    "connect",   "bind",
    "listen",      "accept",    "accept4",   "mount",
    "umount2",     "umount",    "setuid",    "setgid",
    "setreuid",    "setregid",  "setresuid", "setresgid",
    "setgroups",   "setfsuid",  "setfsgid",  "capset",
    "personality", "keyctl",    "add_key",   "request_key",
    "syslog",      "setrlimit", "execveat",  "name_to_handle_at",
});

constexpr auto kDeadly = std::to_array<const char*>({
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "pidfd_getfd",
    "bpf",
    "perf_event_open",
    "kexec_load",
    "kexec_file_load",
    "init_module",
    "finit_module",
    "delete_module",
    "create_module",
    "reboot",
    "swapon",
    "swapoff",
    "pivot_root",
    "setns",
    "move_mount",
    "open_tree",
    "fsopen",
    "fsmount",
    "fsconfig",
    "fspick",
    "mount_setattr",
    "open_by_handle_at",
    "userfaultfd",
    "iopl",
    "ioperm",
    "acct",
    "quotactl",
    "quotactl_fd",
    "settimeofday",
    "clock_settime",
    "clock_adjtime",
    "adjtimex",
    "stime",
    "sethostname",
    "setdomainname",
    "vhangup",
    "nfsservctl",
    "fanotify_init",
    "lookup_dcookie",
    "uselib",
    "modify_ldt",
});

// Calls that the library may be too old to know by name. Since Linux 5.1 all processors but Alpha
// and MIPS give a new one the same number (include/uapi/asm-generic/unistd.h).
struct NewCall {
  std::string_view name;
  int number;
};
#if defined(__alpha__) || defined(__mips__)
constexpr std::array<NewCall, 0> kNewCalls;
#else
constexpr auto kNewCalls = std::to_array<NewCall>({
    {"statmount", 457},
    {"listmount", 458},
    {"setxattrat", 463},
    {"getxattrat", 464},
    {"listxattrat", 465},
    {"removexattrat", 466},
});
#endif

// Negative for one that this processor or the library does not have.
int number_of(const char* name) {
  const int number = ::seccomp_syscall_resolve_name(name);
  if (number != __NR_SCMP_ERROR) return number;
  const auto* found = std::ranges::find(kNewCalls, std::string_view(name), &NewCall::name);
  return found == kNewCalls.end() ? -1 : found->number;
}

constexpr std::uint64_t kNamespaceFlags = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC |
                                          CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET |
                                          CLONE_NEWCGROUP;

class Filter {
 public:
  Filter() : context_(::seccomp_init(SCMP_ACT_ERRNO(ENOSYS)), &::seccomp_release) {
    if (context_ == nullptr) failed_ = ENOMEM;
  }

  template <typename... Comparisons>
  void add(std::uint32_t action, const char* name, Comparisons... comparisons) {
    const int number = number_of(name);
    if (failed_ != 0 || number < 0) return;  // the default refuses it
    const int result =
        ::seccomp_rule_add(context_.get(), action, number, sizeof...(comparisons), comparisons...);
    if (result < 0) failed_ = -result;
  }

  // 0, or the error of the first call that failed.
  int load() {
    if (failed_ != 0) return failed_;
    // A call by another ABI of this processor (i386 on x86-64) ends the process.
    (void)::seccomp_attr_set(context_.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    (void)::seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
    return -::seccomp_load(context_.get());
  }

 private:
  std::unique_ptr<void, void (*)(scmp_filter_ctx)> context_;
  int failed_ = 0;
};

// All but those that `calls` has for its own.
template <typename Names>
void add_all(Filter& filter, std::uint32_t action, const Names& names, SystemCallSet calls) {
  const auto is_ours = [&](std::string_view name) {
    const auto has = [&](const auto& own) { return std::ranges::find(own, name) != own.end(); };
    return (calls == SystemCallSet::ViewBroker && has(kOfViewBroker)) ||
           (calls == SystemCallSet::Directories && has(kMakingDirectories));
  };
  for (const char* name : names) {
    if (!is_ours(name)) filter.add(action, name);
  }
}

void add_calls_of_agent(Filter& filter) {
  for (const char* name : kAllowed) filter.add(SCMP_ACT_ALLOW, name);
  filter.add(SCMP_ACT_ALLOW, "clone", SCMP_A0(SCMP_CMP_MASKED_EQ, kNamespaceFlags, 0));
}

void add_calls_of_view(Filter& filter) {
  constexpr std::uint64_t kWriting = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND;
  for (const char* name : kOfView) filter.add(SCMP_ACT_ALLOW, name);
  filter.add(SCMP_ACT_ALLOW, "open", SCMP_A1(SCMP_CMP_MASKED_EQ, kWriting, O_RDONLY));
  filter.add(SCMP_ACT_ALLOW, "openat", SCMP_A2(SCMP_CMP_MASKED_EQ, kWriting, O_RDONLY));
  filter.add(SCMP_ACT_ALLOW, "clone",
             SCMP_A0(SCMP_CMP_MASKED_EQ, kNamespaceFlags | CLONE_THREAD, CLONE_THREAD));
}

// A thread may have a working directory of its own (platform/own_directory.h); anything else that a
// process can be given of its own is a way out.
void add_own_directory(Filter& filter) {
  filter.add(SCMP_ACT_ALLOW, "unshare", SCMP_A0(SCMP_CMP_EQ, CLONE_FS, 0));
  filter.add(SCMP_ACT_KILL_PROCESS, "unshare", SCMP_A0(SCMP_CMP_NE, CLONE_FS, 0));
}

std::size_t size_of(SystemCallSet calls) {
  switch (calls) {
    case SystemCallSet::Agent:
      return kAllowed.size();
    case SystemCallSet::Directories:
      return kAllowed.size() + kMakingDirectories.size();
    case SystemCallSet::Files:
      return kAllowed.size() + kChangingFiles.size();
    case SystemCallSet::ViewBroker:
      return kAllowed.size() + kOfViewBroker.size();
    case SystemCallSet::View:
      return kOfView.size();
  }
  return 0;
}

}  // namespace

LayerReport restrict_system_calls(SystemCallSet calls, std::span<const std::uint16_t> ioctls,
                                  bool programs) {
  Filter filter;
  if (calls == SystemCallSet::View) {
    add_calls_of_view(filter);
  } else {
    add_calls_of_agent(filter);
    const bool files = calls == SystemCallSet::Files;
    add_all(filter, files ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EPERM), kChangingFiles, calls);
    if (calls == SystemCallSet::ViewBroker) {
      for (const char* name : kOfViewBroker) filter.add(SCMP_ACT_ALLOW, name);
    }
    if (calls == SystemCallSet::Directories) {
      for (const char* name : kMakingDirectories) filter.add(SCMP_ACT_ALLOW, name);
    }
  }
  add_all(filter, SCMP_ACT_ERRNO(EPERM), kRefused, calls);
  add_all(filter, SCMP_ACT_KILL_PROCESS, kDeadly, calls);
  add_own_directory(filter);
  filter.add(programs ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EPERM), "execve");
  for (const std::uint16_t request : ioctls) {
    filter.add(SCMP_ACT_ALLOW, "ioctl", SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffff, request));
  }
  if (const int error = filter.load(); error != 0) {
    return {SandboxLayer::SystemCalls, Grip::None,
            std::string("this kernel takes no filter: ") + std::strerror(error) +
                "; it needs CONFIG_SECCOMP_FILTER"};
  }
  return {SandboxLayer::SystemCalls, Grip::Full,
          std::to_string(size_of(calls)) + " calls and " + std::to_string(ioctls.size()) +
              " requests of ioctl let through"};
}

}  // namespace snapferry::sandbox
