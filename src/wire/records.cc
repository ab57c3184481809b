#include "wire/records.h"

#include <algorithm>
#include <array>

#include "core/error.h"

namespace snapferry::wire {
namespace {

constexpr std::size_t kLengthSize = 4;
constexpr std::size_t kAtOnce = 256u << 10;

}  // namespace

void RecordWriter::add(ByteView record) {
  if (record.size() > kMaxRecord) {
    throw Error(ErrorKind::Unsupported,
                "files have too many extended attributes to be shown over a connection");
  }
  Bytes length;
  ByteWriter(length).u32(static_cast<std::uint32_t>(record.size()));
  put(length);
  put(record);
}

void RecordWriter::put(ByteView bytes) {
  while (!bytes.empty()) {
    if (payload_.room() == 0) {
      flush();
      payload_ = Payload(kMaxPayload);
    }
    const auto size = std::min(bytes.size(), payload_.room());
    payload_.append(bytes.first(size));
    bytes = bytes.subspan(size);
  }
}

void RecordWriter::flush() {
  if (payload_.size() > 0) channel_.write(std::move(payload_), cancellation_);
  payload_ = Payload();
}

std::size_t RecordReader::fill(std::span<std::uint8_t> buffer) {
  std::size_t total = 0;
  while (total < buffer.size()) {
    const std::size_t size = stream_.read(buffer.subspan(total));
    if (size == 0) break;
    total += size;
  }
  return total;
}

std::optional<Bytes> RecordReader::next(std::size_t limit) {
  std::array<std::uint8_t, kLengthSize> head{};
  const auto got = fill(head);
  if (got == 0) {
    stream_.finish();
    return std::nullopt;
  }
  if (got < head.size()) throw Error(ErrorKind::Corrupt, "a record is cut short");
  const std::size_t length = ByteReader(head, "the length of a record").u32();
  if (length > limit) {
    throw Error(ErrorKind::Corrupt,
                "a record of " + std::to_string(length) + " bytes is longer than any can be");
  }
  Bytes record;
  while (record.size() < length) {
    const auto begin = record.size();
    record.resize(std::min(length, begin + kAtOnce));
    const auto part = std::span(record).subspan(begin);
    if (fill(part) < part.size()) throw Error(ErrorKind::Corrupt, "a record is cut short");
  }
  return record;
}

}  // namespace snapferry::wire
