#include <filesystem>

#include <fcntl.h>
#include <sys/stat.h>

#include "core/error.h"
#include "testing/restore_fixture.h"
#include "tree/restore/restore.h"

namespace snapferry::testing {
namespace {

using RestoreTarget = Restore;

TEST_F(RestoreTarget, GivesFilesNoAclThatTheTargetWouldHandDown) {
  ::mkdir(target_.c_str(), 0755);
  const std::string acl(
      "\2\0\0\0\1\0\7\0\xff\xff\xff\xff\2\0\7\0\1\0\0\0\4\0\5\0\xff\xff\xff\xff"
      "\x10\0\7\0\xff\xff\xff\xff\x20\0\5\0\xff\xff\xff\xff",
      44);
  ASSERT_EQ(::setxattr(target_.c_str(), "system.posix_acl_default", acl.data(), acl.size(), 0), 0);
  run(directory("", {file("a", "x"), directory("d", {file("b", "y").mode(0600)})}));
  for (const char* name : {"a", "d", "d/b"}) {
    EXPECT_EQ(xattr(at(name), "system.posix_acl_access"), "(none)") << name;
  }
  EXPECT_EQ(xattr(at("d"), "system.posix_acl_default"), "(none)");
  EXPECT_EQ(xattr(target_, "system.posix_acl_default"), "(none)");
  EXPECT_EQ(look(at("a")).st_mode & 07777, 0644u);
  EXPECT_EQ(look(at("d/b")).st_mode & 07777, 0600u);
}

TEST_F(RestoreTarget, RestoresChosenPathsWithTheirParents) {
  const Snapshot snapshot = snapshot_of(
      directory("", {directory("a", {directory("b", {file("c", "1"), file("d", "2")}).mode(0711),
                                     file("e", "3")})
                         .mode(0700)
                         .mtime(5, 6),
                     directory("w", {file("x"), directory("y", {file("z")})})})
          .mode(0700),
      objects_);
  ::mkdir(target_.c_str(), 0755);
  options_.paths = {"/a//b/c", "w/", "w/y"};
  run(snapshot);
  EXPECT_EQ(problems_.all, std::vector<std::string>{});
  EXPECT_EQ(content(at("a/b/c")), "1");
  EXPECT_FALSE(exists(at("a/b/d")));
  EXPECT_FALSE(exists(at("a/e")));
  EXPECT_TRUE(exists(at("w/y/z")));
  EXPECT_EQ(look(at("a/b")).st_mode & 07777, 0711u);
  EXPECT_EQ(look(at("a")).st_mode & 07777, 0700u);
  EXPECT_EQ(look(at("a")).st_mtim.tv_nsec, 6);
  EXPECT_EQ(look(target_).st_mode & 07777, 0755u) << "the user's directory was changed";
}

TEST_F(RestoreTarget, LeavesExistingParentsOfChosenPathsAsTheyAre) {
  const Snapshot snapshot = snapshot_of(
      directory("", {directory("a", {directory("b", {file("c", "1")}).mode(0711)}).mode(0700),
                     directory("w", {file("x")}).mode(0750)}),
      objects_);
  for (const std::string& name : {target_, at("a"), at("w")}) {
    ::mkdir(name.c_str(), 0755);
    ASSERT_EQ(::chmod(name.c_str(), 0751), 0);
  }
  options_.paths = {"a/b/c", "w"};
  run(snapshot);
  EXPECT_EQ(problems_.all, std::vector<std::string>{});
  EXPECT_EQ(content(at("a/b/c")), "1");
  EXPECT_EQ(look(at("a")).st_mode & 07777, 0751u) << "was there already";
  EXPECT_EQ(look(at("a/b")).st_mode & 07777, 0711u) << "was made";
  EXPECT_EQ(look(at("w")).st_mode & 07777, 0750u) << "was chosen";
}

TEST_F(RestoreTarget, ChangesNothingForAPathThatIsNotThere) {
  options_.paths = {"a", "b"};
  EXPECT_THROW(run(directory("", {file("a")})), Error);
  EXPECT_FALSE(exists(target_));
  options_.paths = {"a/../a"};
  EXPECT_THROW(run(directory("", {file("a")})), Error);
  options_.paths = {"a/b"};
  EXPECT_THROW(run(directory("", {file("a")})), Error);
}

TEST_F(RestoreTarget, PutsASingleFileBelowTheTarget) {
  Snapshot snapshot = snapshot_of(file("", "stream").mode(0600), objects_);
  snapshot.volume.path = "stdin:dump.sql";
  run(snapshot);
  EXPECT_EQ(content(at("dump.sql")), "stream");
  snapshot.volume.path = "/var/lib/data.db";
  run(snapshot);
  EXPECT_EQ(content(at("data.db")), "stream");
}

TEST_F(RestoreTarget, SecondTimeKeepsWhatIsRightAndCorrectsTheRest) {
  const Snapshot snapshot = snapshot_of(
      directory("", {file("mode", "1"), file("data", "2"), file("same", "3").xattr("user.a", "b"),
                     file("size", "4"), symlink("l", "x"), directory("d", {file("e", "5")})}),
      objects_);
  run(snapshot);
  ::chmod(at("mode").c_str(), 0777);
  write(at("data"), "X");
  write(at("size"), "longer");
  ::setxattr(at("d/e").c_str(), "user.extra", "1", 1, 0);
  ::unlink(at("l").c_str());
  ASSERT_EQ(::symlink("elsewhere", at("l").c_str()), 0);
  write(at("extra"), "mine");
  write(at(".snapferry-restore-0123456789abcdef-1f"), "left by a killed restore");
  Actions actions;
  observer_ = &actions;
  const ino_t kept = look(at("same")).st_ino;
  const RestoreStats stats = run(snapshot);
  EXPECT_EQ(actions.all,
            (std::set<std::string>{"=", "~mode", "!data", "=same", "!size", "!l", "=d", "~d/e",
                                   "-.snapferry-restore-0123456789abcdef-1f"}));
  EXPECT_EQ(look(at("same")).st_ino, kept);
  EXPECT_EQ(look(at("mode")).st_mode & 07777, 0644u);
  EXPECT_EQ(content(at("data")), "2");
  EXPECT_EQ(content(at("size")), "4");
  EXPECT_EQ(xattr(at("d/e"), "user.extra"), "(none)");
  EXPECT_EQ(xattr(at("same"), "user.a"), "b");
  EXPECT_EQ(std::filesystem::read_symlink(at("l")), "x");
  EXPECT_TRUE(exists(at("extra")));
  EXPECT_EQ(stats.replaced, 3u);
  EXPECT_EQ(stats.deleted, 1u);
  EXPECT_EQ(look(target_).st_mtim.tv_sec, 1'000'000'000);
}

TEST_F(RestoreTarget, NeverLeavesAloneWhatExists) {
  ::mkdir(target_.c_str(), 0755);
  ::mkdir(at("d").c_str(), 0711);
  write(at("a"), "mine");
  write(at("file"), "mine too");
  options_.overwrite = Overwrite::Never;
  run(directory("", {file("a", "new").link(5), file("z", "new").link(5), file("b", "new").link(4),
                     file("c", "new").link(4), directory("d", {file("e", "new")}),
                     directory("file", {file("x")})}));
  EXPECT_EQ(content(at("a")), "mine");
  EXPECT_EQ(content(at("z")), "new") << "nobody knows what is in the other name";
  EXPECT_EQ(content(at("b")), "new");
  EXPECT_EQ(look(at("c")).st_ino, look(at("b")).st_ino);
  EXPECT_EQ(content(at("d/e")), "new");
  EXPECT_EQ(content(at("file")), "mine too");
  EXPECT_EQ(look(at("d")).st_mode & 07777, 0711u);
}

TEST_F(RestoreTarget, AlwaysWritesEverythingAgain) {
  const Snapshot snapshot = snapshot_of(directory("", {file("a", "right")}), objects_);
  run(snapshot);
  const struct timespec times[2] = {{0, UTIME_OMIT}, {1'000'000'000, 500'000'000}};
  write(at("a"), "wrong");
  ::utimensat(AT_FDCWD, at("a").c_str(), times, 0);
  run(snapshot);
  EXPECT_EQ(content(at("a")), "wrong") << "same size and mtime";
  options_.overwrite = Overwrite::Always;
  run(snapshot);
  EXPECT_EQ(content(at("a")), "right");
}

TEST_F(RestoreTarget, ReplacesWhatIsOfAnotherType) {
  ::mkdir(target_.c_str(), 0755);
  ::mkdir(at("file").c_str(), 0755);
  ::mkdir(at("full").c_str(), 0755);
  write(at("full/x"), "precious");
  write(at("dir"), "x");
  write(at("link"), "x");
  const Node tree = directory("", {file("file", "f"), file("full", "g"),
                                   directory("dir", {file("y")}), symlink("link", "z")});
  const RestoreStats stats = run(tree);
  EXPECT_EQ(content(at("file")), "f");
  EXPECT_TRUE(exists(at("dir/y")));
  EXPECT_EQ(std::filesystem::read_symlink(at("link")), "z");
  EXPECT_EQ(content(at("full/x")), "precious");
  EXPECT_EQ(stats.failed, 1u);
  ASSERT_EQ(problems_.all.size(), 1u);
  EXPECT_NE(problems_.all[0].find("full: a directory"), std::string::npos) << problems_.all[0];
  options_.delete_extra = true;
  EXPECT_EQ(run(tree).failed, 0u);
  EXPECT_EQ(content(at("full")), "g");
}

TEST_F(RestoreTarget, DeletesExtrasOnlyInsideWhatItRestores) {
  ::mkdir(target_.c_str(), 0755);
  for (const char* name : {"d", "d/old", "d/old/deep", "e"}) ::mkdir(at(name).c_str(), 0755);
  write(at("d/old/deep/x"), "x");
  write(at("e/extra"), "x");
  write(at("extra"), "x");
  write(outside_ / "precious", "p");
  ASSERT_EQ(::symlink(outside_.path().c_str(), at("d/out").c_str()), 0);
  ASSERT_EQ(::symlink("../..", at("d/old/up").c_str()), 0);
  const Snapshot snapshot =
      snapshot_of(directory("", {directory("d", {file("k", "1")}), directory("e", {})}), objects_);
  options_.delete_extra = true;
  options_.paths = {"d"};
  const RestoreStats stats = run(snapshot);
  EXPECT_EQ(problems_.all, std::vector<std::string>{});
  EXPECT_EQ(stats.deleted, 5u);
  EXPECT_FALSE(exists(at("d/old")));
  EXPECT_FALSE(exists(at("d/out")));
  EXPECT_TRUE(exists(at("extra")));
  EXPECT_TRUE(exists(at("e/extra")));
  EXPECT_EQ(content(outside_ / "precious"), "p");
  options_.paths.clear();
  run(snapshot);
  EXPECT_FALSE(exists(at("extra")));
  EXPECT_FALSE(exists(at("e/extra")));
  EXPECT_TRUE(exists(at("d/k")));
}

TEST_F(RestoreTarget, DeletesNothingWhereTheListIsDamaged) {
  const Snapshot snapshot = snapshot_of(directory("", {file("a"), file("b")}), objects_);
  run(snapshot);
  objects_.erase(snapshot.root.tree);
  options_.delete_extra = true;
  EXPECT_EQ(run(snapshot).failed, 1u);
  EXPECT_TRUE(exists(at("a")));
}

TEST_F(RestoreTarget, DryRunTellsAndChangesNothing) {
  const Snapshot snapshot =
      snapshot_of(directory("", {file("a", "1"), directory("d", {file("b", "2")}),
                                 file("l", "3").link(2), file("m", "3").link(2)}),
                  objects_);
  Actions actions;
  observer_ = &actions;
  options_.dry_run = true;
  run(snapshot);
  EXPECT_FALSE(exists(target_));
  EXPECT_EQ(actions.all, (std::set<std::string>{"+", "+a", "+d", "+d/b", "+l", "+m"}));
  options_.dry_run = false;
  run(snapshot);
  write(at("a"), "changed");
  ::mkdir(at("x").c_str(), 0755);
  write(at("x/y"), "1");
  actions.all.clear();
  options_.dry_run = true;
  options_.delete_extra = true;
  run(snapshot);
  EXPECT_EQ(actions.all,
            (std::set<std::string>{"=", "!a", "=d", "=d/b", "=l", "=m", "-x", "-x/y"}));
  EXPECT_EQ(content(at("a")), "changed");
  EXPECT_TRUE(exists(at("x/y")));
}

TEST_F(RestoreTarget, DryRunCountsWhatTheRestoreThenDoes) {
  const Snapshot snapshot = snapshot_of(
      directory("", {file("a", "12345"), directory("d", {file("b", "12")}), file("e", "123"),
                     file("f", "1234"), file("l", "3").link(2), file("m", "3").link(2)}),
      objects_);
  for (const bool delete_extra : {false, true}) {
    SCOPED_TRACE(delete_extra);
    target_ = outside_ / (delete_extra ? "deleting" : "target");
    ::mkdir(target_.c_str(), 0755);
    write(at("a"), "other");
    ::mkdir(at("e").c_str(), 0755);  // an empty directory in the place of a file
    ::mkdir(at("f").c_str(), 0755);  // and one that is not
    write(at("f/in"), "x");
    write(at("extra"), "x");
    options_.delete_extra = delete_extra;
    options_.dry_run = true;
    const RestoreStats foreseen = run(snapshot);
    options_.dry_run = false;
    const RestoreStats stats = run(snapshot);
    // What was refused in the end was written beside its place before.
    EXPECT_EQ(foreseen.bytes, stats.bytes - (delete_extra ? 0 : 4));
    EXPECT_EQ(foreseen.created, stats.created);
    EXPECT_EQ(foreseen.replaced, stats.replaced);
    EXPECT_EQ(foreseen.unchanged, stats.unchanged);
    EXPECT_EQ(foreseen.deleted, stats.deleted);
    EXPECT_EQ(foreseen.failed, stats.failed);
    EXPECT_EQ(stats.failed, delete_extra ? 0u : 1u);
  }
}

TEST_F(RestoreTarget, NeverFollowsASymlinkInTheTarget) {
  ::mkdir(target_.c_str(), 0755);
  const std::string victim = outside_ / "victim";
  ::mkdir(victim.c_str(), 0700);
  write(victim + "/f", "precious");
  ASSERT_EQ(::symlink(victim.c_str(), at("d").c_str()), 0);
  ASSERT_EQ(::symlink((victim + "/f").c_str(), at("f").c_str()), 0);
  ASSERT_EQ(::link((victim + "/f").c_str(), at("hard").c_str()), 0);
  const time_t before = look(victim + "/f").st_mtim.tv_sec;
  run(directory("", {directory("d", {file("f", "evil")}), file("f", "evil").mode(0777),
                     file("hard", "evil").mode(0666)}));
  EXPECT_EQ(problems_.all, std::vector<std::string>{});
  EXPECT_EQ(content(victim + "/f"), "precious");
  EXPECT_EQ(look(victim + "/f").st_mtim.tv_sec, before);
  EXPECT_EQ(look(victim).st_mode & 07777, 0700u);
  EXPECT_TRUE(S_ISDIR(look(at("d")).st_mode));
  EXPECT_EQ(content(at("d/f")), "evil");
  EXPECT_EQ(content(at("hard")), "evil");
}

TEST_F(RestoreTarget, DoesNotCorrectAFileThatHasANameElsewhere) {
  const Snapshot snapshot =
      snapshot_of(directory("", {file("a", "1").mode(0666), file("b", "2").mode(0666).link(1),
                                 file("c", "2").mode(0666).link(1)}),
                  objects_);
  run(snapshot);
  for (const char* name : {"a", "b"}) {
    ::chmod(at(name).c_str(), 0600);
    ASSERT_EQ(::link(at(name).c_str(), (outside_ / name).c_str()), 0);
  }
  run(snapshot);
  for (const char* name : {"a", "b"}) {
    EXPECT_EQ(look(outside_ / name).st_mode & 07777, 0600u) << name;
    EXPECT_EQ(look(at(name)).st_mode & 07777, 0666u) << name;
  }
  EXPECT_EQ(look(at("b")).st_ino, look(at("c")).st_ino);
}

TEST_F(RestoreTarget, RefusesATargetThatIsNoDirectory) {
  write(target_, "file");
  try {
    run(directory("", {}));
    ADD_FAILURE() << "was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::InvalidArgument);
  }
}

}  // namespace
}  // namespace snapferry::testing
