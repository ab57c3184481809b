#include "repository/twin_copy.h"

#include <algorithm>
#include <optional>

#include "core/error.h"
#include "repository/crypto.h"

namespace snapferry::repository {
namespace {

constexpr std::size_t kOverhead = 4 + 8;

// Both copies have the same length, so each is found without trusting the other.
std::optional<ByteView> whole(ByteView copy) {
  std::uint32_t length = 0;
  std::memcpy(&length, copy.data(), sizeof length);
  if (length != copy.size() - kOverhead) return std::nullopt;
  const ByteView body = copy.subspan(4, length);
  if (!std::ranges::equal(checksum(body), copy.last(8))) return std::nullopt;
  return body;
}

}  // namespace

Bytes encode_twin(ByteView body) {
  Bytes bytes;
  ByteWriter out(bytes);
  for (int copy = 0; copy < 2; ++copy) {
    out.sized(body);
    out.raw(checksum(body));
  }
  return bytes;
}

TwinBody decode_twin(ByteView bytes, std::string_view subject) {
  if (bytes.size() >= 2 * kOverhead && bytes.size() % 2 == 0) {
    const auto first = whole(bytes.first(bytes.size() / 2));
    const auto second = whole(bytes.last(bytes.size() / 2));
    if (first || second) {
      const ByteView body = first ? *first : *second;
      return {Bytes(body.begin(), body.end()), !first || !second};
    }
  }
  throw Error(ErrorKind::Corrupt, std::string(subject) + ": is damaged (both copies)");
}

}  // namespace snapferry::repository
