#include <algorithm>
#include <functional>
#include <map>

#include <gmock/gmock.h>

#include "testing/crash.h"
#include "testing/fake_clock.h"
#include "testing/zfs_stream_builder.h"
#include "zfs/source_record.h"
#include "zfs/store_layout.h"
#include "zfs/test_bytes_stream.h"
#include "zfs/test_crash.h"
#include "zfs/test_pool.h"
#include "zfs/zfs_store.h"

// What renames datasets takes several processes, and may end before and after each of them. At no
// time may anything in the store count as another volume's than it is of, and whoever comes next
// has to be able to go on.
namespace snapferry::zfs {
namespace {

using testing::Crash;
using ::testing::IsEmpty;
using Paths = std::vector<std::string>;

// The snapshot of a replica, by its volume.
using Copies = std::map<std::string, std::string>;

// A store with replicas, each of one snapshot that is named after its volume.
class Scene {
 public:
  Scene() { pool_.make("b/s", {{kIdentityProperty, "0000000000000001@b/s"}}); }

  // The replica of zfs:PATH, in its place or at another one.
  void keep(const std::string& path, std::string dataset = {}) {
    if (dataset.empty()) dataset = path;
    FakePool::Values record;
    for (const auto& one : SourceRecord("zfs:" + path, {{"com.example:of", path}}).assignments()) {
      record[one.substr(0, one.find('='))] = one.substr(one.find('=') + 1);
    }
    pool_.make("b/s/h/" + dataset, std::move(record));
    pool_.make("b/s/h/" + dataset + "@" + snapshot_of(path));
  }
  // What has no snapshots and is the parent of others.
  void stand_in(const std::string& path) {
    pool_.make("b/s/h/" + path, {{kPlaceholderProperty, "b/s/h/" + path}});
  }

  std::unique_ptr<ZfsStore> store(platform::Commands& commands, PoolCalls& calls) {
    return std::make_unique<ZfsStore>(
        commands, calls, "b/s", clock_,
        ZfsStoreOptions{.privilege = Privilege::Root, .version = ZfsVersion{2, 1}});
  }
  std::unique_ptr<ZfsStore> store() { return store(pool_, pool_); }

  Copies copies() {
    Copies found;
    for (const auto& replica : store()->inventory("h")) {
      EXPECT_FALSE(found.contains(replica.volume.path)) << replica.volume.path << " is there twice";
      for (const auto& point : replica.points) found[replica.volume.path] += point.name;
    }
    return found;
  }
  std::string property_of(const std::string& path) {
    const auto kept = store();
    for (const auto& replica : kept->inventory("h")) {
      if (replica.volume != volume(path)) continue;
      return kept->description(replica.volume, replica.points.back())["com.example:of"];
    }
    return "no copy";
  }

  // A first stream of zfs:PATH, or one relative to the snapshot that is there.
  void back_up(const std::string& path) {
    const auto kept = store();
    ReceiveRequest request;
    request.volume = volume(path);
    request.stream.volume = request.volume.path;
    for (const auto& replica : kept->inventory("h")) {
      if (replica.volume == request.volume) request.stream.base = replica.points.back();
    }
    request.stream.to.name = "later";
    request.stream.to.guid = Guid::from_number(++guid_);
    pool_.receives(guid_);
    const auto base = request.stream.base;
    BytesStream stream(
        testing::ZfsStreamBuilder()
            .begin({.to = guid_, .from = base ? number_of(base->guid) : 0, .name = path + "@later"})
            .end()
            .stream());
    kept->receive(request, stream);
  }

  static VolumeName volume(const std::string& path) { return {"h", "zfs:" + path}; }
  static std::string snapshot_of(std::string path) {
    std::replace(path.begin(), path.end(), '/', '.');
    return path;
  }

  Paths leftovers() const {
    Paths found;
    for (const auto& name : pool_.datasets()) {
      if (is_incoming(name)) found.push_back(name);
    }
    return found;
  }

  FakePool& pool() { return pool_; }

 private:
  static std::uint64_t number_of(const Guid& guid) {
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < sizeof number; ++i) number = number << 8 | guid.bytes[i];
    return number;
  }

  FakePool pool_;
  testing::FakeClock clock_;
  std::uint64_t guid_ = 1'000'000;
};

Copies copies_of(const Paths& paths) {
  Copies copies;
  for (const auto& path : paths) copies["zfs:" + path] = Scene::snapshot_of(path);
  return copies;
}

struct Moving {
  const char* name;
  std::function<void(Scene&)> set_up;
  Paths others;  // beside the one that moves
  std::string from;
  std::string to;
};

const std::vector<Moving> kMovings = {
    {"ToANewPlace",
     [](Scene& scene) {
       for (const auto* path : {"t/a", "t/a/b", "t/a/p/c", "t/a/d", "t/e"}) scene.keep(path);
     },
     {"t/a/b", "t/a/p/c", "t/a/d", "t/e"},
     "t/a",
     "new/a"},
    {"ToWhereAParentStandsIn",
     [](Scene& scene) {
       scene.stand_in("t/n");
       for (const auto* path : {"t/a", "t/a/b", "t/n/c", "t/n/d"}) scene.keep(path);
     },
     {"t/a/b", "t/n/c", "t/n/d"},
     "t/a",
     "t/n"},
    {"BelowItself",
     [](Scene& scene) {
       for (const auto* path : {"t/a", "t/a/b"}) scene.keep(path);
     },
     {"t/a/b"},
     "t/a",
     "t/a/inner"},
    {"BelowItselfWhereAParentStandsIn",
     [](Scene& scene) {
       scene.keep("t/a");
       scene.stand_in("t/a/inner");
       scene.keep("t/a/inner/x");
     },
     {"t/a/inner/x"},
     "t/a",
     "t/a/inner"},
    {"AboveItself",
     [](Scene& scene) {
       scene.stand_in("t");
       for (const auto* path : {"t/a", "t/a/b", "t/c"}) scene.keep(path);
     },
     {"t/a/b", "t/c"},
     "t/a",
     "t"},
    {"FromBesideItsPlace",
     [](Scene& scene) {
       scene.stand_in("t/a");
       scene.keep("t/a/b");
       scene.keep("t/a", "t/a:snapferry-incoming");
       scene.keep("t/a/c", "t/a:snapferry-incoming/c");
     },
     {"t/a/b", "t/a/c"},
     "t/a",
     "new/a"},
};

class StoreCrash : public ::testing::TestWithParam<Moving> {
 protected:
  static void expect_copies(Scene& scene, const std::string& at) {
    auto copies = scene.copies();
    const auto& moved = Scene::snapshot_of(GetParam().from);
    EXPECT_EQ(copies.erase("zfs:" + at), 1u) << "nothing is at " << at;
    EXPECT_EQ(copies, copies_of(GetParam().others)) << "with " << moved << " at " << at;
  }

