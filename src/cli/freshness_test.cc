// What `check` says of repositories.
#include "cli/test_source.h"

namespace snapferry::cli {
namespace {

TEST_F(Program, ChecksFreshnessAsANagiosPlugin) {
  init();
  EXPECT_EQ(run({"check", "--max-age", "1d"}).code, 1);
  back_up();
  program_.clock.advance(Duration{3540});
  const std::string fresh = ok({"check", "--max-age", "1h", source_});
  EXPECT_EQ(fresh, "OK: newest snapshot of box:" + source_ + " is 1h 0m old|age=3600s;3600;;0\n");
  program_.clock.advance(Duration{1});
  const Outcome stale = run({"check", "--max-age", "1h"});
  EXPECT_EQ(stale.code, 1);
  EXPECT_TRUE(stale.out.starts_with("WARNING: ")) << stale.out;
  EXPECT_EQ(run({"check", "--max-age", "1h", "box:/unknown"}).code, 1);
}

// 2 is CRITICAL to whoever runs it.
TEST_F(Program, TakesAWrongCommandLineForUnknown) {
  init();
  back_up();
  for (const auto& words :
       std::vector<std::vector<std::string>>{{"check"},
                                             {"check", "--max-age", "bogus"},
                                             {"check", "--max-age", "1d", "--critcal", "2d"},
                                             {"check", "--max-age", "1d", "one", "two"}}) {
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.code, 3) << words.back();
    EXPECT_TRUE(outcome.out.starts_with("UNKNOWN: ")) << outcome.out;
    EXPECT_TRUE(is_one_line(outcome.err)) << outcome.err;
  }
}

// Nobody can open a file that somebody else holds a lease on, not even root.
class Leased {
 public:
  explicit Leased(const std::string& path) : fd_(platform::open_path(path, O_RDWR)) {
    before_ = ::signal(SIGIO, SIG_IGN);
    EXPECT_EQ(::fcntl(fd_.get(), F_SETLEASE, F_WRLCK), 0);
  }
  ~Leased() {
    ::fcntl(fd_.get(), F_SETLEASE, F_UNLCK);
    ::signal(SIGIO, before_);
  }
  Leased(const Leased&) = delete;
  Leased& operator=(const Leased&) = delete;

 private:
  platform::Fd fd_;
  void (*before_)(int) = SIG_DFL;
};

TEST_F(Program, TakesNoIncompleteSnapshotForAFreshOneNorForACompleteOne) {
  init();
  const std::string whole = back_up();
  program_.clock.advance(Duration{3540});
  write_file(source_ + "/b.txt", "changed");
  {
    const Leased leased(source_ + "/b.txt");
    EXPECT_EQ(run({"backup", source_}).code, 3);
  }
  program_.clock.advance(Duration{120});
  const Outcome stale = run({"check", "--max-age", "1h"});
  EXPECT_EQ(stale.code, 1);
  EXPECT_TRUE(contains(stale.out, "newer, but incomplete: 1 file could not be read")) << stale.out;
  EXPECT_EQ(run({"check", "--max-age", "1h", "--allow-incomplete"}).code, 0);
  const std::string kept = ok({"prune", "--keep-last", "1"});
  EXPECT_TRUE(contains(kept, "the last complete")) << kept;
  EXPECT_EQ(ok({"cat", whole, "b.txt"}), "bee");
}

TEST_F(Program, ChecksWhetherAgesAreCritical) {
  init();
  back_up();
  program_.clock.advance(Duration{2 * 86400});
  EXPECT_EQ(run({"check", "--max-age", "1d", "--critical", "3d"}).code, 1);
  program_.clock.advance(Duration{2 * 86400});
  const Outcome critical = run({"check", "--max-age", "1d", "--critical", "3d"});
  EXPECT_EQ(critical.code, 2);
  EXPECT_TRUE(critical.out.starts_with("CRITICAL: ")) << critical.out;
  EXPECT_TRUE(contains(critical.out, ";86400;259200;0")) << critical.out;
  EXPECT_EQ(run({"check", "--max-age", "1d", "--critical", "3d", "box:/unknown"}).code, 2);
  EXPECT_EQ(run({"check", "--max-age", "3d", "--critical", "1d"}).code, 3);
}

TEST_F(Program, TellsMonitoringWhyItDoesNotKnow) {
  const Outcome outcome = run({"check", "--max-age", "1d"});
  EXPECT_EQ(outcome.code, 10);
  EXPECT_TRUE(outcome.out.starts_with("UNKNOWN: ")) << outcome.out;
}

TEST_F(Program, NeverTakesTheFutureForFresh) {
  init();
  program_.clock.advance(Duration{9 * 365 * 86400});  // that of the store's machine, too
  back_up();
  program_.clock.advance(Duration{-9 * 365 * 86400});
  const Outcome future = run({"check", "--max-age", "1d"});
  EXPECT_EQ(future.code, 1) << future.out;
  EXPECT_TRUE(contains(future.out, "in the future")) << future.out;
  back_up();
  EXPECT_EQ(run({"check", "--max-age", "1d"}).code, 0);
  program_.clock.advance(Duration{30 * 86400});
  EXPECT_EQ(run({"check", "--max-age", "1d"}).code, 1);
}

}  // namespace
}  // namespace snapferry::cli
