#include "replication/throttle.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "testing/errors.h"
#include "testing/fake_stream.h"
#include "testing/fake_waiter.h"

namespace snapferry::replication {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

double seconds_since(testing::FakeWaiter& waiter, std::chrono::nanoseconds began) {
  return std::chrono::duration<double>(waiter.now() - began).count();
}

std::uint64_t drain(Stream& stream) {
  std::vector<std::uint8_t> buffer(1u << 16);
  std::uint64_t total = 0;
  while (const std::size_t size = stream.read(buffer)) total += size;
  stream.finish();
  return total;
}

TEST(RateLimit, LetsBytesPassAtItsRate) {
  testing::FakeWaiter waiter;
  RateLimit limit(1000, waiter);
  const auto began = waiter.now();
  const auto stream = throttled(testing::stream_of(Bytes(10'000)), limit, nullptr);
  EXPECT_EQ(drain(*stream), 10'000u);
  EXPECT_NEAR(seconds_since(waiter, began), 9.5, 0.6);
  EXPECT_EQ(stream->pipe(), -1);
}

TEST(RateLimit, IsSharedByStreams) {
  testing::FakeWaiter waiter;
  RateLimit limit(1'000'000, waiter);
  const auto began = waiter.now();
  const auto one = throttled(testing::stream_of(Bytes(2'000'000)), limit, nullptr);
  const auto two = throttled(testing::stream_of(Bytes(2'000'000)), limit, nullptr);
  std::vector<std::uint8_t> buffer(1u << 16);
  while (one->read(buffer) + two->read(buffer) > 0) continue;
  EXPECT_NEAR(seconds_since(waiter, began), 4, 0.6);
}

TEST(RateLimit, SavesNoMoreThanAShortBurstFromAPause) {
  testing::FakeWaiter waiter;
  RateLimit limit(1000, waiter);
  waiter.advance(seconds(100));
  const auto began = waiter.now();
  const auto stream = throttled(testing::stream_of(Bytes(5000)), limit, nullptr);
  drain(*stream);
  EXPECT_NEAR(seconds_since(waiter, began), 4.5, 0.1);
}

TEST(RateLimit, OfManyBytesTakesLargePiecesAndOfFewSmallOnes) {
  testing::FakeWaiter waiter;
  EXPECT_EQ(RateLimit(1u << 30, waiter).piece(), 1u << 20);
  EXPECT_EQ(RateLimit(1, waiter).piece(), 512u);
}

TEST(RateLimit, EndsWhenCancelled) {
  testing::FakeWaiter waiter;
  RateLimit limit(1, waiter);
  Cancellation cancellation;
  cancellation.request();
  const auto stream = throttled(testing::stream_of(Bytes(5000)), limit, &cancellation);
  EXPECT_ERROR(drain(*stream), ErrorKind::Cancelled);
}

TEST(SystemWaiter, GoesForwardAndReturnsAtOnceWhenCancelled) {
  Cancellation cancellation;
  cancellation.request();
  const auto began = system_waiter().now();
  system_waiter().wait(seconds(3600), &cancellation);
  system_waiter().wait(milliseconds(0), nullptr);
  EXPECT_GE(system_waiter().now(), began);
}

}  // namespace
}  // namespace snapferry::replication
