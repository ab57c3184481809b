#include "zfs/child_stream.h"

#include <cerrno>

#include <unistd.h>

#include "core/error.h"
#include "zfs/command_failure.h"

namespace snapferry::zfs {

ChildStream::ChildStream(std::unique_ptr<platform::Child> child, std::vector<std::string> argv)
    : child_(std::move(child)), argv_(std::move(argv)) {}

std::size_t ChildStream::read(std::span<std::uint8_t> buffer) {
  while (true) {
    const auto size = ::read(child_->output(), buffer.data(), buffer.size());
    if (size >= 0) return static_cast<std::size_t>(size);
    if (errno != EINTR) throw system_error(errno, "read its output", argv_.at(0));
  }
}

void ChildStream::finish() {
  const auto exit = child_->wait();
  if (!exit.ok()) throw command_failure(argv_, exit);
}

int ChildStream::pipe() const { return child_->output(); }

}  // namespace snapferry::zfs
