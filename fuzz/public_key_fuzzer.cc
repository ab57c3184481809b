#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "agent/authorized_keys.h"
#include "core/error.h"

// A key that was taken stands on one line, and is the same when read from there.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace snapferry;  // NOLINT(google-build-using-namespace)
  try {
    const auto key =
        agent::parse_public_key({reinterpret_cast<const char*>(data), size}, "the input");
    const auto line = agent::authorized_line(key, "true");
    if (line.find('\n') != line.npos) std::abort();
    const auto again = agent::parse_public_key(line.substr(line.find(key.type)), "the line");
    if (!(again == key)) std::abort();
  } catch (const Error&) {
  }
  return 0;
}
