#include <cstdlib>
#include <string_view>

#include "replication/snapshot_name.h"

// Whatever parses as one of our names is composed to the same name again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace snapferry::replication;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto name = parse_snapshot_name(text)) {
    if (!is_of_set(text, name->set)) std::abort();
    if (name->style == NameStyle::Snapferry && snapshot_name(name->set, name->time) != text) {
      std::abort();
    }
  }
  is_bookmark_of(text, "snapferry_main_01234567");
  if (const auto name = parse_bookmark_name(text)) {
    const auto cursor = cursor_tag(name->set, name->store);
    if (!is_bookmark_of(text, cursor) || bookmark_name(cursor, name->time) != text) std::abort();
  }
  return 0;
}
