#include "cli/progress_display.h"

#include <gtest/gtest.h>

namespace snapferry::cli {
namespace {

TEST(ProgressLine, ShowsPartRateAndTimeLeft) {
  const ProgressSample sample{"reading", 1234, 512 << 20, 0, 1024 << 20, 8};
  EXPECT_EQ(render_progress(sample, 100),
            "reading  50%  1,234 files  512.0 MiB  64.0 MiB/s  0:08 left");
}

TEST(ProgressLine, ClaimsNoPartWhereTheTotalIsUnknownOrProvedWrong) {
  EXPECT_EQ(render_progress({"reading", 10, 0, 0, 0, 5}, 100), "reading  10 files");
  EXPECT_EQ(render_progress({"reading", 10, 0, 8, 0, 5}, 100), "reading  10 files");
}

TEST(ProgressLine, FitsItsWidth) {
  const ProgressSample sample{"reading", 123456789, 1ull << 40, 200000000, 1ull << 42, 9999};
  for (std::size_t width = 0; width < 100; ++width) {
    EXPECT_LE(render_progress(sample, width).size(), width);
  }
}

}  // namespace
}  // namespace snapferry::cli
