// The commands on native snapshots: the whole program in process, with volumes and replicas in
// memory.
#include <filesystem>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cli/replicate.h"
#include "cli/test_program.h"
#include "testing/fake_source.h"
#include "testing/fake_store.h"
#include "testing/restore_fixture.h"
#include "testing/temporary_directory.h"

namespace snapferry::cli {
namespace {

using testing::FakeDisk;
using testing::FakeHost;
using testing::TemporaryDirectory;

// A store that shows only where it is asked for something that it is not there.
class MissingStore : public testing::FakeStore {
 public:
  using FakeStore::FakeStore;
  std::vector<ReplicaState> inventory(const std::string&) override { throw missing(); }
  std::string identity() override { throw missing(); }

 private:
  static NoSuchStore missing() {
    return NoSuchStore("zfs:missing: no such dataset; make the store");
  }
};

// Reads what it is given, and makes nothing of it.
class FakeTarget : public VolumeTarget {
 public:
  explicit FakeTarget(std::vector<std::string>& restored) : restored_(restored) {}
  StreamFeatures features(const std::string&) override { return {}; }
  void require_free(const std::string& volume) override {
    if (volume.ends_with("taken")) throw Error(ErrorKind::AlreadyExists, volume + ": is there");
  }
  void restore(const std::string& volume, VolumeType, const StreamRequest& request, Stream& stream,
               Progress* progress, const Cancellation*) override {
    Bytes buffer(4096);
    while (const std::size_t size = stream.read(buffer)) progress->bytes += size;
    stream.finish();
    restored_.push_back(request.volume + "@" + request.to.name + " to " + volume);
  }

