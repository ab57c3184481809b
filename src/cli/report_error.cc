#include "cli/report_error.h"

#include "core/error.h"

namespace snapferry::cli {

ExitCode report_error(Console& console, ErrorKind kind, ExitCode code, std::string_view message) {
  try {
    console.status("");
    console.flush();
    console.warn(message);
    console.emit(JsonObject::line("error")
                     .text("kind", to_string(kind))
                     .text("message", message)
                     .number("exit_code", static_cast<std::uint64_t>(code)));
    console.flush();
  } catch (const BrokenPipe&) {
  } catch (const Error&) {
    // Standard output is what failed; the line above has told so.
  }
  return code;
}

}  // namespace snapferry::cli
