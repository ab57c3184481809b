// The frames of a whole connection, as a peer may send them, to a server and to a client. Nothing
// but Corrupt may come of it.

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <vector>

#include "core/error.h"
#include "wire/multiplexer.h"

namespace {

using snapferry::ByteView;
using snapferry::Error;
using snapferry::ErrorKind;
namespace wire = snapferry::wire;

void feed(wire::Multiplexer& multiplexer, ByteView bytes) {
  std::vector<wire::Frame> batch;
  while (bytes.size() >= wire::kHeaderSize && !multiplexer.is_over()) {
    wire::Frame frame;
    frame.header = wire::parse_header(bytes.first<wire::kHeaderSize>());
    bytes = bytes.subspan(wire::kHeaderSize);
    if (bytes.size() < frame.header.length) break;
    frame.payload = wire::Payload::copy_of(bytes.first(frame.header.length));
    bytes = bytes.subspan(frame.header.length);
    multiplexer.take(std::move(frame));
  }
  multiplexer.end_of_input(bytes.empty());
  multiplexer.close();
  while (multiplexer.collect(batch)) {
  }
}

void run(wire::Role role, ByteView bytes) {
  wire::Multiplexer multiplexer(role, {.program = "fuzz 1"}, "peer", {},
                                [] { return wire::Instant(std::chrono::hours(1)); });
  try {
    feed(multiplexer, bytes);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Corrupt) std::abort();
    multiplexer.fail(error, true);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  run(wire::Role::Server, {data, size});
  run(wire::Role::Client, {data, size});
  return 0;
}
