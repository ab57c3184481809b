#include <algorithm>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/aside.h"
#include "core/error.h"
#include "replication/run.h"
#include "replication/snapshot_name.h"
#include "testing/fake_clock.h"
#include "testing/fake_source.h"
#include "testing/fake_store.h"
#include "testing/fake_waiter.h"
#include "testing/fault_replication.h"

// Random histories of a few volumes, two sets and two disks, whose administrators interfere and
// whose runs die anywhere. After each of them: either the store has the newest state, or a
// conflict is named; nothing was destroyed on the store, nothing of others on the source.
namespace snapferry::replication {
namespace {

using testing::FakeKind;

enum class Verb : std::uint8_t {
  Write,
  Snapshot,  // by others, under one of few names: a namesake is replaced
  Clock,
  Run,
  RunAndDie,
  // From here on what may make a conflict.
  RemoveForeign,
  RemoveAny,
  RemoveInStore,
  Rename,
  Remake,
  Rollback,
  Duplicate,
  Hold,
};

struct Act {
  Verb verb;
  unsigned one;
  unsigned two;
};

std::ostream& operator<<(std::ostream& out, const Act& act) {
  return out << static_cast<int>(act.verb) << "(" << act.one << "," << act.two << ")";
}

rc::Gen<std::vector<Act>> acts(Verb last) {
  const auto act = rc::gen::map(
      rc::gen::tuple(rc::gen::inRange(0, static_cast<int>(last) + 1), rc::gen::inRange(0u, 64u),
                     rc::gen::inRange(0u, 64u)),
      [](const std::tuple<int, unsigned, unsigned>& parts) {
        return Act{static_cast<Verb>(std::get<0>(parts)), std::get<1>(parts), std::get<2>(parts)};
      });
  return rc::gen::scale(0.4, rc::gen::container<std::vector<Act>>(act));
}

class World {
 public:
  World(FakeKind kind, History history, bool disks_share_a_set)
      : host_(kind),
        disks_{testing::FakeDisk(kind), testing::FakeDisk(kind)},
        prefix_(kind == FakeKind::Zfs ? "zfs:tank/" : "btrfs:/"),
        history_(history),
        disks_share_a_set_(disks_share_a_set) {
    for (const char* name : {"a", "b"}) {
      host_.make(prefix_ + name);
      host_.write(prefix_ + name, "file", name);
    }
  }

  void act(const Act& act) {
    switch (act.verb) {
      case Verb::Write:
        return host_.write(volume(act.one), "file" + std::to_string(act.two % 3),
                           std::to_string(++counter_));
      case Verb::Snapshot:
        return snapshot(volume(act.one), "daily" + std::to_string(act.two % 3));
      case Verb::Clock:
        return clock_.advance({static_cast<std::int64_t>(act.one) * 30 - 900});
      case Verb::Run:
        return run_and_check(act.one);
      case Verb::RunAndDie:
        return run_and_die(act.one, act.two);
      case Verb::RemoveForeign:
        return remove(volume(act.one), act.two, true);
      case Verb::RemoveAny:
        return remove(volume(act.one), act.two, false);
      case Verb::RemoveInStore:
        return remove_in_store(act.one, act.two);
      case Verb::Rename:
        return rename(volume(act.one),
                      prefix_ + std::string(1, static_cast<char>('a' + act.two % 4)));
      case Verb::Remake:
        return remake(volume(act.one));
      case Verb::Rollback:
        return rollback(volume(act.one), act.two);
      case Verb::Duplicate:
        return duplicate(volume(act.one),
                         prefix_ + std::string(1, static_cast<char>('a' + act.two % 4)));
      case Verb::Hold:
        return hold(volume(act.one), act.two);
    }
  }

  // Sets and disks by number.
  void run_and_check(unsigned number) {
    const Chain chain = chain_of(number);
    const auto before = everything_in_the_stores();
    host_.destroyed.clear();
    testing::FakeSource source(host_);
    testing::FakeStore store(*chain.disk);
    check_report(run(chain, source, store), chain);
    check_nothing_lost(before, chain);
  }

  void run_and_die(unsigned number, unsigned at) {
    const Chain chain = chain_of(number);
    const auto before = everything_in_the_stores();
    host_.destroyed.clear();
    testing::FakeSource source(host_);
    testing::FakeStore store(*chain.disk);
    testing::FaultPlan faults(
        1 + at % 16, testing::FaultRepeat::FromThereOn,
        number % 4 < 2 ? testing::FaultEffect::None : testing::FaultEffect::Taken);
    testing::FaultSource failing_source(source, faults, 60 + at);
    testing::FaultStore failing_store(store, faults);
    unsigned changes = 0;
    host_.before_change = [&](const char*) {
      if (++changes > at / 16) throw Error(ErrorKind::Unavailable, "down");
    };
    try {
      run(chain, failing_source, failing_store);
    } catch (const Error& error) {
      RC_ASSERT(error.kind() == ErrorKind::Unavailable);
    }
    host_.before_change = nullptr;
    check_nothing_lost(before, chain);
  }

