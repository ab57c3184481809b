#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.h"

namespace snapferry::zfs {

// One pair of a packed nvlist. Of the types that occur here the value is decoded; of others only
// its bytes are there.
struct NvPair {
  // OpenZFS, include/sys/nvpair.h.
  enum class Type : std::uint32_t {
    Boolean = 1,  // is there or not; has no value
    Uint64 = 8,
    String = 9,
    Nvlist = 19,
    Uint8Array = 26,
  };

  std::string name;
  std::uint32_t type = 0;
  std::uint64_t number = 0;   // of Uint64
  std::string text;           // of String
  std::vector<NvPair> pairs;  // of Nvlist
  bool is(Type wanted) const { return type == static_cast<std::uint32_t>(wanted); }
};

// The pairs of an nvlist in the kernel's native little-endian encoding, as BEGIN records and resume
// tokens carry it:
//
//   packed := encoding:u8=0 endian:u8=1 0:u16 list
//   list   := version:i32=0 flags:u32 pair* 0:i32
//   pair   := size:i32 name_size:i16 0:i16 elements:i32 type:u32 name NUL pad value pad
//   pad    := zero bytes up to the next multiple of 8 from the start of the pair
//
// The value of a nested list is a header of 24 bytes, whose list (without version and flags)
// follows the pair. `subject` begins the messages. Throws Corrupt for anything else, for two pairs
// of one name in a list, for more than 4096 pairs and for lists nested deeper than four.
std::vector<NvPair> parse_nvlist(ByteView packed, std::string_view subject);

// nullptr if there is none of this name and type.
const NvPair* find_pair(const std::vector<NvPair>& pairs, std::string_view name, NvPair::Type type);

}  // namespace snapferry::zfs
