#include "tree/restore/target_sync.h"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace snapferry::tree {

void TargetSync::add(std::uint64_t device, int directory) {
  const std::lock_guard lock(mutex_);
  if (directories_.contains(device)) return;
  platform::Fd kept(::fcntl(directory, F_DUPFD_CLOEXEC, 0));
  if (!kept.valid()) throw system_error(errno, "open", "directory");
  directories_.emplace(device, std::move(kept));
}

std::optional<Error> TargetSync::sync() {
  std::optional<Error> failure;
  for (const auto& [device, directory] : directories_) {
    if (::syncfs(directory.get()) == 0 || failure) continue;
    const Error cause = system_error(errno, "make it durable", "target");
    failure = Error(ErrorKind::Unavailable,
                    "what was restored may not have reached the disk: " + cause.message() +
                        "; mend that, and restore again with --overwrite changed, which writes "
                        "everything again then");
  }
  return failure;
}

}  // namespace snapferry::tree
