#include "testing/fake_stream.h"

#include <algorithm>
#include <utility>

#include "core/error.h"

namespace snapferry::testing {
namespace {

constexpr std::string_view kMagic = "FAKE";
constexpr std::size_t kMaxName = 4096;

void append_number(Bytes& bytes, std::uint64_t number, std::size_t size) {
  for (std::size_t i = size; i-- > 0;)
    bytes.push_back(static_cast<std::uint8_t>(number >> (8 * i)));
}

void append_text(Bytes& bytes, std::string_view text) {
  append_number(bytes, text.size(), 4);
  bytes.insert(bytes.end(), text.begin(), text.end());
}

[[noreturn]] void corrupt(const char* what) {
  throw Error(ErrorKind::Corrupt, std::string("fake stream: ") + what);
}

class MemoryStream : public Stream {
 public:
  explicit MemoryStream(Bytes bytes) : bytes_(std::move(bytes)) {}
  std::size_t read(std::span<std::uint8_t> buffer) override {
    const std::size_t size = std::min(buffer.size(), bytes_.size() - at_);
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(at_), size, buffer.begin());
    at_ += size;
    return size;
  }
  void finish() override {}

 private:
  const Bytes bytes_;
  std::size_t at_ = 0;
};

class PayloadReader {
 public:
  explicit PayloadReader(ByteView bytes) : bytes_(bytes) {}
  bool at_end() const { return bytes_.empty(); }
  std::uint8_t byte() { return take(1)[0]; }
  std::string text() {
    std::size_t size = 0;
    for (const std::uint8_t byte : take(4)) size = size << 8 | byte;
    const ByteView part = take(size);
    return {part.begin(), part.end()};
  }

 private:
  ByteView take(std::size_t size) {
    if (size > bytes_.size()) corrupt("the payload is cut");
    const ByteView part = bytes_.first(size);
    bytes_ = bytes_.subspan(size);
    return part;
  }
  ByteView bytes_;
};

}  // namespace

Bytes fake_delta(const PlaceFiles& from, const PlaceFiles& to) {
  Bytes bytes;
  for (const auto& [name, content] : to) {
    const auto before = from.find(name);
    if (before != from.end() && before->second == content) continue;
    bytes.push_back('P');
    append_text(bytes, name);
    append_text(bytes, content);
  }
  for (const auto& [name, content] : from) {
    if (to.contains(name)) continue;
    bytes.push_back('D');
    append_text(bytes, name);
  }
  return bytes;
}

PlaceFiles fake_apply(const PlaceFiles& from, ByteView payload) {
  PlaceFiles files = from;
  PayloadReader reader(payload);
  while (!reader.at_end()) {
    const std::uint8_t verb = reader.byte();
    std::string name = reader.text();
    if (verb == 'P') {
      files[std::move(name)] = reader.text();
    } else if (verb != 'D' || files.erase(name) == 0) {
      corrupt("a change does not fit its base");
    }
  }
  return files;
}

std::unique_ptr<Stream> stream_of(Bytes bytes) {
  return std::make_unique<MemoryStream>(std::move(bytes));
}

FakeStreamWriter::FakeStreamWriter() : bytes_(kMagic.begin(), kMagic.end()) {}

void FakeStreamWriter::add(const FakeRecord& record, ByteView payload) {
  bytes_.push_back('S');
  bytes_.insert(bytes_.end(), record.to.bytes.begin(), record.to.bytes.end());
  bytes_.insert(bytes_.end(), record.base.bytes.begin(), record.base.bytes.end());
  bytes_.push_back(record.raw ? 1 : 0);
  append_text(bytes_, record.name);
  append_number(bytes_, record.offset, 8);
  append_number(bytes_, payload.size(), 8);
  const ByteView rest = payload.subspan(record.offset);
  bytes_.insert(bytes_.end(), rest.begin(), rest.end());
}

Bytes FakeStreamWriter::finish() {
  bytes_.push_back('E');
  return std::move(bytes_);
}

FakeStreamReader::FakeStreamReader(Stream& stream) : stream_(stream) {
  const Bytes magic = take(kMagic.size());
  if (!std::equal(magic.begin(), magic.end(), kMagic.begin())) corrupt("offset 0: no stream");
}

std::optional<FakeRecord> FakeStreamReader::next() {
  const std::uint64_t verb = number(1);
  if (verb == 'E') return std::nullopt;
  if (verb != 'S') corrupt("unknown record");
  FakeRecord record;
  record.to = Guid::from_bytes(take(Guid::kSize));
  record.base = Guid::from_bytes(take(Guid::kSize));
  record.raw = number(1) != 0;
  const std::uint64_t size = number(4);
  if (size > kMaxName) corrupt("a name is too long");
  const Bytes name = take(size);
  record.name.assign(name.begin(), name.end());
  record.offset = number(8);
  record.payload_size = number(8);
  if (record.offset > record.payload_size) corrupt("the offset is behind the payload");
  return record;
}

Bytes FakeStreamReader::payload(std::size_t size) {
  Bytes bytes(size);
  bytes.resize(stream_.read(bytes));
  if (bytes.empty()) corrupt("the stream ends early");
  position_ += bytes.size();
  return bytes;
}

Bytes FakeStreamReader::take(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t at = 0; at < size;) {
    const std::size_t part = stream_.read(std::span(bytes).subspan(at));
    if (part == 0) corrupt("the stream ends early");
    at += part;
    position_ += part;
  }
  return bytes;
}

std::uint64_t FakeStreamReader::number(std::size_t size) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : take(size)) value = value << 8 | byte;
  return value;
}

}  // namespace snapferry::testing
