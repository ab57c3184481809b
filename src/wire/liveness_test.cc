#include "wire/liveness.h"

#include <gtest/gtest.h>

namespace snapferry::wire {
namespace {

using std::chrono::seconds;
using Verdict = Liveness::Verdict;

const Instant kStart{seconds(1000)};

TEST(Liveness, WaitsForTheHelloAsLongAsItMay) {
  Liveness liveness({}, kStart);
  EXPECT_EQ(liveness.look(kStart + seconds(10)).verdict, Verdict::Wait);
  EXPECT_EQ(liveness.look(kStart + seconds(10)).next, seconds(20));
  liveness.heard(kStart + seconds(29));
  EXPECT_EQ(liveness.look(kStart + seconds(30)).verdict, Verdict::NoHello);
}

TEST(Liveness, AsksOnceForEachSilence) {
  Liveness liveness({}, kStart);
  liveness.greeted();
  liveness.heard(kStart);
  EXPECT_EQ(liveness.look(kStart + seconds(14)).verdict, Verdict::Wait);
  EXPECT_EQ(liveness.look(kStart + seconds(14)).next, seconds(1));
  EXPECT_EQ(liveness.look(kStart + seconds(15)).verdict, Verdict::Ping);
  EXPECT_EQ(liveness.look(kStart + seconds(16)).verdict, Verdict::Wait);
  EXPECT_EQ(liveness.look(kStart + seconds(30)).verdict, Verdict::Ping);
}

TEST(Liveness, IsLostAfterSilenceAndNotBefore) {
  Liveness liveness({}, kStart);
  liveness.greeted();
  liveness.heard(kStart + seconds(5));
  EXPECT_NE(liveness.look(kStart + seconds(64)).verdict, Verdict::Lost);
  EXPECT_EQ(liveness.look(kStart + seconds(65)).verdict, Verdict::Lost);
}

TEST(Liveness, NeverWaitsBeyondTheLoss) {
  Liveness liveness({.ping_after = seconds(50), .lost_after = seconds(60)}, kStart);
  liveness.greeted();
  liveness.heard(kStart);
  EXPECT_EQ(liveness.look(kStart + seconds(50)).verdict, Verdict::Ping);
  EXPECT_EQ(liveness.look(kStart + seconds(51)).next, seconds(9));
}

}  // namespace
}  // namespace snapferry::wire
