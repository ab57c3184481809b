#include "testing/refused_calls.h"

#include <exception>
#include <thread>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace snapferry::testing {
namespace {

bool refuse(const std::vector<RefusedCall>& calls) {
  std::vector<sock_filter> program;
  // The number of the call is the first word of seccomp_data.
  program.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0));
  for (const RefusedCall& refused : calls) {
    program.push_back(
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(refused.call), 0, 1));
    program.push_back(
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(refused.number)));
  }
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) == 0;
}

bool hide_proc() {
  return ::unshare(CLONE_FS | CLONE_NEWNS) == 0 &&
         ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         ::mount("none", "/proc", "tmpfs", 0, nullptr) == 0;
}

bool on_a_thread(const std::function<bool()>& prepare, const std::function<void()>& action) {
  bool prepared = false;
  std::exception_ptr failure;
  std::thread([&] {
    prepared = prepare();
    if (!prepared) return;
    try {
      action();
    } catch (...) {
      failure = std::current_exception();
    }
  }).join();
  if (failure) std::rethrow_exception(failure);
  return prepared;
}

}  // namespace

bool with_refused_calls(const std::vector<RefusedCall>& calls,
                        const std::function<void()>& action) {
  return on_a_thread([&] { return refuse(calls); }, action);
}

bool without_proc(const std::function<void()>& action) { return on_a_thread(hide_proc, action); }

}  // namespace snapferry::testing
