// The data of store.verify, as a far end may send it, in pieces: nothing but Corrupt comes of it,
// and what is read as a report has the bytes that were read.

#include <cstdlib>

#include "core/error.h"
#include "wire/verify_reports.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace snapferry;
  const ByteView bytes(data, size);
  const std::size_t piece = size == 0 ? 1 : 1 + data[0] % 32;
  wire::VerifyReportReader reader;
  Bytes again;
  try {
    for (std::size_t at = 0; at < size; at += piece) {
      reader.add(bytes.subspan(at, std::min(piece, size - at)));
      while (const auto report = reader.next()) wire::append_report(again, *report);
    }
    reader.expect_end();
    if (again != Bytes(bytes.begin(), bytes.end())) std::abort();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Corrupt) std::abort();
  }
  return 0;
}
