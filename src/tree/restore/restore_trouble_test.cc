#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>

#include <fcntl.h>
#include <grp.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "core/error.h"
#include "core/tree_node.h"
#include "testing/restore_fixture.h"
#include "tree/restore/restore.h"
#include "tree/restore/target.h"
#include "tree/restore/unfinished_restore.h"

namespace snapferry::testing {
namespace {

using RestoreTrouble = Restore;
using RestoreTroubleAsRoot = RestoreAsRoot;

TEST_F(RestoreTrouble, ReportsDamageAndRestoresTheRest) {
  const Snapshot snapshot =
      snapshot_of(directory("", {file("bad", "damaged"), file("good", "fine"),
                                 file("linked bad", "damaged2").link(3),
                                 file("linked bad 2", "damaged2").link(3),
                                 file("big").data(noise(5 << 20, 4)).data("missing"),
                                 directory("lost", {file("x", "unreachable")})}),
                  objects_);
  objects_.erase(MemoryObjects::hash_of(ObjectKind::Data, as_bytes("damaged")));
  objects_.erase(MemoryObjects::hash_of(ObjectKind::Data, as_bytes("damaged2")));
  objects_.replace(ObjectKind::Data, MemoryObjects::hash_of(ObjectKind::Data, as_bytes("missing")),
                   as_bytes("wrong length"));
  Bytes leaf{1};
  encode_entry(store(file("x", "unreachable"), objects_), leaf);
  objects_.erase(MemoryObjects::hash_of(ObjectKind::Tree, leaf));
  const RestoreStats stats = run(snapshot);
  EXPECT_EQ(stats.failed, 5u);
  EXPECT_EQ(problems_.all.size(), 5u);
  EXPECT_EQ(content(at("good")), "fine");
  for (const char* name : {"bad", "linked bad", "linked bad 2", "big"})
    EXPECT_FALSE(exists(at(name)));
  EXPECT_TRUE(exists(at("lost")));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(target_), {}), 2);
}

// Does something to the target when the content `trigger` is asked for.
class Interfering : public ObjectSource {
 public:
  Interfering(MemoryObjects& objects, std::string_view trigger, std::function<void()> act)
      : objects_(objects),
        trigger_(MemoryObjects::hash_of(ObjectKind::Data, as_bytes(trigger))),
        act_(std::move(act)) {}
  Bytes get(ObjectKind kind, const ObjectId& id) override {
    if (kind == ObjectKind::Data && id == trigger_) act_();
    return objects_.get(kind, id);
  }

 private:
  MemoryObjects& objects_;
  ObjectId trigger_;
  std::function<void()> act_;
};

TEST_F(RestoreTrouble, StaysInsideWhenADirectoryBecomesASymlinkMeanwhile) {
  const std::string victim = outside_ / "victim";
  ::mkdir(victim.c_str(), 0755);
  const Snapshot snapshot = snapshot_of(
      directory("", {directory("d", {file("a", "trigger"), file("b", "after"),
                                     directory("e", {file("x", "z")}), file("l", "q").link(1)}),
                     file("m", "q").link(1)}),
      objects_);
  Interfering source(objects_, "trigger", [&] {
    ASSERT_EQ(::rename(at("d").c_str(), at("moved").c_str()), 0);
    ASSERT_EQ(::symlink(victim.c_str(), at("d").c_str()), 0);
    write(victim + "/l", "decoy");
  });
  options_.problems = &problems_;
  options_.threads = 1;
  tree::restore(snapshot, target_, source, options_);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(victim), {}), 1);
  EXPECT_EQ(content(at("moved/b")), "after");
  EXPECT_EQ(look(victim + "/l").st_nlink, 1u) << "the decoy was linked";
}

TEST_F(RestoreTrouble, StopsWhenCancelled) {
  const Snapshot snapshot = snapshot_of(
      directory("", {file("a", "1"), file("b").data(noise(5 << 20, 3)).data("trigger"),
                     file("l", "trigger").link(5), file("m", "trigger").link(5), file("z", "2")}),
      objects_);
  Cancellation cancellation;
  Interfering source(objects_, "trigger", [&] { cancellation.request(); });
  options_.cancellation = &cancellation;
  for (unsigned threads : {1u, 3u}) {
    options_.threads = threads;
    try {
      tree::restore(snapshot, target_, source, options_);
      ADD_FAILURE() << "was not cancelled";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Cancelled);
    }
    for (const auto& left : std::filesystem::directory_iterator(target_)) {
      EXPECT_FALSE(tree::is_temporary_name(left.path().filename().string())) << left.path();
    }
  }
  options_.cancellation = nullptr;
  EXPECT_EQ(run(snapshot).failed, 0u);
  EXPECT_EQ(content(at("z")), "2");
}

// A child of this process without privileges; its exit status counts failed checks.
int as_nobody(const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setgroups(0, nullptr) != 0 || ::setgid(65534) != 0 || ::setuid(65534) != 0) ::_exit(99);
    ::_exit(body());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 100;
}

