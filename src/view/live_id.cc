#include "view/live_id.h"

#include <cstring>

#include "core/error.h"

namespace snapferry::view {
namespace {

enum class Tag : std::uint8_t { Tree = 0xd1, Data = 0xda };

// As it lies in memory; the middle, which hashes look at, holds what differs most.
struct TreeBytes {
  Tag tag;
  std::uint8_t zeros[7];
  std::uint32_t directory;
  std::uint32_t view;
  std::uint32_t first;
  std::uint32_t count;
  std::uint8_t more_zeros[8];
} __attribute__((packed));
static_assert(sizeof(TreeBytes) == ObjectId::kSize);

struct DataBytes {
  Tag tag;
  std::uint8_t level;
  std::uint16_t units;
  std::uint32_t directory;
  std::uint64_t version_and_place;  // the version, mixed with the place so that it hashes well
  std::uint64_t inode;
  std::uint64_t offset;
} __attribute__((packed));
static_assert(sizeof(DataBytes) == ObjectId::kSize);

template <typename Packed>
ObjectId pack(const Packed& bytes) {
  ObjectId id;
  std::memcpy(id.bytes.data(), &bytes, sizeof bytes);
  return id;
}

template <typename Packed>
Packed unpack(const ObjectId& id, Tag tag) {
  Packed bytes;
  std::memcpy(&bytes, id.bytes.data(), sizeof bytes);
  if (bytes.tag != tag) {
    throw Error(ErrorKind::NotFound, id.hex() + ": is not in this store; list it again");
  }
  return bytes;
}

}  // namespace

ObjectId LiveTreeId::encode() const {
  return pack(TreeBytes{Tag::Tree, {}, directory, view, first, count, {}});
}

LiveTreeId LiveTreeId::decode(const ObjectId& id) {
  const auto bytes = unpack<TreeBytes>(id, Tag::Tree);
  return {bytes.view, bytes.directory, bytes.first, bytes.count};
}

ObjectId LiveDataId::encode() const {
  return pack(
      DataBytes{Tag::Data, level, units, directory, version ^ (offset / kUnit), inode, offset});
}

LiveDataId LiveDataId::decode(const ObjectId& id) {
  const auto bytes = unpack<DataBytes>(id, Tag::Data);
  return {bytes.level,
          bytes.units,
          bytes.directory,
          bytes.inode,
          bytes.version_and_place ^ (bytes.offset / kUnit),
          bytes.offset};
}

}  // namespace snapferry::view
