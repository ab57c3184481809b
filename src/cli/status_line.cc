#include "cli/status_line.h"

#include <algorithm>
#include <chrono>

namespace snapferry::cli {

StatusLine::StatusLine(Context& context, Render render)
    : console_(context.console),
      render_(std::move(render)),
      io_(context.io),
      terminal_(context.io.err_is_terminal) {
  if (console_.quiet() || context.options.has("--no-progress")) return;
  thread_ = std::thread([this] { run(); });
}

StatusLine::~StatusLine() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    done_ = true;
  }
  wake_.notify_one();
  thread_.join();
  console_.status("");
}

// One column is left free: some terminals begin a new line after the last one.
std::size_t StatusLine::width() const { return terminal_ ? std::max(2u, io_.width()) - 1 : 200; }

void StatusLine::run() {
  using namespace std::chrono_literals;
  auto next_line = std::chrono::steady_clock::now() + 30s;
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, 200ms, [this] { return done_; })) {
    const std::string line = render_(width());
    const auto now = std::chrono::steady_clock::now();
    if (!terminal_ && now < next_line) continue;
    next_line = now + 30s;
    if (line.empty()) continue;
    if (terminal_) {
      console_.status(line);
    } else {
      console_.warn(line);
    }
  }
}

}  // namespace snapferry::cli
