// Resume tokens, and the lists within them and in the records of streams.

#include <cstdlib>

#include "core/error.h"
#include "zfs/nvlist.h"
#include "zfs/resume_token.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace snapferry;
  const ByteView bytes(data, size);
  try {
    zfs::parse_resume_token(as_text(bytes));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Corrupt && error.kind() != ErrorKind::Unsupported) std::abort();
  }
  try {
    zfs::parse_nvlist(bytes, "list");
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Corrupt) std::abort();
  }
  return 0;
}
