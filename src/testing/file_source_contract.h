#pragma once

#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/tree_node.h"
#include "core/tree_reader.h"
#include "testing/backup_scene.h"
#include "tree/backup/local_files.h"

// What every FileSource must do, as a backup of it shows. Include it once per test program, and say
// which:
//
//   INSTANTIATE_TEST_SUITE_P(All, FileSourceContract, ::testing::Values(kind…),
//                            file_source_kind_name);

namespace snapferry::testing {

struct FileSourceKind {
  std::string name;
  // The files of the directory at `path`.
  std::function<std::unique_ptr<tree::FileSource>(const std::string& path)> make;
};

inline void PrintTo(const FileSourceKind& kind, std::ostream* out) { *out << kind.name; }

inline std::string file_source_kind_name(const ::testing::TestParamInfo<FileSourceKind>& info) {
  return info.param.name;
}

class FileSourceContract : public ::testing::TestWithParam<FileSourceKind> {
 protected:
  using Names = std::vector<std::string>;

  FileSourceContract() { scene.source = GetParam().make; }

  std::string at(std::string_view path) const { return scene.root / path; }

  // False where the filesystem has no such attributes.
  bool set_xattr(std::string_view path, const char* name, ByteView value) {
    return ::setxattr(at(path).c_str(), name, value.data(), value.size(), 0) == 0;
  }

  // What `visit` is told of each entry, by its path.
  void for_each(const tree::BackupResult& backup,
                const std::function<void(const std::string& path, Entry entry)>& visit) {
    std::vector<std::pair<std::string, Entry>> left = {{"", backup.root}};
    while (!left.empty()) {
      const auto [path, entry] = left.back();
      left.pop_back();
      visit(path, entry);
      if (!entry.has_tree()) continue;
      TreeReader(scene.objects).for_each(entry.tree, [&](const Entry& each) {
        left.emplace_back(path.empty() ? each.name : path + "/" + each.name, each);
        return true;
      });
    }
  }

  LeftOut reason(const tree::BackupResult& backup, std::string_view path) {
    const auto entry = scene.entry(backup, path);
    EXPECT_TRUE(entry) << path;
    return entry ? entry->left_out : LeftOut::None;
  }

