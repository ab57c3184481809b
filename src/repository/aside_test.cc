#include "repository/aside.h"

#include <gtest/gtest.h>

#include "blob/memory_storage.h"
#include "core/error.h"
#include "repository/test_damage.h"
#include "testing/fake_clock.h"

namespace snapferry::repository {
namespace {

constexpr std::int64_t kDay = 86400;

TEST(Aside, NamesWhatWasSetAsideAfterItsPlace) {
  EXPECT_EQ(aside_name("packs/3f"), "aside/packs-3f");
}

TEST(Aside, IsOldByTheClockOfTheStorageAlone) {
  testing::FakeClock clock(1'000'000'000);
  MemoryStorage storage(clock);
  storage.put("aside/packs-3f", Bytes(5));
  EXPECT_TRUE(old_asides(storage, 1'000'000'000 + 89 * kDay).empty());
  EXPECT_EQ(old_asides(storage, 1'000'000'000 + 90 * kDay).size(), 1u);
  EXPECT_TRUE(old_asides(storage, 1'000'000'000 - kDay).empty());
  EXPECT_TRUE(old_asides(storage, 0).empty());
}

// A repository of which `repair` set a pack aside that a backup had healed, `days` ago.
struct Repaired {
  explicit Repaired(std::int64_t days) {
    create(storage);
    back_up(*open(storage));
    for (const auto& info : storage.list("packs")) {
      if (info.size > 8000) flip("piece", 20, false, true).apply(storage, info.name);
    }
    open(storage)->repair({});
    clock.advance(Duration{days * kDay});
  }

  testing::FakeClock clock{1'000'000'000};
  MemoryStorage storage{clock};
};

TEST(Aside, GoesWithAPruneThreeMonthsLaterWhereNothingIsLost) {
  for (const std::int64_t days : {89, 91}) {
    Repaired repaired(days);
    back_up(*open(repaired.storage));
    ASSERT_EQ(repaired.storage.list("aside").size(), 1u);
    const CollectReport report = open(repaired.storage)->collect({});
    EXPECT_EQ(report.asides_removed, days > 90 ? 1u : 0u);
    EXPECT_EQ(repaired.storage.list("aside").empty(), days > 90);
  }
}

TEST(Aside, StaysWhileSomethingIsLost) {
  Repaired repaired(1000);
  const CollectReport report = open(repaired.storage)->collect({});
  EXPECT_FALSE(report.damages.empty());
  EXPECT_EQ(report.asides_removed, 0u);
  EXPECT_EQ(repaired.storage.list("aside").size(), 1u);
}

}  // namespace
}  // namespace snapferry::repository
