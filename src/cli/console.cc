#include "cli/console.h"

#include <algorithm>

#include <fmt/format.h>

#include "cli/format.h"

namespace snapferry::cli {

void Console::print(std::string_view text) {
  if (json_mode_) return;
  raw(laid_out(text));
}

void Console::say(std::string_view text) {
  if (!quiet()) print(text);
}

void Console::emit(const JsonObject& object) {
  if (!json_mode_) return;
  raw(object.dump() + "\n");
}

void Console::raw(std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  // The status line would be torn apart where both streams are one terminal.
  if (!status_.empty() && io_.out_is_terminal) write_error(cleared());
  write_result(bytes);
  if (io_.out_is_terminal) after_output();
}

void Console::warn(std::string_view text) {
  const std::lock_guard lock(mutex_);
  if (!status_.empty()) write_error(cleared());
  write_error(fmt::format("snapferry: {}\n", one_line(text)));
  after_output();
}

void Console::warn_once(std::string_view text) {
  {
    const std::lock_guard lock(mutex_);
    if (!said_once_.emplace(text).second) return;
  }
  warn(text);
}

void Console::explain(std::string_view text) {
  if (verbose()) warn(text);
}

void Console::status(std::string_view line) {
  if (!io_.err_is_terminal) return;
  const std::lock_guard lock(mutex_);
  if (line.empty() && status_.empty()) return;
  const std::string before = cleared();
  status_ = line;
  write_error(before + status_);
}

// Takes the status line away. A terminal that was made narrower since has broken it into several
// lines, and the cursor is in the last of them.
std::string Console::cleared() const {
  const std::size_t width = std::max(1u, io_.width());
  const std::size_t lines = status_.empty() ? 0 : (display_width(status_) - 1) / width;
  return lines == 0 ? "\r\x1b[K" : fmt::format("\x1b[{}A\r\x1b[J", lines);
}

void Console::flush() {
  const std::lock_guard lock(mutex_);
  try {
    io_.out.flush();
  } catch (const BrokenPipe&) {
    if (ends_with_reader_) throw;
  }
}

void Console::finish() {
  const std::lock_guard lock(mutex_);
  try {
    io_.out.finish();
  } catch (const BrokenPipe&) {
    if (ends_with_reader_) throw;
  }
}

void Console::write_result(std::string_view text) {
  try {
    io_.out.write(text);
    if (io_.out_is_terminal) io_.out.flush();
  } catch (const BrokenPipe&) {
    if (ends_with_reader_) throw;
  }
}

// A backup goes on without anyone who listens to its messages.
void Console::write_error(std::string_view text) {
  try {
    io_.err.write(text);
    io_.err.flush();
  } catch (const BrokenPipe&) {
  } catch (const Error&) {
  }
}

void Console::after_output() {
  if (!status_.empty()) write_error(status_);
}

void ProblemPrinter::problem(std::string_view path, std::string_view message) {
  // Messages of the system's layers begin with the path already.
  const std::string volume = printable(volume_);
  if (path.empty()) {
    console_.warn(fmt::format("{}: {}", volume, message));
  } else {
    const bool named = message.starts_with(path);
    console_.warn(fmt::format(
        "{}: {}{}", volume, printable(path),
        named ? std::string(message.substr(path.size())) : fmt::format(": {}", message)));
  }
  console_.emit(JsonObject::line("problem")
                    .text("volume", volume_)
                    .text("path", path)
                    .text("message", message));
}

}  // namespace snapferry::cli
