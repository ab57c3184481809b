#pragma once

#include <cstdint>

#include "core/bytes.h"

namespace snapferry::btrfs {

// CRC-32C (Castagnoli) without inversion at either end, as the kernel's send uses it
// (fs/btrfs/send.c, crc32c(0, …)): start with 0 and go on with what the last call returned. With
// the processor's instruction where it has one.
std::uint32_t crc32c(std::uint32_t state, ByteView bytes);

}  // namespace snapferry::btrfs
