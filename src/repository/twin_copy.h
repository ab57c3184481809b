#pragma once

#include "core/bytes.h"

namespace snapferry::repository {

// `copy, copy` of FORMAT.md: for the objects without which nothing opens.
Bytes encode_twin(ByteView body);

struct TwinBody {
  Bytes body;
  bool one_damaged = false;  // the other copy was used
};

// The body of the first whole copy. Throws Corrupt naming `subject` if neither is.
TwinBody decode_twin(ByteView bytes, std::string_view subject);

}  // namespace snapferry::repository
