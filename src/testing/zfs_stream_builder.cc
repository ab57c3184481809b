#include "testing/zfs_stream_builder.h"

#include <cstring>

namespace snapferry::testing {
namespace {

constexpr std::size_t kSize = 312;
constexpr std::size_t kChecksumAt = 280;

void pad(Bytes& bytes) { bytes.resize((bytes.size() + 7) / 8 * 8); }

Bytes pattern(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 31 + size);
  return bytes;
}

}  // namespace

void NvlistBuilder::pair(const std::string& name, std::uint32_t type, std::uint32_t elements,
                         const Bytes& value) {
  Bytes pair;
  ByteWriter writer(pair);
  writer.u32(0);
  writer.u16(static_cast<std::uint16_t>(name.size() + 1));
  writer.u16(0);
  writer.u32(elements);
  writer.u32(type);
  writer.raw(as_bytes(name));
  writer.u8(0);
  pad(pair);
  pair.insert(pair.end(), value.begin(), value.end());
  pad(pair);
  const auto size = static_cast<std::uint32_t>(pair.size());
  std::memcpy(pair.data(), &size, sizeof size);
  pairs_.insert(pairs_.end(), pair.begin(), pair.end());
}

NvlistBuilder& NvlistBuilder::flag(const std::string& name) {
  pair(name, 1, 0, {});
  return *this;
}

NvlistBuilder& NvlistBuilder::number(const std::string& name, std::uint64_t value) {
  Bytes bytes;
  ByteWriter(bytes).u64(value);
  pair(name, 8, 1, bytes);
  return *this;
}

NvlistBuilder& NvlistBuilder::text(const std::string& name, const std::string& value) {
  Bytes bytes(value.begin(), value.end());
  bytes.push_back(0);
  pair(name, 9, 1, bytes);
  return *this;
}

NvlistBuilder& NvlistBuilder::bytes(const std::string& name, const Bytes& value) {
  pair(name, 26, static_cast<std::uint32_t>(value.size()), value);
  return *this;
}

NvlistBuilder& NvlistBuilder::list(const std::string& name, const NvlistBuilder& value) {
  pair(name, 19, 1, Bytes(24));
  pairs_.insert(pairs_.end(), value.pairs_.begin(), value.pairs_.end());
  ByteWriter(pairs_).u32(0);
  return *this;
}

Bytes NvlistBuilder::pack() const {
  Bytes packed;
  ByteWriter writer(packed);
  writer.u8(0);  // native
  writer.u8(1);  // little-endian
  writer.u16(0);
  writer.u32(0);  // version
  writer.u32(1);  // unique names
  writer.raw(pairs_);
  writer.u32(0);
  return packed;
}

struct ZfsStreamBuilder::Record {
  Bytes bytes = Bytes(kSize);

  explicit Record(std::uint32_t type) { u32(0, type); }
  void u8(std::size_t at, std::uint8_t value) { bytes[at] = value; }
  void u32(std::size_t at, std::uint32_t value) { std::memcpy(&bytes[at], &value, sizeof value); }
  void u64(std::size_t at, std::uint64_t value) { std::memcpy(&bytes[at], &value, sizeof value); }
};

void ZfsStreamBuilder::checksum(const Bytes& bytes) {
  for (std::size_t at = 0; at + 4 <= bytes.size(); at += 4) {
    std::uint32_t word = 0;
    std::memcpy(&word, &bytes[at], sizeof word);
    sums_[0] += word;
    for (int i = 1; i < 4; ++i) sums_[i] += sums_[i - 1];
  }
}

void ZfsStreamBuilder::add(Record record, const Bytes& payload) {
  const bool is_begin = record.bytes[0] == 0;
  const auto middle = record.bytes.begin() + kChecksumAt;
  checksum(Bytes(record.bytes.begin(), middle));
  if (!is_begin) std::memcpy(&record.bytes[kChecksumAt], sums_, sizeof sums_);
  checksum(Bytes(middle, record.bytes.end()));
  checksum(payload);
  stream_.insert(stream_.end(), record.bytes.begin(), record.bytes.end());
  stream_.insert(stream_.end(), payload.begin(), payload.end());
}

