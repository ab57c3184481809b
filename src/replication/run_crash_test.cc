#include <functional>

#include <gtest/gtest.h>

#include "core/error.h"
#include "replication/run.h"
#include "replication/test_scene.h"

// Every call of a run fails, one after the other, once and from there on, with and without having
// taken effect; and the machine of the source goes down between any two changes. Whatever that
// leaves, one clean run mends it.
namespace snapferry::replication {
namespace {

using testing::FakeKind;
using testing::FaultEffect;
using testing::FaultPlan;
using testing::FaultRepeat;

// A first run, or one that finds changes, snapshots of others and something unchanged.
class CrashTest : public ::testing::TestWithParam<FakeKind> {
 protected:
  static void set_up_first(Scene& scene) {
    scene.make("a", std::string(3000, 'a'));
    scene.make("b", std::string(3000, 'b'));
    scene.host.snapshot(scene.name("b"), "hourly");
  }

  static void set_up_later(Scene& scene) {
    set_up_first(scene);
    scene.make("c");
    scene.run();
    scene.write("a", std::string(2000, 'x'));
    scene.host.snapshot(scene.name("a"), "daily");
    scene.write("a", std::string(3000, 'y'));
    scene.write("b", "changed");
  }

  // Two have swapped their names, one has another, and a new one has its old name.
  static void set_up_renamed(Scene& scene) {
    for (const char* volume : {"a", "b", "c"}) scene.make(volume, std::string(3000, *volume));
    scene.run();
    const auto rename = [&](const char* from, const char* to) {
      scene.host.rename(scene.name(from), scene.name(to));
    };
    rename("a", "x");
    rename("b", "a");
    rename("x", "b");
    rename("c", "d");
    scene.make("c", "new");
    scene.write("a", "changed");
    scene.write("d", "changed");
  }

  // None of them had to be sent anew.
  static void expect_nothing_aside(const Scene& scene, const std::string& what) {
    EXPECT_EQ(scene.disk.replicas().size(), scene.host.volumes().size()) << what;
  }

  static std::vector<std::string> volumes(const Scene& scene) {
    std::vector<std::string> names;
    for (const std::string& name : scene.host.volumes())
      names.push_back(name.substr(name.size() - 1));
    return names;
  }

  static void expect_mended(Scene& scene, const std::string& what) {
    const RunReport report = scene.run();
    for (const VolumeOutcome& outcome : report.volumes) {
      EXPECT_TRUE(outcome.outcome == Outcome::Sent || outcome.outcome == Outcome::Unchanged)
          << what << ": " << outcome.reason;
    }
    for (const std::string& volume : volumes(scene)) {
      EXPECT_EQ(scene.what_is_wrong(volume, scene.replica(volume)), "") << what << ", " << volume;
    }
    for (const Point& point : scene.host.destroyed) {
      EXPECT_TRUE(is_of_set(point.name, "main") || is_bookmark_of(point.name, scene.cursor()))
          << what << " destroyed " << point.name;
    }
  }

  // A run that may fail as a whole.
  static void attempt(const std::function<void()>& run) {
    try {
      run();
    } catch (const Error& error) {
      EXPECT_FALSE(error.message().empty());
    }
  }

