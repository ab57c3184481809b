// Times and durations as people write them.

#include <cstdlib>

#include "core/bytes.h"
#include "core/error.h"
#include "core/wall_time.h"

namespace {

template <typename Action>
void invalid_at_most(const Action& action) {
  try {
    action();
  } catch (const snapferry::Error& error) {
    if (error.kind() != snapferry::ErrorKind::InvalidArgument) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = snapferry::as_text({data, size});
  invalid_at_most([&] {
    const snapferry::Timestamp time = snapferry::parse_time(text);
    const std::string utc = snapferry::format_utc(time);
    snapferry::format_local(time);
    // Years of four digits are read back.
    if (utc.size() == 20 && snapferry::parse_time(utc) != time) std::abort();
  });
  invalid_at_most([&] {
    const snapferry::Duration duration = snapferry::parse_duration(text);
    if (duration.seconds < 0 || snapferry::format_duration(duration).empty()) std::abort();
  });
  return 0;
}
