#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "core/bytes.h"

namespace snapferry::zfs {

// The records of a ZFS stream: dmu_replay_record of OpenZFS 2.1 to 2.4, include/sys/zfs_ioctl.h,
// as a little-endian machine writes it.
//
//   record := type:u32 payload_size:u32 body:304   and its payload
//
// Every body but that of BEGIN ends in the checksum (four u64, zfs/fletcher4.h) of all the stream
// before it, or zeros.
inline constexpr std::size_t kRecordSize = 312;
inline constexpr std::size_t kRecordChecksumAt = kRecordSize - 32;
inline constexpr std::uint64_t kStreamMagic = 0x2F5bacbac;

enum class RecordType : std::uint32_t {
  Begin = 0,
  Object = 1,
  FreeObjects = 2,
  Write = 3,
  Free = 4,
  End = 5,
  WriteByReference = 6,
  Spill = 7,
  WriteEmbedded = 8,
  ObjectRange = 9,
  Redact = 10,
};

// "WRITE", or "unknown".
std::string_view record_name(std::uint32_t type);

// The features in the version word of BEGIN, behind its two bits of stream kind.
enum StreamFeature : std::uint64_t {
  kFeatureSaSpill = 1u << 2,
  kFeatureEmbedded = 1u << 16,
  kFeatureLz4 = 1u << 17,
  kFeatureLargeBlocks = 1u << 19,
  kFeatureResuming = 1u << 20,
  kFeatureCompressed = 1u << 22,
  kFeatureLargeDnode = 1u << 23,
  kFeatureRaw = 1u << 24,
  kFeatureZstd = 1u << 25,
  kFeatureSwitchToLargeBlocks = 1u << 27,
  kFeatureLongName = 1u << 28,
  kFeatureLargeMicrozap = 1u << 29,
};

enum class StreamKind : std::uint32_t { Single = 1, Package = 2 };

// One record's fixed part, whatever its bytes are.
class StreamRecord {
 public:
  explicit StreamRecord(ByteView bytes) { std::memcpy(bytes_.data(), bytes.data(), kRecordSize); }

  std::uint32_t type() const { return u32(0); }
  bool is(RecordType wanted) const { return type() == static_cast<std::uint32_t>(wanted); }
  ByteView bytes() const { return bytes_; }

  std::uint8_t u8(std::size_t at) const { return bytes_[at]; }
  std::uint32_t u32(std::size_t at) const { return load<std::uint32_t>(at); }
  std::uint64_t u64(std::size_t at) const { return load<std::uint64_t>(at); }

  // Of BEGIN.
  std::uint64_t magic() const { return u64(8); }
  std::uint32_t stream_kind() const { return static_cast<std::uint32_t>(u64(16) & 3); }
  std::uint64_t features() const { return u64(16) >> 2; }
  std::uint32_t objset_type() const { return u32(32); }
  std::uint32_t begin_flags() const { return u32(36); }
  std::uint64_t begin_to_guid() const { return u64(40); }
  std::uint64_t begin_from_guid() const { return u64(48); }
  // "tank/home@snapshot"; nullopt if it does not end.
  std::optional<std::string_view> to_name() const;

  // How many bytes follow, computed as the kernel does; nullopt for a type that has no place in a
  // stream of 2.1 to 2.4, or a size that no such stream has.
  std::optional<std::uint64_t> payload_size() const;
  // The guid of the snapshot that a record other than BEGIN says it belongs to.
  std::uint64_t to_guid() const;

 private:
  template <typename T>
  T load(std::size_t at) const {
    T value;
    std::memcpy(&value, bytes_.data() + at, sizeof value);
    return value;
  }

  std::array<std::uint8_t, kRecordSize> bytes_;
};

}  // namespace snapferry::zfs
