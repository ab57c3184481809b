#include "core/object_id.h"

#include <algorithm>

#include "core/error.h"

namespace snapferry {

ObjectId ObjectId::from_bytes(ByteView bytes) {
  if (bytes.size() != kSize) {
    throw Error(ErrorKind::Corrupt, "object id: has " + std::to_string(bytes.size()) +
                                        " bytes and not " + std::to_string(kSize));
  }
  ObjectId id;
  std::copy(bytes.begin(), bytes.end(), id.bytes.begin());
  return id;
}

std::optional<ObjectId> ObjectId::from_hex(std::string_view text) {
  ObjectId id;
  if (!snapferry::from_hex(text, id.bytes)) return std::nullopt;
  return id;
}

}  // namespace snapferry
