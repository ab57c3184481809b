#pragma once

#include <string_view>

#include "core/store.h"

namespace snapferry::zfs {

// What the property receive_resume_token says.
struct ResumeToken {
  Partial partial;
  std::string dataset;  // of the sender, before the '@'
  StreamFeatures features;
};

// Decodes a token of version 1 (OpenZFS, module/zfs/dsl_dataset.c):
//
//   token := "1-" checksum "-" size "-" bytes       in hexadecimal
//
// bytes being a zlib stream of `size` bytes of packed nvlist (zfs/nvlist.h), checksum the first sum
// of Fletcher4 over them. Throws Corrupt for anything else, Unsupported for a token of a redacted
// stream or another version.
ResumeToken parse_resume_token(std::string_view token);

}  // namespace snapferry::zfs
