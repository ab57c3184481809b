// What a user types, against volumes of any name. Lines: the selector, then
// "ID TIME HOST:PATH" of each snapshot; ID begins the id in hexadecimal. Only Error is
// thrown, and what is selected can be selected by its id.

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/snapshot_selector.h"

namespace snapferry {
namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

// The part before `separator`, which is taken off `text` with it.
std::string_view take(std::string_view& text, char separator) {
  const std::string_view part = text.substr(0, text.find(separator));
  text.remove_prefix(std::min(text.size(), part.size() + 1));
  return part;
}

Snapshot snapshot_of(std::string_view line, std::size_t index) {
  Snapshot snapshot;
  std::string id(take(line, ' '));
  id.resize(2 * ObjectId::kSize, '0');
  snapshot.id = ObjectId::from_hex(id).value_or(ObjectId{});
  // Different for each, as ids are.
  snapshot.id.bytes[ObjectId::kSize - 1] = static_cast<std::uint8_t>(index);
  snapshot.time.seconds = std::strtol(std::string(take(line, ' ')).c_str(), nullptr, 10);
  snapshot.volume.host = take(line, ':');
  snapshot.volume.path = line;
  return snapshot;
}

}  // namespace
}  // namespace snapferry

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace snapferry;
  std::string_view text = as_text(ByteView(data, size));
  const std::string_view selector = take(text, '\n');
  std::vector<Snapshot> snapshots;
  while (!text.empty() && snapshots.size() < 250) {
    snapshots.push_back(snapshot_of(take(text, '\n'), snapshots.size()));
  }
  try {
    const Snapshot& selected = select_snapshot(snapshots, selector, {"me", "/home/joe"});
    require(&select_snapshot(snapshots, selected.id.hex(), {"me", "/home/joe"}) == &selected);
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::NotFound || error.kind() == ErrorKind::InvalidArgument);
  }
  return 0;
}
