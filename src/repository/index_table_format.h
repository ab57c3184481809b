#pragma once

// The file of an IndexTable; integers are little-endian:
//
//   table   := block* fanout pack* note footer
//   block   := record{1,20} zero* check         1024 bytes; all but the last are full
//   record  := id[32] kind:u8 pack:u32 offset:u32 stored:u32 plain:u32    ascending
//   check   := u64              XXH3 of the block before it, seeded with its position
//   fanout  := u64{2^bits + 1}  number of records whose first `bits` bits are less than 0, 1, …
//   pack    := id[32] size:u32  in the order that records count them; the size that the pack has
//                               where it is whole
//   note    := byte*
//   footer  := count:u64 packs:u32 bits:u32 note:u32 zero:u32 check:u64 magic[8]
//                               check: XXH3 of fanout, packs, note and footer up to here
//
// A block is small because a lookup reads and checks whole blocks: with a million records
// a miss takes 0.59 us with 1 KiB and 0.74 us with 4 KiB (bench/micro_index.cc). `bits` grows with
// the number of records so that a bucket holds about 16 of them, and ends at 16, where buckets grow
// and are searched by interpolation.

#include <cstdint>
#include <cstring>

#include <xxhash.h>

#include "core/bytes.h"
#include "repository/index_table.h"

namespace snapferry::repository::index_format {

inline constexpr std::size_t kRecordSize = 49;
inline constexpr std::size_t kPackSize = ObjectId::kSize + sizeof(std::uint32_t);
inline constexpr std::size_t kBlockSize = 1024;
inline constexpr std::size_t kCheckOffset = kBlockSize - sizeof(std::uint64_t);
inline constexpr std::size_t kRecordsPerBlock = kCheckOffset / kRecordSize;
inline constexpr unsigned kMaxFanoutBits = 16;
inline constexpr std::size_t kFooterSize = 40;
inline constexpr std::size_t kMaxNoteSize = 16u << 20;
inline constexpr char kMagic[8] = {'s', 'f', 'i', 'n', 'd', 'e', 'x', '2'};

inline std::uint64_t blocks_for(std::uint64_t records) {
  return (records + kRecordsPerBlock - 1) / kRecordsPerBlock;
}

inline std::size_t bucket_of(const ObjectId& id, unsigned bits) {
  return static_cast<std::size_t>(id.prefix() >> (64 - bits));
}

inline std::uint64_t block_check(const std::uint8_t* block, std::uint64_t position) {
  return XXH3_64bits_withSeed(block, kCheckOffset, position);
}

inline void encode_record(const IndexRecord& record, std::uint8_t* out) {
  const std::uint32_t numbers[4] = {record.pack, record.offset, record.stored_length,
                                    record.plain_length};
  std::memcpy(out, record.id.bytes.data(), ObjectId::kSize);
  out[ObjectId::kSize] = static_cast<std::uint8_t>(record.kind);
  std::memcpy(out + ObjectId::kSize + 1, numbers, sizeof numbers);
}

inline IndexRecord decode_record(const std::uint8_t* in) {
  IndexRecord record;
  std::uint32_t numbers[4];
  std::memcpy(record.id.bytes.data(), in, ObjectId::kSize);
  record.kind = static_cast<ObjectKind>(in[ObjectId::kSize]);
  std::memcpy(numbers, in + ObjectId::kSize + 1, sizeof numbers);
  record.pack = numbers[0];
  record.offset = numbers[1];
  record.stored_length = numbers[2];
  record.plain_length = numbers[3];
  return record;
}

// Less than, equal to or greater than zero as the encoded record is to the key.
inline int compare(const std::uint8_t* record, const ObjectId& id, ObjectKind kind) {
  const int order = std::memcmp(record, id.bytes.data(), ObjectId::kSize);
  return order != 0 ? order : int{record[ObjectId::kSize]} - static_cast<int>(kind);
}

}  // namespace snapferry::repository::index_format
