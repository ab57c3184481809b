#include "wire/verify_reports.h"

#include <gtest/gtest.h>

#include "testing/errors.h"

namespace snapferry::wire {
namespace {

Bytes two_reports() {
  Bytes data;
  append_report(data, {7, ReplicaDamage{{"web1", "zfs:tank"}, "a", "is gone"}});
  append_report(data, {1u << 20, {}});
  return data;
}

TEST(VerifyReports, ComeWholeHoweverTheDataIsCut) {
  const Bytes data = two_reports();
  for (std::size_t piece = 1; piece <= data.size(); ++piece) {
    VerifyReportReader reader;
    std::vector<VerifyReport> reports;
    for (std::size_t at = 0; at < data.size(); at += piece) {
      reader.add(ByteView(data).subspan(at, std::min(piece, data.size() - at)));
      while (auto report = reader.next()) reports.push_back(std::move(*report));
    }
    reader.expect_end();
    ASSERT_EQ(reports.size(), 2u) << piece;
    EXPECT_EQ(reports[0].bytes, 7u);
    EXPECT_EQ(reports[0].damage->message, "is gone");
    EXPECT_EQ(reports[1].bytes, 1u << 20);
    EXPECT_FALSE(reports[1].damage);
  }
}

TEST(VerifyReports, ThatEndEarlyAreNotWhole) {
  const Bytes data = two_reports();
  std::size_t whole = 0;
  for (std::size_t size = 0; size <= data.size(); ++size) {
    VerifyReportReader reader;
    reader.add(ByteView(data).first(size));
    while (reader.next()) {
    }
    try {
      reader.expect_end();
      ++whole;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Corrupt);
    }
  }
  EXPECT_EQ(whole, 3u);
}

TEST(VerifyReports, AreRefusedBeforeTheyTakeMemory) {
  VerifyReportReader reader;
  reader.add(Bytes{0x01, 0x40, 0, 0});
  EXPECT_ERROR(reader.next(), ErrorKind::Corrupt);
  VerifyReportReader other;
  other.add(Bytes{1, 0, 0, 0, 9});
  EXPECT_ERROR(other.next(), ErrorKind::Corrupt);
}

}  // namespace
}  // namespace snapferry::wire
