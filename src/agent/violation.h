#pragma once

#include "core/bytes.h"
#include "core/error.h"
#include "wire/messages.h"

namespace snapferry::agent {

// A request that is none: the peer breaks the protocol, and the connection ends.
struct Violation {
  Error error;
};

// Throws Violation.
template <typename Message>
Message decode_request(ByteView bytes) {
  try {
    return wire::decode<Message>(bytes);
  } catch (const Error& error) {
    throw Violation{error};
  }
}

}  // namespace snapferry::agent
