#include "cli/report_error.h"

#include <algorithm>
#include <string>

#include "core/printable.h"
#include "core/store.h"

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

ExitCode report_unknown(Console& console, const Error& error) {
  std::string line = "UNKNOWN: " + one_line(error.message()) + "\n";
  std::ranges::replace(line, '|', '/');  // what follows a bar would be performance data
  console.print(line);
  const bool no_store = dynamic_cast<const NoSuchStore*>(&error) != nullptr;
  const ExitCode code = no_store ? ExitCode::NoSuchStore : exit_code_for(error.kind());
  return report_error(console, error.kind(), code <= ExitCode::Critical ? ExitCode::Unknown : code,
                      error.message());
}

}  // namespace snapferry::cli
