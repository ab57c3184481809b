#include "cli/status_line.h"

#include <algorithm>
#include <chrono>

namespace snapferry::cli {

StatusLine::StatusLine(Context& context, Render render)
    : console_(context.console),
      render_(std::move(render)),
      terminal_(context.io.err_is_terminal),
      width_(terminal_ ? std::max(20u, context.io.width) - 1 : 200) {
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

void StatusLine::run() {
  using namespace std::chrono_literals;
  auto next_line = std::chrono::steady_clock::now() + 30s;
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, 200ms, [this] { return done_; })) {
    const std::string line = render_(width_);
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