  // Ends `action` at each of its moments, one after the other, and then looks.
  static void crash_everywhere(const std::function<void(ZfsStore&)>& action,
                               const std::function<void(Scene&)>& look) {
    for (std::uint64_t moment = 1;; ++moment) {
      SCOPED_TRACE("moment " + std::to_string(moment));
      Scene scene;
      GetParam().set_up(scene);
      Crash crash(moment);
      CrashingCommands commands(scene.pool(), crash);
      CrashingPoolCalls calls(scene.pool(), crash);
      try {
        action(*scene.store(commands, calls));
      } catch (const testing::Crashed&) {
      }
      look(scene);
      if (HasFailure()) break;
      if (crash.came_too_late()) {
        EXPECT_GT(moment, 4u);
        break;
      }
    }
  }

  // The next run of backups of all that there is, and of what has its names anew.
  static void expect_all_goes_on(Scene& scene, const Paths& paths) {
    for (const auto& path : paths) scene.back_up(path);
    const auto copies = scene.copies();
    for (const auto& path : paths) {
      const auto found = copies.find("zfs:" + path);
      ASSERT_NE(found, copies.end()) << path;
      EXPECT_TRUE(found->second.ends_with("later")) << path;
    }
    EXPECT_THAT(scene.leftovers(), IsEmpty());
  }
};

INSTANTIATE_TEST_SUITE_P(All, StoreCrash, ::testing::ValuesIn(kMovings),
                         [](const auto& moving) { return std::string(moving.param.name); });

TEST_P(StoreCrash, InAMoveLeavesEachCopyUnderItsNameAndTheNextRunGoesOn) {
  const auto& moving = GetParam();
  crash_everywhere(
      [&](ZfsStore& store) {
        store.inventory("h");
        store.move(Scene::volume(moving.from), Scene::volume(moving.to));
      },
      [&](Scene& scene) {
        const bool is_moved = !scene.copies().contains("zfs:" + moving.from);
        expect_copies(scene, is_moved ? moving.to : moving.from);
        // As the next run would.
        if (!is_moved) {
          const auto store = scene.store();
          store->inventory("h");
          store->move(Scene::volume(moving.from), Scene::volume(moving.to));
        }
        expect_copies(scene, moving.to);
        EXPECT_EQ(scene.property_of(moving.to), moving.from);
        auto all = moving.others;
        all.insert(all.end(), {moving.to, moving.from});
        expect_all_goes_on(scene, all);
      });
}

TEST_P(StoreCrash, InSettingAsideLeavesEachCopyUnderItsNameAndTheNextRunGoesOn) {
  const auto& moving = GetParam();
  crash_everywhere(
      [&](ZfsStore& store) {
        store.inventory("h");
        store.set_aside(Scene::volume(moving.from));
      },
      [&](Scene& scene) {
        auto aside = scene.copies().contains("zfs:" + moving.from)
                         ? moving.from
                         : moving.from + ".diverged-1970-01-01T00:00:00Z";
        for (const auto& [path, snapshot] : scene.copies()) {
          if (path.starts_with("zfs:" + moving.from + ".")) aside = path.substr(4);
        }
        expect_copies(scene, aside);
        if (aside == moving.from) {
          const auto store = scene.store();
          store->inventory("h");
          aside = store->set_aside(Scene::volume(moving.from)).path.substr(4);
        }
        expect_copies(scene, aside);
        auto all = moving.others;
        all.push_back(moving.from);
        expect_all_goes_on(scene, all);
      });
}

TEST_P(StoreCrash, InDestroyingAReplicaCostsNoneBelowItAndTheNextRunGoesOn) {
  const auto& moving = GetParam();
  const auto destroy = [&](ZfsStore& store) {
    for (const auto& replica : store.inventory("h")) {
      if (replica.volume != Scene::volume(moving.from)) continue;
      for (const auto& failure : store.destroy(replica.volume, replica.points)) {
        ADD_FAILURE() << failure.message;
      }
    }
  };
  crash_everywhere(destroy, [&](Scene& scene) {
    auto copies = scene.copies();
    copies.erase("zfs:" + moving.from);
    EXPECT_EQ(copies, copies_of(moving.others));
    destroy(*scene.store());
    EXPECT_EQ(scene.copies(), copies_of(moving.others));
    auto all = moving.others;
    all.push_back(moving.from);
    expect_all_goes_on(scene, all);
  });
}

}  // namespace
}  // namespace snapferry::zfs
