#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/stream.h"
#include "platform/command.h"

namespace snapferry::zfs {

// What a process prints, as a stream: `zfs send`.
class ChildStream : public Stream {
 public:
  // `argv` is what `child` was started with, for messages.
  ChildStream(std::unique_ptr<platform::Child> child, std::vector<std::string> argv);

  std::size_t read(std::span<std::uint8_t> buffer) override;
  // Throws what zfs/command_failure.h makes of a failed process.
  void finish() override;
  int pipe() const override;

 private:
  std::unique_ptr<platform::Child> child_;
  std::vector<std::string> argv_;
};

}  // namespace snapferry::zfs
