#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/bytes.h"
#include "core/guid.h"
#include "core/stream.h"
#include "testing/replication_files.h"

namespace snapferry::testing {

// The streams of FakeSource and FakeStore:
//
//   stream := "FAKE" { 'S' record } 'E'
//   record := guid of the snapshot (16), guid of its base (16; zeros: full), raw (1),
//             size of name (4), name, offset (8), size of payload (8), payload from `offset` on
//   payload := { 'P' size (4) name size (4) content | 'D' size (4) name }   what the base lacks
//
// Numbers are big-endian.
struct FakeRecord {
  Guid to;
  Guid base;
  bool raw = false;
  std::string name;
  std::uint64_t offset = 0;        // of the payload, where a stream is resumed
  std::uint64_t payload_size = 0;  // whole
  bool operator==(const FakeRecord&) const = default;
};

// What turns the files `from` into `to`.
Bytes fake_delta(const PlaceFiles& from, const PlaceFiles& to);
// Throws Corrupt.
PlaceFiles fake_apply(const PlaceFiles& from, ByteView payload);

std::unique_ptr<Stream> stream_of(Bytes bytes);

// Builds the bytes of a stream.
class FakeStreamWriter {
 public:
  FakeStreamWriter();
  // `payload` is whole; what is before record.offset is left out.
  void add(const FakeRecord& record, ByteView payload);
  Bytes finish();

 private:
  Bytes bytes_;
};

// Takes a stream apart as it comes.
class FakeStreamReader {
 public:
  // Throws Corrupt unless it begins as a stream does.
  explicit FakeStreamReader(Stream& stream);
  // nullopt at the end.
  std::optional<FakeRecord> next();
  // The next bytes of the payload of the last record, at most `size`.
  Bytes payload(std::size_t size);
  // Bytes that were taken from the stream.
  std::uint64_t position() const { return position_; }

 private:
  Bytes take(std::size_t size);
  std::uint64_t number(std::size_t size);

  Stream& stream_;
  std::uint64_t position_ = 0;
};

}  // namespace snapferry::testing