TEST_F(RestoreTroubleAsRoot, AsANormalUserSaysOnceWhatItCannotDo) {
  ::chmod(outside_.path().c_str(), 0777);
  Node null(EntryType::CharacterDevice, "null");
  Node zero(EntryType::CharacterDevice, "zero");
  const Snapshot snapshot = snapshot_of(
      directory(
          "",
          {directory("ro", {file("x", "1").mode(0400).owner(65534, 65534).xattr("user.ro", "r"),
                            directory("in", {file("y", "2")}).mode(0)})
               .mode(0555),
           file("setuid", "s").mode(06755), null.device(makedev(1, 3)), zero.device(makedev(1, 5)),
           file("c", "c").xattr("security.x", "1").xattr("user.k", "v")}),
      objects_);
  const int failures = as_nobody([&] {
    int wrong = 0;
    const auto expect = [&](bool good, const char* what) {
      if (!good) ++wrong, std::fprintf(stderr, "not so: %s\n", what);
    };
    options_.problems = &problems_;
    for (int round = 0; round < 2; ++round) {
      const RestoreStats stats = tree::restore(snapshot, target_, objects_, options_);
      expect(problems_.all.size() == 2 && stats.failed == 2, "each device is named");
      problems_.all.clear();
      expect(stats.incomplete == 0, "what only root can do is told and costs nothing");
      expect(stats.limitations.size() == 5, "each limitation once");
      expect((look(at("ro")).st_mode & 07777) == 0555, "read-only directory");
      expect((look(at("ro/x")).st_mode & 07777) == 0400, "read-only file");
      expect((look(at("setuid")).st_mode & 07777) == 0755, "no setuid for another owner");
      expect(xattr(at("c"), "user.k") == "v", "user attributes");
      expect(xattr(at("ro/x"), "user.ro") == "r", "user attributes of a read-only file");
      expect(!exists(at("null")), "no device");
    }
    return wrong;
  });
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(content(at("ro/in/y")), "2");
  EXPECT_EQ(look(at("ro/in")).st_mode & 07777, 0u);
}

TEST_F(RestoreTroubleAsRoot, StopsWithNoSpaceAndCarriesOnLater) {
  const std::string disk = outside_ / "disk";
  ::mkdir(disk.c_str(), 0755);
  if (std::system(("mount -t tmpfs -o size=2m none " + disk).c_str()) != 0) {
    GTEST_SKIP() << "mounting is not permitted";
  }
  std::vector<Node> nodes{file("big").data(noise(3 << 20, 1)).data(noise(3 << 20, 2))};
  for (unsigned i = 0; i < 20; ++i) nodes.push_back(file(std::to_string(i), noise(300'000, i)));
  const Snapshot snapshot = snapshot_of(directory("", std::move(nodes)), objects_);
  try {
    tree::restore(snapshot, disk + "/t", objects_, options_);
    ADD_FAILURE() << "there was room";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::NoSpace) << error.message();
  }
  for (const auto& left : std::filesystem::directory_iterator(disk + "/t")) {
    if (left.path().filename() == tree::kUnfinishedName) continue;
    EXPECT_EQ(left.file_size(), 300'000u) << left.path();
  }
  EXPECT_EQ(std::system(("mount -o remount,size=40m " + disk).c_str()), 0);
  const RestoreStats stats = tree::restore(snapshot, disk + "/t", objects_, options_);
  EXPECT_EQ(stats.failed, 0u);
  EXPECT_EQ(content(disk + "/t/big"), noise(3 << 20, 1) + noise(3 << 20, 2));
  EXPECT_EQ(std::system(("umount " + disk).c_str()), 0);
}

// Fails the nth call of get(), or that and all later ones.
class Failing : public ObjectSource {
 public:
  Failing(ObjectSource& objects, int nth, bool from_there_on)
      : objects_(objects), left_(nth), from_there_on_(from_there_on) {}
  Bytes get(ObjectKind kind, const ObjectId& id) override {
    const int left = --left_;
    if (left == 0 || (left < 0 && from_there_on_)) {
      failed = true;
      throw Error(ErrorKind::Unavailable, "the store went away");
    }
    return objects_.get(kind, id);
  }
  std::atomic<bool> failed{false};

 private:
  ObjectSource& objects_;
  std::atomic<int> left_;
  bool from_there_on_;
};

TEST_F(RestoreTrouble, ShowsNothingWrongWhicheverReadFailsAndCarriesOnLater) {
  Node big = file("big").data(noise(3 << 20, 1)).data(noise(3 << 20, 2)).data("end").nested(2);
  const std::map<std::string, std::string> expected = {
      {"a", "1"},    {"big", noise(3 << 20, 1) + noise(3 << 20, 2) + "end"},
      {"d/b", "22"}, {"d/e/c", "333"},
      {"l", "4444"}, {"m", "4444"}};
  const Snapshot snapshot = snapshot_of(
      directory("", {file("a", "1"), std::move(big),
                     directory("d", {file("b", "22"), directory("e", {file("c", "333")})}),
                     file("l", "4444").link(1), file("m", "4444").link(1)}),
      objects_);
  bool reached = true;
  for (int nth = 1; reached; ++nth) {
    for (const bool from_there_on : {false, true}) {
      const std::string target = outside_ / (std::to_string(nth) + (from_there_on ? "+" : ""));
      Failing source(objects_, nth, from_there_on);
      options_.threads = 1 + nth % 3;
      const RestoreStats stats = tree::restore(snapshot, target, source, options_);
      reached = source.failed;
      EXPECT_EQ(stats.failed > 0, reached) << nth;
      for (const auto& [name, text] : expected) {
        if (exists(target + "/" + name)) {
          EXPECT_EQ(content(target + "/" + name), text) << nth;
        }
      }
      options_.delete_extra = true;
      EXPECT_EQ(tree::restore(snapshot, target, objects_, options_).failed, 0u);
      options_.delete_extra = false;
      for (const auto& [name, text] : expected)
        EXPECT_EQ(content(target + "/" + name), text) << nth;
      EXPECT_EQ(look(target + "/l").st_ino, look(target + "/m").st_ino);
      EXPECT_EQ(std::distance(std::filesystem::recursive_directory_iterator(target), {}), 8);
    }
  }
}

}  // namespace
}  // namespace snapferry::testing
