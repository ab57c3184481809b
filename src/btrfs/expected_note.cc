#include "btrfs/expected_note.h"

#include <cerrno>

#include <sys/file.h>
#include <unistd.h>

#include "btrfs/directory_names.h"
#include "btrfs/private_directory.h"
#include "btrfs/store_layout.h"
#include "core/error.h"

namespace snapferry::btrfs {
namespace {

// The lock of the directory, until that is closed or this ends.
class HostLock {
 public:
  HostLock(int host, const std::string& path) : host_(host) {
    while (::flock(host_, LOCK_EX) != 0) {
      if (errno != EINTR) throw system_error(errno, "lock it", path);
    }
  }
  HostLock(const HostLock&) = delete;
  HostLock& operator=(const HostLock&) = delete;
  ~HostLock() { ::flock(host_, LOCK_UN); }

 private:
  const int host_;
};

// Nobody else is writing under the lock.
void sweep(int host, const std::string& path) {
  for (const auto& name : names_in(host, path)) {
    if (!is_unfinished(name, StoreLayout::kExpectedName)) continue;
    (void)::unlinkat(host, name.c_str(), 0);  // the next one tries again
  }
}

}  // namespace

HostExpectations read_expected(int host, const std::string& path) {
  const std::string name = StoreLayout::kExpectedName;
  try {
    auto text = read_small_file(host, name, path + "/" + name);
    if (text.ends_with('\n')) text.pop_back();
    return decode_expectations(text);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Corrupt) throw;
    return {};
  }
}

std::vector<VolumeFailure> change_expected(int host, const ExpectationChange& change,
                                           const std::string& path) {
  const HostLock lock(host, path);
  sweep(host, path);
  const HostExpectations before = read_expected(host, path);
  auto [after, left_out] = changed(before, change);
  if (after == before) return left_out;
  const std::string name = StoreLayout::kExpectedName;
  if (!after.empty()) {
    replace_small_file(host, name, encode_expectations(after) + "\n", path + "/" + name);
  } else if (::unlinkat(host, name.c_str(), 0) != 0 && errno != ENOENT) {
    throw system_error(errno, "remove it", path + "/" + name);
  }
  return left_out;
}

}  // namespace snapferry::btrfs
