#include "zfs/resume_token.h"

#include <algorithm>
#include <charconv>

#include <zlib.h>

#include "core/error.h"
#include "zfs/fletcher4.h"
#include "zfs/nvlist.h"

namespace snapferry::zfs {
namespace {

constexpr std::string_view kSubject = "resume token";
constexpr std::size_t kMaxToken = 64u << 10;
constexpr std::size_t kMaxPacked = 64u << 10;

[[noreturn]] void refuse(std::string_view cause) {
  throw Error(ErrorKind::Corrupt, std::string(kSubject) + ": " + std::string(cause) +
                                      "; discard it with zfs receive -A");
}

std::uint64_t hexadecimal(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
  if (error != std::errc() || end != text.data() + text.size()) refuse("has no number in it");
  return number;
}

// Cuts what stands before the next '-' off `rest`.
std::string_view next_part(std::string_view& rest) {
  const auto dash = rest.find('-');
  if (dash == rest.npos) refuse("has too few parts");
  const auto part = rest.substr(0, dash);
  rest.remove_prefix(dash + 1);
  return part;
}

Bytes bytes_of(std::string_view text) {
  if (text.empty() || text.size() % 2 != 0) refuse("has an odd number of digits");
  Bytes bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(hexadecimal(text.substr(i, 2))));
  }
  return bytes;
}

Bytes inflate_all(const Bytes& compressed, std::size_t size) {
  Bytes packed(size);
  uLongf written = size;
  if (::uncompress(packed.data(), &written, compressed.data(), compressed.size()) != Z_OK ||
      written != size) {
    refuse("cannot be decompressed");
  }
  return packed;
}

std::uint64_t number_of(const std::vector<NvPair>& pairs, std::string_view name) {
  const auto* pair = find_pair(pairs, name, NvPair::Type::Uint64);
  return pair == nullptr ? 0 : pair->number;
}

bool has(const std::vector<NvPair>& pairs, std::string_view name) {
  return find_pair(pairs, name, NvPair::Type::Boolean) != nullptr;
}

bool is_redacted(const std::vector<NvPair>& pairs) {
  return std::any_of(pairs.begin(), pairs.end(), [](const NvPair& pair) {
    return pair.name.find("redact") != std::string::npos;
  });
}

}  // namespace

ResumeToken parse_resume_token(std::string_view token) {
  if (token.size() > kMaxToken) refuse("is too long");
  std::string_view rest = token;
  if (next_part(rest) != "1") {
    throw Error(ErrorKind::Unsupported, "resume token: is of a version that is not known here");
  }
  const std::uint64_t checksum = hexadecimal(next_part(rest));
  const std::uint64_t size = hexadecimal(next_part(rest));
  if (size > kMaxPacked) refuse("says that it is too large");
  const Bytes compressed = bytes_of(rest);
  Fletcher4 sum;
  sum.add(compressed);
  if (sum.sums()[0] != checksum) refuse("does not fit its checksum");
  const auto pairs = parse_nvlist(inflate_all(compressed, size), kSubject);
  if (is_redacted(pairs)) {
    throw Error(ErrorKind::Unsupported, "resume token: is that of a redacted stream");
  }
  const auto* name = find_pair(pairs, "toname", NvPair::Type::String);
  const auto at = name == nullptr ? std::string::npos : name->text.find('@');
  if (at == std::string::npos) refuse("names no snapshot");
  ResumeToken result;
  result.dataset = name->text.substr(0, at);
  result.partial.token = token;
  result.partial.to = Guid::from_number(number_of(pairs, "toguid"));
  if (result.partial.to.is_zero()) refuse("names no guid");
  result.partial.to_name = name->text.substr(at + 1);
  if (const auto from = number_of(pairs, "fromguid"); from != 0) {
    result.partial.base = Guid::from_number(from);
  }
  result.partial.bytes = number_of(pairs, "bytes");
  result.partial.raw = has(pairs, "rawok");
  result.features = {.large_blocks = has(pairs, "largeblockok"),
                     .embedded = has(pairs, "embedok"),
                     .compressed = has(pairs, "compressok"),
                     .raw = result.partial.raw,
                     .resumable = true};
  return result;
}

}  // namespace snapferry::zfs
