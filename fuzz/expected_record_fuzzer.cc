// The payload of a record of what is expected, and the text of a host in it, which stores of native
// snapshots keep, too. What decodes says the same when it is written again.

#include "core/error.h"
#include "expect.h"
#include "repository/expected.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace snapferry;
  using namespace snapferry::repository;
  if (size > (64u << 10)) return 0;  // so that all of it has room in what is written
  const ByteView bytes(data, size);
  const HostExpectations host = decode_expectations(as_text(bytes));
  fuzz::require(decode_expectations(encode_expectations(host)) == host);
  try {
    const Expectations record = decode_expected_record(bytes, "expected/0");
    fuzz::require(decode_expected_record(encode_expected_record(record), "expected/0") == record);
  } catch (const Error& error) {
    // Unsupported: of a later version.
    fuzz::require(error.kind() == ErrorKind::Corrupt || error.kind() == ErrorKind::Unsupported);
  }
  return 0;
}