  // Once every chain has had its turn, none of them finds anything to do on the source. Two sets
  // that leave one another's snapshots out each need a new one after the other's.
  void check_rest() {
    if (!disks_share_a_set_ && history_ == History::Own) return;
    for (unsigned chain = 0; chain < 2; ++chain) run_and_check(chain);
    host_.before_change = [](const char* verb) { RC_FAIL(std::string("without need: ") + verb); };
    for (unsigned chain = 0; chain < 2; ++chain) run_and_check(chain);
    host_.before_change = nullptr;
  }

  bool conflicts_are_possible = true;

 private:
  struct Chain {
    std::string set;
    testing::FakeDisk* disk = nullptr;
  };
  // Disk, replica and name, identity of every snapshot in the stores.
  using Contents = std::set<std::tuple<std::size_t, std::string, Guid>>;

  Chain chain_of(unsigned number) {
    const std::size_t disk = number % 2;
    if (disks_share_a_set_) return {"main", &disks_[disk]};
    return {disk == 0 ? "main" : "other", &disks_[disk]};
  }

  RunReport run(const Chain& chain, Source& source, Store& store) {
    clock_.advance({60});
    RunOptions options;
    options.set = chain.set;
    options.host = "web1";
    options.patterns = {prefix_ + "*"};
    options.history = history_;
    options.parallel = 1;
    options.clock = &clock_;
    options.waiter = &waiter_;
    return replication::run(source, store, options);
  }

  Contents everything_in_the_stores() const {
    Contents contents;
    for (std::size_t i = 0; i < 2; ++i) {
      for (const VolumeName& name : disks_[i].replicas()) {
        for (const Point& point : disks_[i].points(name)) {
          // A copy that was set aside is still there.
          const auto path = path_before_aside(name.path).value_or(name.path);
          contents.emplace(i, path + "@" + point.name, point.guid);
        }
      }
    }
    return contents;
  }

  void check_nothing_lost(const Contents& before, const Chain& chain) const {
    const Contents after = everything_in_the_stores();
    RC_ASSERT(std::ranges::includes(after, before));
    const std::string cursor = cursor_tag(chain.set, chain.disk->identity());
    for (const Point& point : host_.destroyed) {
      const bool bookmark = point.kind == PointKind::Bookmark;
      RC_ASSERT((bookmark ? is_bookmark_of(point.name, cursor) : is_of_set(point.name, chain.set)));
    }
  }

  void check_report(const RunReport& report, const Chain& chain) const {
    RC_ASSERT(report.warnings.empty());
    RC_ASSERT(report.volumes.size() == host_.volumes().size());
    for (const VolumeOutcome& outcome : report.volumes) {
      if (outcome.outcome == Outcome::Conflict) {
        RC_ASSERT(conflicts_are_possible);
        RC_ASSERT(outcome.reason.starts_with(outcome.volume + ": "));
        continue;
      }
      if (outcome.outcome == Outcome::Failed) RC_FAIL(outcome.reason);
      const auto points = chain.disk->points(outcome.replica);
      RC_ASSERT(!points.empty());
      RC_ASSERT(outcome.warning.empty() || may_be_set_aside(outcome));
      RC_ASSERT(chain.disk->files_of(outcome.replica, outcome.snapshot) ==
                host_.files(outcome.volume));
      RC_ASSERT(!chain.disk->has_partial(outcome.replica));
      check_cursor(outcome.volume, chain);
    }
  }

  // Of what was rolled back or made anew, a copy on btrfs is set aside and begun anew.
  bool may_be_set_aside(const VolumeOutcome& outcome) const {
    return conflicts_are_possible && host_.kind() == FakeKind::Btrfs &&
           outcome.warning.find("is set aside") != std::string::npos;
  }

  void check_cursor(const std::string& name, const Chain& chain) const {
    if (host_.kind() == FakeKind::Btrfs) return;
    const std::string cursor = cursor_tag(chain.set, chain.disk->identity());
    const auto tags = host_.tags(name);
    RC_ASSERT(std::count(tags.begin(), tags.end(), cursor) == 1);
    const auto points = host_.points(name);
    RC_ASSERT(std::count_if(points.begin(), points.end(), [&](const Point& point) {
                return point.kind == PointKind::Bookmark && is_bookmark_of(point.name, cursor);
              }) == 1);
  }

