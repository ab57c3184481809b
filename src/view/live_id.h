#pragma once

#include <cstdint>

#include "core/object_id.h"

namespace snapferry::view {

// The ids that LiveObjects gives: they say where what they name is found, and are good within
// one LiveObjects only.
//
// Of a directory in one snapshot, or a part of a big one: its entries from `first` on, in order
// of names.
struct LiveTreeId {
  static constexpr std::uint32_t kAll = 0xffffffff;

  std::uint32_t view = 0;
  std::uint32_t directory = 0;
  std::uint32_t first = 0;
  std::uint32_t count = kAll;  // kAll: the whole directory, however big
  bool operator==(const LiveTreeId&) const = default;

  ObjectId encode() const;
  // Throws NotFound if `id` is not one.
  static LiveTreeId decode(const ObjectId& id);
};

// Of a part of a file's content: the same in every snapshot that has the unchanged file at the
// same path, so that comparing ids compares contents.
struct LiveDataId {
  static constexpr std::uint64_t kUnit = 4096;

  std::uint8_t level = 0;       // 0: bytes; n: a List of runs of depth n - 1
  std::uint16_t units = 0;      // of level 0: how many kUnit; the last may be cut by the file's end
  std::uint32_t directory = 0;  // that the file is in
  std::uint64_t inode = 0;
  std::uint64_t version = 0;  // of the file: from its size, times of change and birth
  std::uint64_t offset = 0;   // a multiple of kUnit
  bool operator==(const LiveDataId&) const = default;

  ObjectId encode() const;
  // Throws NotFound if `id` is not one.
  static LiveDataId decode(const ObjectId& id);
};

}  // namespace snapferry::view
