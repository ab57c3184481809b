#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/bytes.h"

namespace snapferry::testing {

// A packed nvlist as the kernel makes it (native, little-endian).
class NvlistBuilder {
 public:
  NvlistBuilder& flag(const std::string& name);
  NvlistBuilder& number(const std::string& name, std::uint64_t value);
  NvlistBuilder& text(const std::string& name, const std::string& value);
  NvlistBuilder& bytes(const std::string& name, const Bytes& value);
  NvlistBuilder& list(const std::string& name, const NvlistBuilder& value);
  Bytes pack() const;

 private:
  void pair(const std::string& name, std::uint32_t type, std::uint32_t elements,
            const Bytes& value);
  Bytes pairs_;
};

// Small streams of ZFS in the format of OpenZFS 2.1 (include/sys/zfs_ioctl.h), with right
// checksums, written independently of the code that reads them.
//
//   ZfsStreamBuilder().begin({.to = 7, .name = "tank/home@a"}).write(1, 512).end().stream()
class ZfsStreamBuilder {
 public:
  struct Begin {
    std::uint64_t to = 0;
    std::uint64_t from = 0;
    std::string name{};
    std::uint64_t features = 4;  // SA_SPILL
    std::uint64_t kind = 1;      // 2: a package
    std::uint32_t objset = 2;    // 3: a zvol
    std::uint32_t flags = 4;     // FREERECORDS
    Bytes payload{};
  };

  ZfsStreamBuilder& begin(const Begin& begin);
  // The header of a package, and its END.
  ZfsStreamBuilder& package(const std::string& name, const Bytes& payload = {});
  ZfsStreamBuilder& object(std::uint64_t object, std::uint32_t bonus_size);
  ZfsStreamBuilder& free_objects();
  ZfsStreamBuilder& write(std::uint64_t object, std::uint64_t size);
  ZfsStreamBuilder& write_compressed(std::uint64_t object, std::uint64_t size,
                                     std::uint64_t compressed);
  ZfsStreamBuilder& write_embedded(std::uint32_t size);
  ZfsStreamBuilder& spill(std::uint64_t size);
  ZfsStreamBuilder& free();
  ZfsStreamBuilder& object_range();
  // Any record: its type, where to put which 64-bit numbers, how much payload.
  ZfsStreamBuilder& record(std::uint32_t type,
                           const std::vector<std::pair<std::size_t, std::uint64_t>>& numbers,
                           std::size_t payload_size);
  ZfsStreamBuilder& end();
  // The END of a package: all zeros.
  ZfsStreamBuilder& end_package();

  const Bytes& stream() const { return stream_; }

 private:
  struct Record;
  void add(Record record, const Bytes& payload);
  void checksum(const Bytes& bytes);

  Bytes stream_;
  std::uint64_t to_ = 0;
  std::uint64_t sums_[4] = {};
};

}  // namespace snapferry::testing
