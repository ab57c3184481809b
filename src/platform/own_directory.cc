#include "platform/own_directory.h"

#include <cerrno>
#include <system_error>
#include <thread>

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

namespace snapferry::platform {

long in_own_directory(int directory, const std::function<long()>& work) {
  long result = -1;
  int error = 0;
  const auto run = [&] {
    if (::unshare(CLONE_FS) == 0 && (directory == AT_FDCWD || ::fchdir(directory) == 0)) {
      result = work();
    }
    error = errno;
  };
  try {
    std::thread(run).join();
  } catch (const std::system_error& failure) {
    error = failure.code().value();
  }
  errno = error;
  return result;
}

}  // namespace snapferry::platform