  std::string volume(unsigned number) const {
    const auto names = host_.volumes();
    return names[number % names.size()];
  }

  std::optional<Point> choose(const std::string& name, unsigned number, bool foreign,
                              bool snapshots) const {
    std::vector<Point> points = host_.points(name);
    std::erase_if(points, [&](const Point& point) {
      const bool ours = point.name.starts_with("snapferry_");
      return (foreign && ours) || (snapshots && point.kind == PointKind::Bookmark);
    });
    if (points.empty()) return std::nullopt;
    return points[number % points.size()];
  }

  void snapshot(const std::string& name, const std::string& snapshot_name) {
    Point point;
    point.name = snapshot_name;
    if (!conflicts_are_possible) point.name += std::to_string(++counter_);
    host_.remove(name, point);
    host_.snapshot(name, point.name);
  }

  void remove(const std::string& name, unsigned number, bool foreign) {
    const auto point = choose(name, number, foreign, false);
    // The system refuses to destroy what is held.
    if (point && point->holds == 0) host_.remove(name, *point);
  }

  void remove_in_store(unsigned disk, unsigned number) {
    testing::FakeDisk& chosen = disks_[disk % 2];
    const auto names = chosen.replicas();
    if (names.empty()) return;
    const VolumeName& name = names[number % names.size()];
    const auto points = chosen.points(name);
    if (!points.empty()) chosen.remove(name, points[(number / 4) % points.size()].name);
  }

  void rename(const std::string& from, const std::string& to) {
    if (std::ranges::count(host_.volumes(), to) == 0) host_.rename(from, to);
  }

  void remake(const std::string& name) {
    host_.destroy(name);
    host_.make(name);
    host_.write(name, "file", std::to_string(++counter_));
  }

  void rollback(const std::string& name, unsigned number) {
    const auto point = choose(name, number, false, true);
    if (point) host_.rollback(name, point->name);
  }

  void duplicate(const std::string& from, const std::string& to) {
    if (std::ranges::count(host_.volumes(), to) == 0) host_.duplicate(from, to);
  }

  void hold(const std::string& name, unsigned number) {
    const auto point = choose(name, number, true, true);
    if (point) host_.hold(name, point->name, "somebody");
  }

  testing::FakeHost host_;
  testing::FakeDisk disks_[2];
  testing::FakeClock clock_;
  testing::FakeWaiter waiter_;
  const std::string prefix_;
  const History history_;
  const bool disks_share_a_set_;
  unsigned counter_ = 0;
};

History any_history() { return *rc::gen::element(History::All, History::SinceFirst, History::Own); }

void live(World& world, const std::vector<Act>& history) {
  for (const Act& act : history) world.act(act);
  for (unsigned chain = 0; chain < 2; ++chain) {
    world.run_and_check(chain);
    world.run_and_check(chain);
  }
}

RC_GTEST_PROP(AnyHistory, OfZfsIsBroughtIntoTheStoreOrNamedAConflict, ()) {
  World world(FakeKind::Zfs, any_history(), *rc::gen::arbitrary<bool>());
  live(world, *acts(Verb::Hold));
}

RC_GTEST_PROP(AnyHistory, OfBtrfsIsBroughtIntoTheStoreOrNamedAConflict, ()) {
  World world(FakeKind::Btrfs, any_history(), false);
  live(world, *acts(Verb::Hold));
}

// Snapshots by others, clock steps and deaths of runs are no excuse.
RC_GTEST_PROP(FaithfulHistory, OfZfsIsAlwaysBroughtIntoTheStore, ()) {
  World world(FakeKind::Zfs, any_history(), *rc::gen::arbitrary<bool>());
  world.conflicts_are_possible = false;
  live(world, *acts(Verb::RunAndDie));
  world.check_rest();
}

RC_GTEST_PROP(FaithfulHistory, OfBtrfsIsAlwaysBroughtIntoTheStore, ()) {
  World world(FakeKind::Btrfs, any_history(), false);
  world.conflicts_are_possible = false;
  live(world, *acts(Verb::RunAndDie));
}

// Nor is that others destroy their snapshots, as long as every run comes to its end.
RC_GTEST_PROP(FaithfulHistory, SurvivesThatOthersDestroyTheirSnapshots, ()) {
  World world(FakeKind::Zfs, any_history(), *rc::gen::arbitrary<bool>());
  world.conflicts_are_possible = false;
  std::vector<Act> history = *acts(Verb::RemoveForeign);
  std::erase_if(history, [](const Act& act) { return act.verb == Verb::RunAndDie; });
  live(world, history);
}

}  // namespace
}  // namespace snapferry::replication
