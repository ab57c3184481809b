#pragma once

#include <memory>

#include "core/bytes.h"
#include "core/stream.h"
#include "wire/verb.h"

namespace snapferry::remote {

// How a RemoteView reaches the far end: over the connection of the moment (cli/remote_end.h), or
// over one (remote/remote_store.h). Safe from several threads.
class ViewRequests {
 public:
  virtual ~ViewRequests() = default;

  // The answer of a verb that answers with a message. Throws as the connection or the far end does.
  virtual Bytes ask(wire::Verb verb, Bytes request) = 0;
  // That of a verb that answers with a stream; it comes while others are asked for. Dropping it
  // early cancels it.
  virtual std::unique_ptr<Stream> start(wire::Verb verb, Bytes request) = 0;
};

}  // namespace snapferry::remote
