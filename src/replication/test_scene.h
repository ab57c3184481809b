#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "replication/run.h"
#include "replication/snapshot_name.h"
#include "testing/fake_clock.h"
#include "testing/fake_source.h"
#include "testing/fake_store.h"
#include "testing/fake_waiter.h"
#include "testing/fault_replication.h"

namespace snapferry::replication {

// A host and a disk in memory, runs between them, and what must be so after one.
class Scene {
 public:
  explicit Scene(testing::FakeKind kind = testing::FakeKind::Zfs)
      : host(kind), disk(kind), prefix_(kind == testing::FakeKind::Zfs ? "zfs:tank/" : "btrfs:/") {
    options.set = "main";
    options.host = "web1";
    options.patterns = {prefix_ + "*"};
    options.clock = &clock;
    options.waiter = &waiter;
  }

  std::string name(const std::string& volume) const { return prefix_ + volume; }
  VolumeName replica(const std::string& volume) const { return {"web1", name(volume)}; }

  void make(const std::string& volume, const std::string& content = "one") {
    host.make(name(volume));
    write(volume, content);
  }
  void write(const std::string& volume, const std::string& content) {
    host.write(name(volume), "file", content);
  }

  // A minute later than the one before.
  RunReport run() {
    testing::FakeSource source(host);
    testing::FakeStore store(disk);
    return run(source, store);
  }
  RunReport run(Source& source, Store& store) {
    clock.advance({60});
    return replication::run(source, store, options);
  }
  RunReport run(testing::FaultPlan& faults) {
    testing::FakeSource source(host);
    testing::FakeStore store(disk);
    testing::FaultSource failing_source(source, faults, 120);
    testing::FaultStore failing_store(store, faults);
    return run(failing_source, failing_store);
  }

  std::string cursor() const { return cursor_tag(options.set, disk.identity()); }

  // Names of what the source has of a volume: "@NAME", "#NAME".
  std::vector<std::string> points(const std::string& volume) const {
    std::vector<std::string> names;
    for (const Point& point : host.points(name(volume))) {
      names.push_back((point.kind == PointKind::Bookmark ? "#" : "@") + point.name);
    }
    return names;
  }

  // Empty: the replica's newest snapshot is as the volume is now, the cursor is on it, and
  // nothing was left behind. Else what is wrong.
  std::string what_is_wrong(const std::string& volume, const VolumeName& at) const {
    const auto points = disk.points(at);
    if (points.empty()) return "nothing is in the store";
    if (disk.files_of(at, points.back().name) != host.files(name(volume))) {
      return "the store has other files";
    }
    if (disk.has_partial(at)) return "something is half received";
    return what_is_left(volume);
  }

  std::string what_is_left(const std::string& volume) const {
    const bool zfs = host.kind() == testing::FakeKind::Zfs;
    const auto tags = host.tags(name(volume));
    const auto holds = std::count(tags.begin(), tags.end(), cursor());
    if (zfs && holds != 1) return std::to_string(holds) + " holds of the cursor";
    std::size_t own = 0;
    std::size_t bookmarks = 0;
    for (const Point& point : host.points(name(volume))) {
      const bool snapshot = point.kind == PointKind::Snapshot;
      if (snapshot && is_of_set(point.name, options.set) && !is_held_by_others(volume, point))
        ++own;
      if (!snapshot && is_bookmark_of(point.name, cursor())) ++bookmarks;
    }
    if (own > 1) return std::to_string(own) + " snapshots of the set";
    if (zfs && bookmarks != 1) return std::to_string(bookmarks) + " bookmarks of the cursor";
    return {};
  }

  testing::FakeHost host;
  testing::FakeDisk disk;
  testing::FakeClock clock;
  testing::FakeWaiter waiter;
  RunOptions options;

 private:
  // More holds than that of this cursor can be.
  bool is_held_by_others(const std::string& volume, const Point& point) const {
    const auto tags = host.tags_of(name(volume), point);
    return std::any_of(tags.begin(), tags.end(),
                       [&](const std::string& tag) { return tag != cursor(); });
  }

  const std::string prefix_;
};

}  // namespace snapferry::replication
