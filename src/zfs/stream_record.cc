#include "zfs/stream_record.h"

namespace snapferry::zfs {
namespace {

constexpr std::array<std::string_view, 11> kNames = {
    "BEGIN",       "OBJECT", "FREEOBJECTS",    "WRITE",        "FREE",  "END",
    "WRITE_BYREF", "SPILL",  "WRITE_EMBEDDED", "OBJECT_RANGE", "REDACT"};

constexpr std::uint64_t kMaxBegin = 1u << 20;
constexpr std::uint64_t kMaxBlock = 16u << 20;    // SPA_MAXBLOCKSIZE
constexpr std::uint64_t kMaxBonus = 32u << 10;    // of a dnode of the largest size, and more
constexpr std::uint64_t kMaxEmbedded = 1u << 10;  // BPE_PAYLOAD_SIZE is 112
constexpr std::size_t kNameAt = 56;

std::uint64_t align8(std::uint64_t size) { return (size + 7) & ~std::uint64_t{7}; }

std::optional<std::uint64_t> at_most(std::uint64_t size, std::uint64_t limit) {
  return size <= limit ? std::optional(size) : std::nullopt;
}

}  // namespace

std::string_view record_name(std::uint32_t type) {
  return type < kNames.size() ? kNames[type] : "unknown";
}

std::optional<std::string_view> StreamRecord::to_name() const {
  const auto text = as_text(ByteView(bytes_).subspan(kNameAt));
  const auto end = text.find('\0');
  return end == text.npos ? std::nullopt : std::optional(text.substr(0, end));
}

std::optional<std::uint64_t> StreamRecord::payload_size() const {
  switch (static_cast<RecordType>(type())) {
    case RecordType::Begin:
      return at_most(u32(4), kMaxBegin);
    case RecordType::Object: {
      const std::uint64_t raw_bonus = u32(36);
      return at_most(raw_bonus != 0 ? raw_bonus : align8(u32(28)), kMaxBonus);
    }
    case RecordType::Write: {
      const bool compressed = u8(50) != 0;
      return at_most(compressed ? u64(96) : u64(32), kMaxBlock);
    }
    case RecordType::Spill: {
      const std::uint64_t compressed = u64(40);
      return at_most(compressed != 0 ? compressed : u64(16), kMaxBlock);
    }
    case RecordType::WriteEmbedded:
      return at_most(align8(u32(52)), kMaxEmbedded);
    case RecordType::FreeObjects:
    case RecordType::Free:
    case RecordType::End:
    case RecordType::ObjectRange:
      return 0;
    case RecordType::WriteByReference:
    case RecordType::Redact:
      break;
  }
  return std::nullopt;
}

std::uint64_t StreamRecord::to_guid() const {
  switch (static_cast<RecordType>(type())) {
    case RecordType::FreeObjects:
    case RecordType::Spill:
    case RecordType::ObjectRange:
      return u64(24);
    case RecordType::Free:
    case RecordType::WriteEmbedded:
      return u64(32);
    default:
      return u64(40);
  }
}

}  // namespace snapferry::zfs
