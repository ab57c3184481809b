#include "wire/verify_reports.h"

#include "core/error.h"

namespace snapferry::wire {
namespace {

constexpr std::size_t kLengthSize = 4;

std::uint32_t length_at(ByteView data) {
  std::uint32_t length = 0;
  for (std::size_t i = kLengthSize; i-- > 0;) length = length << 8 | data[i];
  return length;
}

}  // namespace

void append_report(Bytes& data, const VerifyReport& report) {
  const Bytes bytes = encode(report);
  for (std::size_t i = 0; i < kLengthSize; ++i) {
    data.push_back(static_cast<std::uint8_t>(bytes.size() >> (8 * i)));
  }
  data.insert(data.end(), bytes.begin(), bytes.end());
}

void VerifyReportReader::add(ByteView data) {
  data_.erase(data_.begin(), data_.begin() + static_cast<std::ptrdiff_t>(position_));
  position_ = 0;
  data_.insert(data_.end(), data.begin(), data.end());
}

std::optional<VerifyReport> VerifyReportReader::next() {
  const ByteView rest = ByteView(data_).subspan(position_);
  if (rest.size() < kLengthSize) return std::nullopt;
  const std::uint32_t length = length_at(rest);
  if (length > kMaxVerifyReport) {
    throw Error(ErrorKind::Corrupt,
                "a report of store.verify is longer than it can be; run it "
                "again");
  }
  if (rest.size() - kLengthSize < length) return std::nullopt;
  position_ += kLengthSize + length;
  return decode<VerifyReport>(rest.subspan(kLengthSize, length));
}

void VerifyReportReader::expect_end() const {
  if (position_ == data_.size()) return;
  throw Error(ErrorKind::Corrupt, "the reports of store.verify end within one; run it again");
}

}  // namespace snapferry::wire
