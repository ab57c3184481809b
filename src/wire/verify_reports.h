#pragma once

#include <cstddef>
#include <optional>

#include "core/bytes.h"
#include "wire/messages.h"

namespace snapferry::wire {

// The data of store.verify: reports, each behind its length (PROTOCOL.md).

inline constexpr std::size_t kMaxVerifyReport = 16384;

void append_report(Bytes& data, const VerifyReport& report);

// Takes the data in pieces of any size and gives whole reports.
class VerifyReportReader {
 public:
  void add(ByteView data);
  // The next one, as far as it is there. Throws Corrupt for a length that no report has, and for
  // what is none.
  std::optional<VerifyReport> next();
  // Throws Corrupt if the data ends within a report.
  void expect_end() const;

 private:
  Bytes data_;
  std::size_t position_ = 0;
};

}  // namespace snapferry::wire
