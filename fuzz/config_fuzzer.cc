// The object `config`, as it lies there and as the body of two whole copies. What decodes
// must encode to the same, and is authentic only with the mac of the key.

#include "expect.h"
#include "repository/config.h"
#include "repository/twin_copy.h"

namespace {

using namespace snapferry;
using namespace snapferry::repository;

void use(ByteView bytes) {
  const Key master;
  try {
    const ReadConfig read = decode_config(bytes);
    const ReadConfig again = decode_config(encode_config(read.config, master));
    fuzz::require(fuzz::same(again.covered, read.covered));
    again.authenticate(master);
    read.authenticate(master);
    fuzz::require(read.mac == again.mac);
  } catch (const Error& error) {
    fuzz::require(error.kind() == ErrorKind::Corrupt || error.kind() == ErrorKind::Unsupported);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  use(bytes);
  use(encode_twin(bytes));
  return 0;
}