  BackupScene scene;
};

TEST_P(FileSourceContract, GivesFilesOfAllSizes) {
  const std::vector<std::size_t> sizes = {0, 1, 4096, 512 << 10, (512 << 10) + 1, 5 << 20};
  for (const auto size : sizes) scene.write("d/" + std::to_string(size), noise(size, size));
  const auto backup = scene.back_up();
  for (const auto size : sizes) {
    EXPECT_EQ(scene.content(backup, "d/" + std::to_string(size)), noise(size, size)) << size;
  }
  EXPECT_EQ(backup.stats.files, sizes.size());
  EXPECT_EQ(backup.stats.directories, 2u);
  EXPECT_EQ(scene.problems(), Names{});
}

TEST_P(FileSourceContract, GivesTheNamesOfABigDirectoryInOrder) {
  Names names;
  for (int i = 0; i < 300; ++i) {
    names.push_back("file " + std::to_string(1000 + i));
    scene.write("big/" + names.back(), std::to_string(i));
  }
  scene.write("big/\xff", "last");
  names.push_back("\xff");
  const auto backup = scene.back_up();
  EXPECT_EQ(scene.names(backup, "big"), names);
  EXPECT_EQ(scene.content(backup, "big/file 1299"), "299");
  EXPECT_EQ(scene.content(backup, "big/\xff"), "last");
}

TEST_P(FileSourceContract, GivesSymlinksAndFollowsNone) {
  scene.write("d/file", "x");
  scene.make_symlink("to_directory", "d");
  scene.make_symlink("dangling", "/nowhere/at all");
  const auto backup = scene.back_up();
  EXPECT_EQ(scene.entry(backup, "to_directory")->target, "d");
  EXPECT_EQ(scene.entry(backup, "dangling")->target, "/nowhere/at all");
  EXPECT_EQ(backup.stats.files, 3u);
}

TEST_P(FileSourceContract, GivesSpecialFilesWithoutOpeningThem) {
  ASSERT_EQ(::mkfifo(at("fifo").c_str(), 0600), 0);
  ASSERT_EQ(::chmod(at("fifo").c_str(), 0640), 0);
  const bool device = ::mknod(at("null").c_str(), S_IFCHR | 0600, makedev(1, 3)) == 0;
  const auto backup = scene.back_up();
  EXPECT_EQ(scene.entry(backup, "fifo")->type, EntryType::Fifo);
  EXPECT_EQ(scene.entry(backup, "fifo")->mode, 0640u);
  if (device) {
    EXPECT_EQ(scene.entry(backup, "null")->type, EntryType::CharacterDevice);
    EXPECT_EQ(scene.entry(backup, "null")->device, makedev(1, 3));
  }
  EXPECT_EQ(scene.problems(), Names{});
}

TEST_P(FileSourceContract, GivesExtendedAttributesAndAclsOfAllKindsOfFiles) {
  scene.write("file", "x");
  scene.make_directory("d");
  if (!set_xattr("file", "user.of_file", as_bytes("v"))) GTEST_SKIP() << "no attributes here";
  ASSERT_TRUE(set_xattr("d", "user.of_directory", as_bytes("w")));
  // As in linux/posix_acl_xattr.h: version 2, then tag, permissions and id of each entry.
  const Bytes acl = {2, 0,    0,   0,   1,   0,   6,  0, 255, 255, 255, 255, 2,   0,  4,
                     0, 0xe8, 3,   0,   0,   4,   0,  4, 0,   255, 255, 255, 255, 16, 0,
                     4, 0,    255, 255, 255, 255, 32, 0, 0,   0,   255, 255, 255, 255};
  const bool has_acl = set_xattr("file", "system.posix_acl_access", acl);
  const auto backup = scene.back_up();
  const auto has = [&](std::string_view path, const std::string& name, ByteView value) {
    const auto entry = scene.entry(backup, path);
    for (const auto& xattr : entry->xattrs) {
      if (xattr.name == name) return std::ranges::equal(xattr.value, value);
    }
    return false;
  };
  EXPECT_TRUE(has("file", "user.of_file", as_bytes("v")));
  EXPECT_TRUE(has("d", "user.of_directory", as_bytes("w")));
  EXPECT_EQ(has("file", "system.posix_acl_access", acl), has_acl);
}

TEST_P(FileSourceContract, KeepsHoles) {
  scene.write("sparse", "begin");
  const int fd = ::open(at("sparse").c_str(), O_WRONLY);
  ASSERT_EQ(::pwrite(fd, "middle", 6, 100 << 20), 6);
  ASSERT_EQ(::ftruncate(fd, 200 << 20), 0);
  ::close(fd);
  struct stat status {};
  ASSERT_EQ(::stat(at("sparse").c_str(), &status), 0);
  if (status.st_blocks * 512 > 50 << 20) GTEST_SKIP() << "no holes here";
  const auto backup = scene.back_up();
  EXPECT_LT(backup.stats.bytes_read, 10u << 20);
  const auto entry = scene.entry(backup, "sparse");
  EXPECT_EQ(entry->size, 200u << 20);
  TreeReader reader(scene.objects);
  EXPECT_EQ(as_text(reader.read(*entry, 0, 6)), std::string("begin\0", 6));
  EXPECT_EQ(as_text(reader.read(*entry, (100 << 20) - 1, 8)), std::string("\0middle\0", 8));
  EXPECT_EQ(as_text(reader.read(*entry, (200 << 20) - 3, 3)), std::string(3, '\0'));
}

TEST_P(FileSourceContract, ReadsAFileOfSeveralNamesOnce) {
  scene.write("a", noise(100'000));
  std::filesystem::create_directory(at("d"));
  ASSERT_EQ(::link(at("a").c_str(), at("d/b").c_str()), 0);
  scene.options.threads = 1;
  const auto backup = scene.back_up();
  const auto one = scene.entry(backup, "a");
  const auto other = scene.entry(backup, "d/b");
  ASSERT_TRUE(one->link_device && other->link_device);
  EXPECT_EQ(one->link_device, other->link_device);
  EXPECT_EQ(one->inode, other->inode);
  EXPECT_EQ(one->content, other->content);
  EXPECT_EQ(backup.stats.bytes_read, 100'000u);
}

TEST_P(FileSourceContract, NamesWhatItMayNotReadAndGoesOn) {
  if (::geteuid() != 0) GTEST_SKIP() << "becoming another user needs root";
  scene.write("secret", "x");
  scene.write("closed/file", "x");
  scene.write("open", "y");
  std::filesystem::permissions(scene.root.path(), std::filesystem::perms(0755));
  ASSERT_EQ(::chmod(at("secret").c_str(), 0), 0);
  ASSERT_EQ(::chmod(at("closed").c_str(), 0), 0);
  ASSERT_EQ(::chmod(at("open").c_str(), 0644), 0);
  ASSERT_EQ(::seteuid(65534), 0);
  const auto backup = scene.back_up();
  ASSERT_EQ(::seteuid(0), 0);
  EXPECT_EQ(reason(backup, "secret"), LeftOut::Unreadable);
  EXPECT_EQ(reason(backup, "closed"), LeftOut::Unreadable);
  EXPECT_EQ(scene.content(backup, "open"), "y");
  EXPECT_EQ(backup.stats.files_failed, 2u);
  ASSERT_EQ(scene.problems().size(), 2u);
  for (const auto& problem : scene.problems()) {
    EXPECT_NE(problem.find("Permission denied"), problem.npos) << problem;
  }
}

TEST_P(FileSourceContract, SaysOfWhatVanishesThatItDid) {
  scene.write("d/gone", "x");
  scene.write("d/stays", "y");
  scene.hooks.listed = [&](std::string_view path) {
    if (path == "d") std::filesystem::remove(at("d/gone"));
  };
  const auto backup = scene.back_up();
  EXPECT_EQ(scene.names(backup, "d"), Names{"stays"});
  EXPECT_FALSE(scene.entry(backup, "d/gone"));
  EXPECT_EQ(scene.problems(), Names{"d/gone: vanished while it was read"});
  EXPECT_EQ(backup.stats.files_failed, 1u);
}

TEST_P(FileSourceContract, LeavesOutWhatIsMountedWhereOneFilesystemIsWanted) {
  scene.make_directory("mnt");
  if (::mount("none", at("mnt").c_str(), "tmpfs", 0, nullptr) != 0) {
    GTEST_SKIP() << "cannot mount here";
  }
  scene.write("mnt/file", "of another filesystem");
  scene.options.one_filesystem = true;
  const auto backup = scene.back_up();
  const int unmounted = ::umount2(at("mnt").c_str(), MNT_DETACH);
  EXPECT_EQ(unmounted, 0);
  EXPECT_EQ(reason(backup, "mnt"), LeftOut::OtherFilesystem);
  EXPECT_TRUE(scene.entry(backup, "mnt")->mount_point);
  EXPECT_EQ(backup.stats.files_failed, 0u);
}

TEST_P(FileSourceContract, NeverMixesTwoStatesOfAFile) {
  const std::string before = noise(3 << 20, 1);
  const std::string after = noise((3 << 20) + 1000, 2);
  scene.write("changes", before);
  int opened = 0;
  scene.hooks.opening = [&](std::string_view path) {
    if (path == "changes" && opened++ == 0) scene.write("changes", after);
    return 0;
  };
  const auto backup = scene.back_up();
  EXPECT_EQ(opened, 1);
  EXPECT_FALSE(scene.entry(backup, "changes")->unsettled);
  EXPECT_EQ(scene.content(backup, "changes"), after);
  EXPECT_EQ(scene.problems(), Names{});
}

TEST_P(FileSourceContract, MarksAFileThatNeverSettlesOrHasOneState) {
  scene.write("grows", "0");
  int read = 0;
  Names states = {"0"};
  scene.hooks.read = [&](std::string_view) {
    states.push_back(states.back() + std::to_string(++read));
    scene.write("grows", states.back());
    return 0;
  };
  const auto backup = scene.back_up();
  const std::string content = scene.content(backup, "grows");
  if (scene.entry(backup, "grows")->unsettled) {
    EXPECT_EQ(backup.stats.files_failed, 1u);
  } else {
    EXPECT_NE(std::ranges::find(states, content), states.end()) << content;
  }
}

TEST_P(FileSourceContract, IsTakenOverUnreadWhereNothingChanged) {
  scene.write("a/file", noise(1000));
  scene.write("a/linked", "x");
  ASSERT_EQ(::link(at("a/linked").c_str(), at("other").c_str()), 0);
  scene.make_symlink("link", "a");
  ASSERT_EQ(::mkfifo(at("fifo").c_str(), 0600), 0);
  const auto first = scene.back_up();
  scene.objects.reset_counters();
  const auto second = scene.back_up_again(first);
  EXPECT_EQ(second.root, first.root);
  EXPECT_EQ(second.stats.bytes_read, 0u);
  EXPECT_EQ(second.stats.files_unchanged, first.stats.files);
  EXPECT_EQ(scene.objects.puts(), 0u);
  scene.write("a/file", noise(1001));
  const auto third = scene.back_up_again(second);
  EXPECT_EQ(third.stats.bytes_read, 1001u);
  EXPECT_EQ(scene.content(third, "a/file"), noise(1001));
}

TEST_P(FileSourceContract, LeavesOutCachesAndStores) {
  scene.write("cache/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n");
  scene.write("cache/rest", "x");
  scene.write("no_cache/CACHEDIR.TAG", "no signature");
  scene.write("no_cache/rest", "x");
  scene.write("store/config", std::string("\x2f\0\0\0SFCF", 8));
  scene.write("store/keys/one", "x");
  scene.write("no_store/config", "SFCF");
  scene.write("no_store/keys/one", "x");
  scene.options.exclude_caches = true;
  const auto backup = scene.back_up();
  EXPECT_EQ(scene.names(backup, "cache"), Names{"CACHEDIR.TAG"});
  EXPECT_EQ(reason(backup, "cache/rest"), LeftOut::Cache);
  EXPECT_EQ(scene.content(backup, "no_cache/rest"), "x");
  EXPECT_EQ(reason(backup, "store/config"), LeftOut::OwnStore);
  EXPECT_EQ(scene.content(backup, "no_store/keys/one"), "x");
}

// But for what a source may not know, and says that it does not.
TEST_P(FileSourceContract, SaysOfEachFileWhatALocalOneSays) {
  scene.write("d/file", noise(700'000));
  scene.write("d/program", "#!/bin/sh\n");
  ASSERT_EQ(::chmod(at("d/program").c_str(), 04755), 0);
  ASSERT_EQ(::link(at("d/program").c_str(), at("linked").c_str()), 0);
  set_xattr("d", "user.name", as_bytes("value"));
  scene.make_symlink("d/link", "file");
  ASSERT_EQ(::mkfifo(at("d/fifo").c_str(), 0600), 0);
  const timespec times[2] = {{1'700'000'000, 123'456'789}, {-1000, 5}};
  ASSERT_EQ(::utimensat(AT_FDCWD, at("d/file").c_str(), times, 0), 0);
  const auto backup = scene.back_up();
  scene.source = [](const std::string& path) { return std::make_unique<tree::LocalFiles>(path); };
  const auto local = scene.back_up();
  std::size_t entries = 0;
  for_each(backup, [&](const std::string& path, Entry entry) {
    ++entries;
    Entry expected = path.empty() ? local.root : scene.entry(local, path).value();
    for (Entry* each : {&entry, &expected}) {
      each->attributes.reset();
      each->project.reset();
      each->tree = {};
      if (each->link_device) each->link_device = 0;
    }
    EXPECT_EQ(entry, expected) << path;
  });
  EXPECT_EQ(entries, 7u);
}

}  // namespace snapferry::testing
