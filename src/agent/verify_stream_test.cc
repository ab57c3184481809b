#include "agent/verify_stream.h"

#include <condition_variable>
#include <mutex>

#include <gtest/gtest.h>

#include "testing/errors.h"
#include "wire/verify_reports.h"

namespace snapferry::agent {
namespace {

using std::chrono::milliseconds;

// All reports up to the end, and what is done with each.
std::vector<wire::VerifyReport> read_all(
    Stream& stream, const std::function<void(const wire::VerifyReport&)>& take = {}) {
  std::vector<wire::VerifyReport> reports;
  wire::VerifyReportReader reader;
  Bytes buffer(7);
  while (const auto size = stream.read(buffer)) {
    reader.add(ByteView(buffer).first(size));
    while (auto report = reader.next()) {
      if (take) take(*report);
      reports.push_back(std::move(*report));
    }
  }
  reader.expect_end();
  return reports;
}

TEST(VerifyStream, TellsWhatWasReadBeforeTheEnd) {
  std::mutex mutex;
  std::condition_variable changed;
  bool seen = false;
  VerifyStream stream(
      [&](Progress& progress, const Cancellation&) {
        progress.bytes += 1000;
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return seen; });
        progress.bytes += 1;
        return std::vector<ReplicaDamage>{{{"h", "zfs:a"}, "s", "is gone"}};
      },
      milliseconds(1));
  std::uint64_t bytes = 0;
  const auto reports = read_all(stream, [&](const auto& report) {
    bytes += report.bytes;
    if (bytes < 1000) return;
    const std::lock_guard lock(mutex);
    seen = true;
    changed.notify_all();
  });
  EXPECT_EQ(bytes, 1001u);
  EXPECT_EQ(reports.back().damage->message, "is gone");
}

TEST(VerifyStream, FailsAsTheVerificationDoes) {
  VerifyStream stream([](Progress&, const Cancellation&) -> std::vector<ReplicaDamage> {
    throw Error(ErrorKind::Unavailable, "the disk is gone");
  });
  EXPECT_ERROR(read_all(stream), ErrorKind::Unavailable);
}

TEST(VerifyStream, CancelsTheVerificationWithNobodyLeftToTell) {
  bool cancelled = false;
  {
    VerifyStream stream(
        [&](Progress&, const Cancellation& cancellation) -> std::vector<ReplicaDamage> {
          while (!cancellation.requested()) std::this_thread::yield();
          cancelled = true;
          return {};
        },
        milliseconds(1));
    Bytes buffer(100);
    EXPECT_GT(stream.read(buffer), 0u);
  }
  EXPECT_TRUE(cancelled);
}

}  // namespace
}  // namespace snapferry::agent