  void fail_each_call(void (*set_up)(Scene&), FaultRepeat repeat, FaultEffect effect,
                      ErrorKind kind, unsigned attempts,
                      void (*look)(const Scene&, const std::string&) = nullptr) {
    for (std::uint64_t at = 1;; ++at) {
      Scene scene(GetParam());
      scene.options.parallel = 1;
      scene.options.attempts = attempts;
      set_up(scene);
      FaultPlan faults(at, repeat, effect, kind);
      attempt([&] { scene.run(faults); });
      if (faults.operations() < at) {
        EXPECT_GT(at, 8u);
        return;
      }
      expect_mended(scene, "operation " + std::to_string(at));
      if (look != nullptr) look(scene, "operation " + std::to_string(at));
      if (HasFailure()) return;
    }
  }
};

INSTANTIATE_TEST_SUITE_P(All, CrashTest, ::testing::Values(FakeKind::Zfs, FakeKind::Btrfs),
                         [](const auto& kind) {
                           return kind.param == FakeKind::Zfs ? "Zfs" : "Btrfs";
                         });

TEST_P(CrashTest, AFirstRunIsMendedWhereverItFailed) {
  for (const FaultRepeat repeat : {FaultRepeat::Once, FaultRepeat::FromThereOn}) {
    for (const FaultEffect effect : {FaultEffect::None, FaultEffect::Taken}) {
      for (const ErrorKind kind : {ErrorKind::Unavailable, ErrorKind::NoSpace}) {
        for (const unsigned attempts : {1u, 3u}) {
          fail_each_call(set_up_first, repeat, effect, kind, attempts);
        }
      }
    }
  }
}

TEST_P(CrashTest, ALaterRunIsMendedWhereverItFailed) {
  for (const FaultRepeat repeat : {FaultRepeat::Once, FaultRepeat::FromThereOn}) {
    for (const FaultEffect effect : {FaultEffect::None, FaultEffect::Taken}) {
      for (const ErrorKind kind : {ErrorKind::Unavailable, ErrorKind::Corrupt}) {
        for (const unsigned attempts : {1u, 3u}) {
          fail_each_call(set_up_later, repeat, effect, kind, attempts);
        }
      }
    }
  }
}

// As where a connection is cut and made again, whatever was asked for at that moment.
TEST_P(CrashTest, ACallThatFailsOnceForAReasonThatPassesCostsNothing) {
  for (void (*const set_up)(Scene&) : {set_up_first, set_up_later}) {
    for (std::uint64_t at = 1;; ++at) {
      Scene scene(GetParam());
      scene.options.parallel = 1;
      scene.options.attempts = 3;
      set_up(scene);
      FaultPlan faults(at);
      faults.count_introductions();
      RunReport report;
      ASSERT_NO_THROW(report = scene.run(faults)) << "operation " << at;
      if (faults.operations() < at) break;
      for (const VolumeOutcome& outcome : report.volumes) {
        EXPECT_NE(outcome.outcome, Outcome::Failed) << "operation " << at << ": " << outcome.reason;
      }
      // The source may be left to be tidied up.
      expect_mended(scene, "operation " + std::to_string(at));
    }
  }
}

TEST_P(CrashTest, RenamedVolumesHaveTheirCopiesWhereverARunFailed) {
  for (const FaultRepeat repeat : {FaultRepeat::Once, FaultRepeat::FromThereOn}) {
    for (const FaultEffect effect : {FaultEffect::None, FaultEffect::Taken}) {
      for (const unsigned attempts : {1u, 3u}) {
        fail_each_call(set_up_renamed, repeat, effect, ErrorKind::Unavailable, attempts,
                       expect_nothing_aside);
      }
    }
  }
}

TEST_P(CrashTest, AStreamCutAtAnyByteIsCarriedOn) {
  for (std::uint64_t cut = 0;; cut += 37) {
    Scene scene(GetParam());
    scene.options.attempts = 1;
    set_up_later(scene);
    FaultPlan faults(testing::FaultedStream::First);
    testing::FakeSource source(scene.host);
    testing::FakeStore store(scene.disk);
    testing::FaultSource failing(source, faults, cut);
    testing::FaultStore counted(store, faults);
    const RunReport report = scene.run(failing, counted);
    expect_mended(scene, "cut at " + std::to_string(cut));
    if (HasFailure() || report.unsuccessful() == 0) break;
  }
}

TEST_P(CrashTest, TheSourceIsTidiedUpWhereverItWentDown) {
  for (int at = 1;; ++at) {
    Scene scene(GetParam());
    set_up_later(scene);
    int changes = 0;
    scene.host.before_change = [&](const char* verb) {
      if (++changes >= at) throw Error(ErrorKind::Unavailable, std::string("down before ") + verb);
    };
    scene.run();
    scene.host.before_change = nullptr;
    for (const std::string& volume : volumes(scene)) scene.write(volume, "changed after all");
    expect_mended(scene, "change " + std::to_string(at));
    if (HasFailure() || changes < at) break;
  }
}

// The holds of ZFS are mended even where nothing was written since.
TEST_P(CrashTest, AnUnchangedVolumeIsTidiedUpToo) {
  for (int at = 1;; ++at) {
    Scene scene(GetParam());
    set_up_later(scene);
    int changes = 0;
    scene.host.before_change = [&](const char*) {
      if (++changes >= at) throw Error(ErrorKind::Unavailable, "down");
    };
    scene.run();
    scene.host.before_change = nullptr;
    expect_mended(scene, "change " + std::to_string(at));
    if (HasFailure() || changes < at) break;
  }
}

}  // namespace
}  // namespace snapferry::replication
