#include "wire/verify_reports.h"

#include "core/error.h"

namespace snapferry::wire {
namespace {

constexpr std::size_t kReportLengthSize = 4;

}  // namespace

void append_report(Bytes& data, const VerifyReport& report) {
  ByteWriter(data).sized(encode(report));
}

void VerifyReportReader::add(ByteView data) {
  data_.erase(data_.begin(), data_.begin() + static_cast<std::ptrdiff_t>(position_));
  position_ = 0;
  data_.insert(data_.end(), data.begin(), data.end());
}

std::optional<VerifyReport> VerifyReportReader::next() {
  const ByteView rest = ByteView(data_).subspan(position_);
  if (rest.size() < kReportLengthSize) return std::nullopt;
  const std::uint32_t length = ByteReader(rest, "a report").u32();
  if (length > kMaxVerifyReport) {
    throw Error(ErrorKind::Corrupt,
                "a report of store.verify is longer than it can be; run it "
                "again");
  }
  if (rest.size() - kReportLengthSize < length) return std::nullopt;
  position_ += kReportLengthSize + length;
  return decode<VerifyReport>(rest.subspan(kReportLengthSize, length));
}

void VerifyReportReader::expect_end() const {
  if (position_ == data_.size()) return;
  throw Error(ErrorKind::Corrupt, "the reports of store.verify end within one; run it again");
}

}  // namespace snapferry::wire