ZfsStreamBuilder& ZfsStreamBuilder::begin(const Begin& begin) {
  Record record(0);
  record.u32(4, static_cast<std::uint32_t>(begin.payload.size()));
  record.u64(8, 0x2F5bacbac);
  record.u64(16, begin.features << 2 | begin.kind);
  record.u64(24, 1'700'000'000);
  record.u32(32, begin.objset);
  record.u32(36, begin.flags);
  record.u64(40, begin.to);
  record.u64(48, begin.from);
  std::memcpy(&record.bytes[56], begin.name.data(), begin.name.size());
  to_ = begin.to;
  std::memset(sums_, 0, sizeof sums_);
  add(std::move(record), begin.payload);
  return *this;
}

ZfsStreamBuilder& ZfsStreamBuilder::package(const std::string& name, const Bytes& payload) {
  Begin header;
  header.name = name;
  header.kind = 2;
  header.objset = 0;
  header.flags = 0;
  header.payload = payload;
  return begin(header).end();
}

ZfsStreamBuilder& ZfsStreamBuilder::record(
    std::uint32_t type, const std::vector<std::pair<std::size_t, std::uint64_t>>& numbers,
    std::size_t payload_size) {
  Record record(type);
  for (const auto& [at, value] : numbers) record.u64(at, value);
  add(std::move(record), pattern(payload_size));
  return *this;
}

ZfsStreamBuilder& ZfsStreamBuilder::object(std::uint64_t object, std::uint32_t bonus_size) {
  return record(1, {{8, object}, {24, std::uint64_t{bonus_size} << 32 | 4096}, {40, to_}},
                (bonus_size + 7) / 8 * 8);
}

ZfsStreamBuilder& ZfsStreamBuilder::free_objects() {
  return record(2, {{8, 10}, {16, 20}, {24, to_}}, 0);
}

ZfsStreamBuilder& ZfsStreamBuilder::write(std::uint64_t object, std::uint64_t size) {
  return record(3, {{8, object}, {32, size}, {40, to_}}, size);
}

ZfsStreamBuilder& ZfsStreamBuilder::write_compressed(std::uint64_t object, std::uint64_t size,
                                                     std::uint64_t compressed) {
  const std::uint64_t lz4 = std::uint64_t{15} << 16;
  return record(3, {{8, object}, {32, size}, {40, to_}, {48, lz4}, {96, compressed}}, compressed);
}

ZfsStreamBuilder& ZfsStreamBuilder::write_embedded(std::uint32_t size) {
  return record(8, {{8, 3}, {24, 4096}, {32, to_}, {48, std::uint64_t{size} << 32 | 4096}},
                (size + 7) / 8 * 8);
}

ZfsStreamBuilder& ZfsStreamBuilder::spill(std::uint64_t size) {
  return record(7, {{8, 3}, {16, size}, {24, to_}}, size);
}

ZfsStreamBuilder& ZfsStreamBuilder::free() {
  return record(4, {{8, 3}, {16, 0}, {24, ~std::uint64_t{0}}, {32, to_}}, 0);
}

ZfsStreamBuilder& ZfsStreamBuilder::object_range() {
  return record(9, {{8, 0}, {16, 32}, {24, to_}}, 0);
}

ZfsStreamBuilder& ZfsStreamBuilder::end() {
  return record(5, {{8, sums_[0]}, {16, sums_[1]}, {24, sums_[2]}, {32, sums_[3]}, {40, to_}}, 0);
}

ZfsStreamBuilder& ZfsStreamBuilder::end_package() {
  Record record(5);
  stream_.insert(stream_.end(), record.bytes.begin(), record.bytes.end());
  return *this;
}

}  // namespace snapferry::testing
