#include "wire/error_relay.h"

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/error.h"
#include "core/printable.h"

namespace snapferry::wire {
namespace {

constexpr std::size_t kTail = 4096;

void keep_tail(std::string& text) {
  if (text.size() > kTail) text.erase(0, text.size() - kTail);
}

}  // namespace

ErrorRelay::ErrorRelay(std::string name, int output)
    : name_(std::move(name)), output_(output), stop_(::eventfd(0, EFD_CLOEXEC)) {
  std::array<int, 2> ends{};
  if (!stop_.valid() || ::pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw system_error(errno, "make it", "a pipe");
  }
  read_end_ = platform::Fd(ends[0]);
  write_end_ = platform::Fd(ends[1]);
  // The end that is read alone: the other program's must block.
  ::fcntl(read_end_.get(), F_SETFL, O_NONBLOCK);
  reader_ = std::thread([this] { drain(); });
}

void ErrorRelay::pass_on() {
  const std::lock_guard lock(mutex_);
  passing_ = true;
  print_lines();
}

std::string ErrorRelay::stop() {
  if (reader_.joinable()) {
    const std::uint64_t one = 1;
    (void)!::write(stop_.get(), &one, sizeof one);
    reader_.join();
    if (passing_ && !unprinted_.empty()) take("\n");
  }
  return tail_;
}

void ErrorRelay::drain() {
  std::array<char, kTail> buffer{};
  bool stopping = false;
  while (true) {
    const auto size = ::read(read_end_.get(), buffer.data(), buffer.size());
    if (size > 0) {
      take({buffer.data(), static_cast<std::size_t>(size)});
      continue;
    }
    if (size < 0 && errno == EINTR) continue;
    if (size == 0 || errno != EAGAIN || stopping) return;
    std::array<pollfd, 2> wait{pollfd{read_end_.get(), POLLIN, 0}, pollfd{stop_.get(), POLLIN, 0}};
    while (::poll(wait.data(), wait.size(), -1) < 0 && errno == EINTR) {
    }
    // What was written before the stop is still taken.
    stopping = wait[1].revents != 0;
  }
}

void ErrorRelay::take(std::string_view text) {
  const std::lock_guard lock(mutex_);
  tail_ += text;
  keep_tail(tail_);
  unprinted_ += text;
  if (passing_) {
    print_lines();
  }
  keep_tail(unprinted_);
}

void ErrorRelay::print_lines() {
  for (auto end = unprinted_.find('\n'); end != unprinted_.npos; end = unprinted_.find('\n')) {
    auto line = unprinted_.substr(0, end);
    unprinted_.erase(0, end + 1);
    if (line.ends_with('\r')) line.pop_back();
    const auto shown = name_ + ": " + printable(line) + "\n";
    (void)!::write(output_, shown.data(), shown.size());
  }
}

}  // namespace snapferry::wire