 private:
  std::vector<std::string>& restored_;
};

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

bool is_one_line(const std::string& text) {
  return text.starts_with("snapferry: ") && text.find('\n') == text.size() - 1;
}

std::size_t lines_in(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

// The volumes zfs:pool/a and zfs:pool/b of this machine and of "web1", and the store zfs:backup.
class NativeProgram : public ::testing::Test, public stores::Endpoints {
 protected:
  NativeProgram() {
    program_.environment = {{"SNAPFERRY_STORE", "zfs:backup"}, {"SNAPFERRY_CACHE", cache_.path()}};
    program_.endpoints = [this](const stores::EndpointOptions& options) {
      set_ = options.set;
      return std::make_unique<Borrowed>(*this);
    };
    for (const auto* name : {"zfs:pool/a", "zfs:pool/b"}) {
      host_.make(name);
      host_.write(name, "file", std::string("content of ") + name);
    }
  }

  Outcome run(const std::vector<std::string>& args) { return program_.run(args); }
  std::string ok(const std::vector<std::string>& args) {
    const Outcome outcome = run(args);
    EXPECT_EQ(outcome.code, 0) << args[0] << ": " << outcome.err << outcome.out;
    return outcome.out;
  }
  void refused(int code, const std::vector<std::string>& args, std::string_view reason) {
    const Outcome outcome = run(args);
    EXPECT_EQ(outcome.code, code) << args[0];
    EXPECT_TRUE(is_one_line(outcome.err)) << outcome.err;
    EXPECT_TRUE(contains(outcome.err, reason)) << outcome.err;
  }
  // Time goes on by an hour.
  void back_up(const std::string& set = "default") {
    ok({"backup", "zfs:pool/*", "--set", set});
    program_.clock.advance(Duration{3600});
  }

  std::unique_ptr<Source> source(const VolumeAddress& address) override {
    asked_.push_back(address.text());
    return std::make_unique<testing::FakeSource>(host_);
  }
  std::unique_ptr<Store> store(const StoreAddress& address) override {
    if (address.name == "missing") return std::make_unique<MissingStore>(disk_);
    return std::make_unique<testing::FakeStore>(*current_);
  }
  void create_store(const StoreAddress& address) override { created_.push_back(address.text()); }
  std::unique_ptr<VolumeTarget> target(const VolumeAddress&) override {
    return std::make_unique<FakeTarget>(restored_);
  }

  struct Borrowed : stores::Endpoints {
    explicit Borrowed(stores::Endpoints& real) : real_(real) {}
    std::unique_ptr<Source> source(const VolumeAddress& a) override { return real_.source(a); }
    std::unique_ptr<Store> store(const StoreAddress& a) override { return real_.store(a); }
    void create_store(const StoreAddress& a) override { real_.create_store(a); }
    std::unique_ptr<VolumeTarget> target(const VolumeAddress& a) override {
      return real_.target(a);
    }
    stores::Endpoints& real_;
  };

  TemporaryDirectory room_;
  FakeHost host_;
  FakeDisk disk_;
  FakeDisk* current_ = &disk_;
  const testing::TemporaryDirectory cache_;
  TestProgram program_;
  std::string set_;
  std::vector<std::string> asked_, created_, restored_;
};

TEST_F(NativeProgram, BacksUpListsAndReads) {
  EXPECT_TRUE(contains(ok({"backup", "zfs:pool/*"}), "2 volumes sent"));
  const std::string listed = ok({"list"});
  EXPECT_TRUE(contains(listed, "box:zfs:pool/a")) << listed;
  EXPECT_TRUE(contains(listed, "default")) << listed;
  EXPECT_EQ(ok({"cat", "zfs:pool/a", "file"}), "content of zfs:pool/a");
  EXPECT_TRUE(contains(ok({"ls", "zfs:pool/b"}), "file"));
  const std::string target = room_ / "target";
  ok({"restore", "zfs:pool/b", "--target", target});
  EXPECT_EQ(testing::content(target + "/file"), "content of zfs:pool/b");
  EXPECT_TRUE(contains(ok({"verify"}), "2 snapshots of 2 volumes"));
  EXPECT_TRUE(contains(ok({"stats"}), "volumes"));
}

TEST_F(NativeProgram, ShowsWhatChangedAndEveryVersion) {
  back_up();
  host_.write("zfs:pool/a", "file", "other content");
  back_up();
  const std::string changes = ok({"diff", "zfs:pool/a@2026-03-01T12:30:00Z", "zfs:pool/a"});
  EXPECT_TRUE(contains(changes, "M file")) << changes;
  const std::string versions = ok({"find", "file", "--quiet"});
  EXPECT_EQ(lines_in(versions), 5u) << versions;
}

TEST_F(NativeProgram, TellsEachVolumeAndTheSumAsJson) {
  const std::string out = ok({"backup", "zfs:pool/*", "--json"});
  const auto first = nlohmann::json::parse(out.substr(0, out.find('\n')));
  EXPECT_EQ(first["type"], "volume");
  EXPECT_EQ(first["volume"], "box:zfs:pool/a");
  EXPECT_EQ(first["outcome"], "sent");
  EXPECT_GT(first["bytes"], 0);
  EXPECT_TRUE(contains(out, "\"type\":\"run\",\"sent\":2"));
}

TEST_F(NativeProgram, PlansWithoutChangingAnything) {
  const std::string plan = ok({"backup", "zfs:pool/*", "--dry-run"});
  EXPECT_TRUE(contains(plan, "full")) << plan;
  EXPECT_TRUE(contains(plan, "nothing was changed"));
  EXPECT_TRUE(disk_.replicas().empty());
  EXPECT_TRUE(host_.points("zfs:pool/a").empty());
}

TEST_F(NativeProgram, CountsVolumesFoundUnchangedAsFresh) {
  back_up();
  program_.clock.advance(Duration{3 * 86400});
  EXPECT_EQ(run({"check", "--max-age", "1d"}).code, 1);
  EXPECT_TRUE(contains(ok({"backup", "zfs:pool/*"}), "2 unchanged"));
  EXPECT_EQ(lines_in(ok({"list", "--quiet"})), 2u);
  EXPECT_TRUE(contains(ok({"check", "--max-age", "1d"}), "OK:"));
}

TEST_F(NativeProgram, PrunesOwnSetsAndLeavesTheChain) {
  for (int i = 0; i < 4; ++i) {
    if (i == 1) host_.snapshot("zfs:pool/a", "by-hand");
    host_.write("zfs:pool/a", "file", std::to_string(i));
    back_up();
  }
  EXPECT_EQ(disk_.points({"box", "zfs:pool/a"}).size(), 5u);
  EXPECT_TRUE(contains(ok({"list"}), " -  "));
  ok({"prune", "--keep-last", "1", "--dry-run"});
  EXPECT_EQ(disk_.points({"box", "zfs:pool/a"}).size(), 5u);
  ok({"prune", "--keep-last", "1"});
  EXPECT_EQ(disk_.points({"box", "zfs:pool/a"}).size(), 2u);
  host_.write("zfs:pool/a", "file", "later");
  const std::string out = ok({"backup", "zfs:pool/a"});
  EXPECT_TRUE(contains(out, "incremental")) << out;
  // The only one of others is the newest of its group.
  ok({"prune", "--keep-last", "1", "--others"});
  EXPECT_EQ(disk_.points({"box", "zfs:pool/a"}).size(), 2u);
}

TEST_F(NativeProgram, PrunesTheVolumeThatIsNamedAndNoOther) {
  for (int i = 0; i < 3; ++i) {
    for (const char* volume : {"zfs:pool/a", "zfs:pool/b"}) {
      host_.write(volume, "file", std::to_string(i));
    }
    back_up();
  }
  ok({"prune", "zfs:pool/a", "--keep-last", "1"});
  EXPECT_EQ(disk_.points({"box", "zfs:pool/a"}).size(), 1u);
  EXPECT_EQ(disk_.points({"box", "zfs:pool/b"}).size(), 3u);
  EXPECT_EQ(run({"prune", "zfs:pool/none", "--keep-last", "1"}).code, 1);
  EXPECT_EQ(disk_.points({"box", "zfs:pool/b"}).size(), 3u);
}

TEST_F(NativeProgram, RestoresNothingIntoTheDirectoryOfABtrfsStore) {
  const std::string store = std::filesystem::canonical(room_.path()).string() + "/store";
  std::filesystem::create_directories(store + "/box/home");
  std::filesystem::create_directory_symlink(store, room_ / "link");
  program_.environment["SNAPFERRY_STORE"] = "btrfs:" + store;
  for (const std::string& target : {store, store + "/box/home/new", room_ / "link/x"}) {
    refused(2, {"restore", "latest", "--target", target}, "lies in the store");
  }
  // What is no directory here holds no target.
  for (const char* elsewhere : {"zfs:backup", "web1:btrfs:/"}) {
    program_.environment["SNAPFERRY_STORE"] = elsewhere;
    const Outcome outcome = run({"restore", "latest", "--target", store + "/new"});
    EXPECT_FALSE(contains(outcome.err, "lies in the store")) << outcome.err;
  }
}

TEST_F(NativeProgram, PrunesByTheOrderOfReceivingWhateverTheHostsClockSays) {
  host_.write("zfs:pool/a", "file", "1");
  back_up();
  // The host's clock is a year behind for once.
  program_.clock.advance(Duration{-365 * 86400});
  host_.write("zfs:pool/a", "file", "2");
  back_up();
  program_.clock.advance(Duration{365 * 86400});
  ok({"prune", "--keep-last", "1"});
  const auto points = disk_.points({"box", "zfs:pool/a"});
  ASSERT_EQ(points.size(), 1u);
  EXPECT_TRUE(points[0].name.starts_with("snapferry_default_2025-")) << points[0].name;
}

TEST_F(NativeProgram, ShowsAndReleasesWhatVolumesKeepForAStoreThatIsGone) {
  FakeDisk gone;
  const std::string lost = gone.identity().substr(0, 8);
  current_ = &gone;
  back_up();
  current_ = &disk_;
  program_.clock.advance(Duration{40 * 86400});
  host_.write("zfs:pool/a", "file", "later");
  const std::string said = ok({"backup", "zfs:pool/*", "--accept-changed-store"});
  EXPECT_TRUE(contains(said, "2 volumes keep snapshots")) << said;
  EXPECT_TRUE(contains(said, "snapferry cursors --release " + lost + " --set default 'zfs:pool/*'"))
      << said;
  const std::string shown = ok({"cursors", "zfs:pool/*"});
  EXPECT_EQ(lines_in(shown), 5u) << shown;
  EXPECT_TRUE(contains(shown, "40d")) << shown;
  EXPECT_TRUE(contains(ok({"cursors", "zfs:pool/*", "--set", "other"}), "no cursors"));

  refused(1, {"cursors", "zfs:pool/*", "--release", "00000000"}, "00000000");
  refused(1, {"cursors", "btrfs:/home"}, "only ZFS");
  const std::string released = ok({"cursors", "zfs:pool/*", "--release", lost, "--json"});
  EXPECT_EQ(lines_in(released), 2u) << released;
  EXPECT_FALSE(contains(ok({"cursors", "zfs:pool/*"}), lost));
  EXPECT_EQ(host_.points("zfs:pool/a").size(), 2u);
  EXPECT_EQ(host_.tags("zfs:pool/a").size(), 1u);
  EXPECT_FALSE(contains(ok({"backup", "zfs:pool/*"}), lost));
}

TEST_F(NativeProgram, ForgetsWhatIsNamed) {
  back_up();
  host_.write("zfs:pool/a", "file", "2");
  back_up();
  ok({"forget", "zfs:pool/a@2026-03-01T12:30:00Z"});
  EXPECT_EQ(disk_.points({"box", "zfs:pool/a"}).size(), 1u);
  EXPECT_TRUE(contains(run({"forget", "zfs:pool/a@2026-12-31"}).err, "newest snapshot"));
}

TEST_F(NativeProgram, TellsPartialFromTotalFailure) {
  back_up();
  host_.destroy("zfs:pool/a");
  host_.make("zfs:pool/a");
  host_.write("zfs:pool/a", "file", "another volume of the same name");
  const Outcome partial = run({"backup", "zfs:pool/*"});
  EXPECT_EQ(partial.code, 3);
  EXPECT_TRUE(contains(partial.err, "--start-anew")) << partial.err;
  refused(1, {"backup", "zfs:pool/a"}, "zfs:pool/a");
  EXPECT_TRUE(contains(ok({"backup", "zfs:pool/a", "--start-anew"}), "1 volume sent"));
  EXPECT_EQ(disk_.replicas().size(), 3u);
  EXPECT_EQ(ok({"cat", "box:zfs:pool/a", "file"}), "another volume of the same name");
}

TEST_F(NativeProgram, NamesACopyThatWasSetAsideAndDoesNotCountIt) {
  back_up();
  host_.destroy("zfs:pool/a");
  host_.make("zfs:pool/a");
  ok({"backup", "zfs:pool/a", "--start-anew"});
  program_.clock.advance(Duration{3 * 86400});
  host_.write("zfs:pool/a", "file", "later");
  host_.write("zfs:pool/b", "file", "later");
  back_up();
  const std::string out = ok({"check", "--max-age", "1d"});
  EXPECT_TRUE(contains(out, "set aside, and not counted: box:zfs:pool/a.diverged-")) << out;
  EXPECT_TRUE(contains(ok({"list"}), "box:zfs:pool/a.diverged-"));
  // Alone it is what there is of the volume.
  ok({"forget", "--all", "--yes", "box:zfs:pool/a"});
  EXPECT_EQ(run({"check", "--max-age", "1d"}).code, 1);
}

TEST_F(NativeProgram, NamesMachinesAsTheyAreReached) {
  ok({"backup", "root@web1:zfs:pool/a", "zfs:pool/b", "--host", "desk", "--set", "nightly"});
  EXPECT_EQ(asked_, (std::vector<std::string>{"root@web1:zfs:pool/a", "zfs:pool/b"}));
  EXPECT_EQ(set_, "nightly");
  EXPECT_EQ(disk_.replicas(),
            (std::vector<VolumeName>{{"desk", "zfs:pool/b"}, {"web1", "zfs:pool/a"}}));
}

TEST_F(NativeProgram, RestoresAWholeVolume) {
  back_up();
  EXPECT_TRUE(contains(ok({"restore", "zfs:pool/a", "--target", "zfs:pool/new", "--dry-run"}),
                       "would restore"));
  EXPECT_TRUE(restored_.empty());
  ok({"restore", "zfs:pool/a", "--target", "zfs:pool/new"});
  ASSERT_EQ(restored_.size(), 1u);
  EXPECT_TRUE(restored_[0].starts_with("zfs:pool/a@snapferry_default_"));
  EXPECT_TRUE(restored_[0].ends_with("to zfs:pool/new"));
  EXPECT_FALSE(contains(ok({"restore", "zfs:pool/a", "--target", "zfs:pool/new"}), "zfs mount"));
  EXPECT_TRUE(contains(ok({"restore", "zfs:pool/a", "--target", "root@web1:zfs:pool/new"}),
                       "run 'zfs mount pool/new' there"));
  refused(1, {"restore", "zfs:pool/a", "--target", "zfs:pool/taken"}, "is there");
  refused(2, {"restore", "zfs:pool/a", "file", "--target", "zfs:pool/new"}, "whole volume");
  refused(1, {"restore", "zfs:pool/a", "--target", "btrfs:/new"}, "kind btrfs");
}

TEST_F(NativeProgram, RefusesAnotherStoreThanTheOneThatWasAtTheAddress) {
  back_up();
  FakeDisk other;
  current_ = &other;
  for (const std::vector<std::string>& args :
       std::vector<std::vector<std::string>>{{"backup", "zfs:pool/*"},
                                             {"list"},
                                             {"restore", "zfs:pool/a", "--target", "zfs:pool/n"}}) {
    refused(1, args, "this is another store (id " + other.identity().substr(0, 8));
  }
  EXPECT_TRUE(other.replicas().empty());
  ok({"backup", "zfs:pool/*", "--accept-changed-store"});
  ok({"list"});
  current_ = &disk_;
  ok({"list"});
}

TEST_F(NativeProgram, MakesAStore) {
  ok({"init"});
  EXPECT_EQ(created_, (std::vector<std::string>{"zfs:backup"}));
  refused(2, {"init", "--encryption", "none"}, "leave it out");
}

TEST_F(NativeProgram, RefusesInOneLineWhatDoesNotFit) {
  refused(1, {"backup", "btrfs:/home"}, "give --store btrfs:");
  refused(1, {"backup", "/home"}, "give --store repo:DIR");
  refused(1, {"backup", "zfs:pool/a", "--store", "repo:/srv"}, "give --store zfs:");
  refused(2, {"backup", "zfs:pool/a", "/home"}, "two runs");
  refused(2, {"backup", "zfs:pool/a", "--exclude", "x"}, "--exclude");
  refused(2, {"backup", "/home", "--parallel", "2"}, "--parallel");
  refused(2, {"backup", "zfs:pool/a", "--set", "a_b"}, "a_b");
  refused(2, {"backup", "zfs:pool/a", "--limit-rate", "fast"}, "fast");
  refused(2, {"backup", "zfs:pool/a", "--parallel", "0"}, "--parallel");
  refused(1, {"backup", "zfs:pool/nothing"}, "zfs:pool/nothing");
  refused(1, {"key", "list"}, "repository");
  refused(1, {"debug", "list"}, "repository");
  refused(2, {"verify", "--read-data=5"}, "--read-data");
}

TEST_F(NativeProgram, TellsAMissingStoreFromAnEmptyOne) {
  EXPECT_EQ(ok({"list"}), "no snapshots yet\n");
  const std::vector<std::vector<std::string>> commands = {
      {"list"},
      {"verify"},
      {"stats"},
      {"check", "--max-age", "1d"},
      {"prune", "--keep-last", "1"},
      {"forget", "zfs:pool/a"},
      {"ls", "zfs:pool/a"},
      {"restore", "zfs:pool/a", "--target", "zfs:pool/new"},
      {"restore", "zfs:pool/a", "--target", room_ / "target"},
      {"backup", "zfs:pool/a"},
      {"backup", "zfs:pool/a", "root@web1:zfs:pool/a"},
      {"backup", "zfs:pool/a", "--dry-run"}};
  for (auto command : commands) {
    command.insert(command.end(), {"--store", "zfs:missing"});
    refused(10, command, "make the store");
  }
  EXPECT_TRUE(host_.points("zfs:pool/a").empty());
}

TEST(Rate, IsBytesPerSecondInPowersOf1024) {
  EXPECT_EQ(parse_rate("500"), 500u);
  EXPECT_EQ(parse_rate("10M"), 10u << 20);
  EXPECT_EQ(parse_rate("1.5k"), 1536u);
  for (const auto* text : {"", "M", "0", "-1", "10MB", "1e30", "ten"}) {
    EXPECT_THROW(parse_rate(text), Error) << text;
  }
}

TEST(RunLine, ShowsTheSumAndAsManyVolumesAsFit) {
  replication::RunProgress progress;
  EXPECT_EQ(render_run(progress, 0, 80), "looking at volumes");
  progress.expect(3);
  progress.done();
  progress.begin("zfs:a").bytes = 1 << 20;
  progress.begin("zfs:b").bytes = 3 << 20;
  EXPECT_EQ(render_run(progress, 2, 80),
            "1 of 3 volumes  4.0 MiB  2.0 MiB/s  zfs:a 1.0 MiB, zfs:b 3.0 MiB");
  EXPECT_EQ(render_run(progress, 2, 52), "1 of 3 volumes  4.0 MiB  2.0 MiB/s  zfs:a 1.0 MiB");
  EXPECT_EQ(render_run(progress, 2, 20), "1 of 3 volumes");
}

}  // namespace
}  // namespace snapferry::cli
