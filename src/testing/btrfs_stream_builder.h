#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "core/bytes.h"
#include "core/guid.h"
#include "core/stream.h"

namespace snapferry::testing {

// Writes streams of `btrfs send` by hand, sound ones and such as no kernel makes; after
// fs/btrfs/send.h of Linux, apart from the code under test. Checksums are right unless broken
// later.
class BtrfsStreamBuilder {
 public:
  // What an attribute of a record is: its number and its bytes.
  using Attribute = std::pair<std::uint16_t, std::string>;

  explicit BtrfsStreamBuilder(std::uint32_t version = 1) : version_(version) { header(); }

  BtrfsStreamBuilder& header() {
    text_.append("btrfs-stream", 13);
    text_ += little(version_, 4);
    return *this;
  }

  BtrfsStreamBuilder& record(std::uint16_t command, std::initializer_list<Attribute> attributes) {
    std::string body;
    for (const auto& [type, bytes] : attributes) {
      body += little(type, 2);
      if (version_ < 2 || type != kData) body += little(bytes.size(), 2);
      body += bytes;
    }
    std::string head = little(body.size(), 4) + little(command, 2);
    const auto crc = checksum(head + std::string(4, '\0') + body);
    text_ += head + little(crc, 4) + body;
    return *this;
  }

  BtrfsStreamBuilder& subvol(const std::string& name, const Guid& guid) {
    return record(1, {{15, name}, {1, bytes(guid)}, {2, number(7)}});
  }
  BtrfsStreamBuilder& snapshot(const std::string& name, const Guid& guid, const Guid& base) {
    return record(
        2, {{15, name}, {1, bytes(guid)}, {2, number(9)}, {20, bytes(base)}, {21, number(7)}});
  }
  BtrfsStreamBuilder& mkfile(const std::string& path) {
    return record(3, {{15, path}, {3, number(257)}});
  }
  BtrfsStreamBuilder& mkdir(const std::string& path) {
    return record(4, {{15, path}, {3, number(257)}});
  }
  BtrfsStreamBuilder& mknod(const std::string& path, std::uint64_t mode, std::uint64_t device) {
    return record(5, {{15, path}, {3, number(257)}, {8, number(device)}, {5, number(mode)}});
  }
  BtrfsStreamBuilder& symlink(const std::string& path, const std::string& target) {
    return record(8, {{15, path}, {3, number(257)}, {17, target}});
  }
  BtrfsStreamBuilder& rename(const std::string& from, const std::string& to) {
    return record(9, {{15, from}, {16, to}});
  }
  BtrfsStreamBuilder& link(const std::string& path, const std::string& existing) {
    return record(10, {{15, path}, {17, existing}});
  }
  BtrfsStreamBuilder& unlink(const std::string& path) { return record(11, {{15, path}}); }
  BtrfsStreamBuilder& rmdir(const std::string& path) { return record(12, {{15, path}}); }
  BtrfsStreamBuilder& set_xattr(const std::string& path, const std::string& name,
                                const std::string& value) {
    return record(13, {{15, path}, {13, name}, {14, value}});
  }
  BtrfsStreamBuilder& write(const std::string& path, std::uint64_t offset,
                            const std::string& data) {
    return record(15, {{15, path}, {18, number(offset)}, {kData, data}});
  }
  BtrfsStreamBuilder& clone(const std::string& path, const Guid& source, const std::string& from,
                            std::uint64_t size) {
    return record(16, {{15, path},
                       {18, number(0)},
                       {24, number(size)},
                       {20, bytes(source)},
                       {21, number(7)},
                       {22, from},
                       {23, number(0)}});
  }
  BtrfsStreamBuilder& truncate(const std::string& path, std::uint64_t size) {
    return record(17, {{15, path}, {4, number(size)}});
  }
  BtrfsStreamBuilder& chmod(const std::string& path, std::uint64_t mode) {
    return record(18, {{15, path}, {5, number(mode)}});
  }
  BtrfsStreamBuilder& chown(const std::string& path, std::uint64_t uid, std::uint64_t gid) {
    return record(19, {{15, path}, {6, number(uid)}, {7, number(gid)}});
  }
  BtrfsStreamBuilder& utimes(const std::string& path) {
    const std::string time = number(1'000'000'000) + little(5, 4);
    return record(20, {{15, path}, {11, time}, {10, time}, {9, time}});
  }
  BtrfsStreamBuilder& encoded_write(const std::string& path, const std::string& data,
                                    std::uint64_t unpacked, std::uint32_t compression) {
    return record(25, {{15, path},
                       {18, number(0)},
                       {27, number(unpacked)},
                       {28, number(unpacked)},
                       {29, number(0)},
                       {30, little(compression, 4)},
                       {kData, data}});
  }
  BtrfsStreamBuilder& end() { return record(21, {}); }

  // All so far.
  const std::string& text() const { return text_; }

  static std::string little(std::uint64_t value, int size) {
    std::string bytes;
    for (int i = 0; i < size; ++i) bytes += static_cast<char>(value >> 8 * i & 0xff);
    return bytes;
  }
  static std::string number(std::uint64_t value) { return little(value, 8); }
  static std::string bytes(const Guid& guid) { return std::string(as_text(guid.bytes)); }
  static Guid guid(std::uint8_t number) {
    Guid guid;
    guid.bytes.fill(number);
    return guid;
  }

 private:
  static constexpr std::uint16_t kData = 19;

  static std::uint32_t checksum(std::string_view bytes) {
    std::uint32_t crc = 0;
    for (const char byte : bytes) {
      crc ^= static_cast<unsigned char>(byte);
      for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
    }
    return crc;
  }

  std::uint32_t version_;
  std::string text_;
};

// A stream of bytes in memory, in pieces of at most `piece`.
class TextStream : public Stream {
 public:
  explicit TextStream(std::string text, std::size_t piece = 1u << 20)
      : text_(std::move(text)), piece_(piece) {}
  std::size_t read(std::span<std::uint8_t> buffer) override {
    const auto size = std::min({buffer.size(), piece_, text_.size() - position_});
    std::copy_n(text_.begin() + static_cast<std::ptrdiff_t>(position_), size, buffer.begin());
    position_ += size;
    return size;
  }
  void finish() override {}

 private:
  std::string text_;
  std::size_t piece_;
  std::size_t position_ = 0;
};

}  // namespace snapferry::testing
