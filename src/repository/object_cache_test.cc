#include "repository/object_cache.h"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/object_store.h"
#include "testing/temporary_directory.h"

namespace snapferry::repository {
namespace {

namespace fs = std::filesystem;

class ObjectCacheTest : public ::testing::Test {
 protected:
  static ObjectId id(std::uint64_t number) {
    std::mt19937_64 random(number + 1);
    ObjectId result;
    for (auto& byte : result.bytes) byte = static_cast<std::uint8_t>(random());
    return result;
  }

  static Bytes content(std::uint64_t number, std::size_t size) {
    std::mt19937_64 random(number);
    Bytes bytes(size);
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
    return bytes;
  }

  std::string log(int number = 1) const {
    return directory_ + "/objects-1-" + std::to_string(number) + ".log";
  }
  std::string index(int number = 1) const {
    return directory_ + "/objects-1-" + std::to_string(number) + ".index";
  }

  const testing::TemporaryDirectory temporary_;
  std::string directory_ = temporary_.path();
};

TEST_F(ObjectCacheTest, GivesBackWhatWasPutNowAndLater) {
  const std::size_t sizes[] = {0, 1, 7, 8, 100, 8143, 8144, 8145, 100'000, kMaxObjectSize};
  {
    ObjectCache cache(directory_);
    for (const std::size_t size : sizes) cache.put(id(size), content(size, size));
    for (const std::size_t size : sizes) EXPECT_EQ(cache.get(id(size)), content(size, size));
  }
  ObjectCache cache(directory_);
  for (const std::size_t size : sizes) EXPECT_EQ(cache.get(id(size)), content(size, size));
  EXPECT_EQ(cache.get(id(3)), std::nullopt);
}

TEST_F(ObjectCacheTest, CreatesItsDirectoryAndIsReadableByTheOwnerAlone) {
  directory_ += "/new";
  ObjectCache cache(directory_);
  cache.put(id(1), content(1, 10));
  cache.flush();
  EXPECT_EQ(fs::status(directory_).permissions(), fs::perms::owner_all);
  const auto owner = fs::perms::owner_read | fs::perms::owner_write;
  EXPECT_EQ(fs::status(log()).permissions(), owner);
  EXPECT_EQ(fs::status(index()).permissions(), owner);
}

TEST_F(ObjectCacheTest, AnObjectIsWrittenOnce) {
  ObjectCache cache(directory_);
  cache.put(id(1), content(1, 1000));
  const auto size = fs::file_size(log());
  cache.put(id(1), content(1, 1000));
  EXPECT_EQ(cache.get(id(1)), content(1, 1000));
  EXPECT_EQ(fs::file_size(log()), size);
}

TEST_F(ObjectCacheTest, WhatWasNotFlushedIsAMissForOthersAndNotAnError) {
  ObjectCache first(directory_);
  first.put(id(1), content(1, 1000));
  EXPECT_EQ(ObjectCache(directory_).get(id(1)), std::nullopt);
  first.flush();
  EXPECT_EQ(ObjectCache(directory_).get(id(1)), content(1, 1000));
}

TEST_F(ObjectCacheTest, StaysWithinItsLimitAndKeepsWhatIsUsed) {
  const ObjectCacheLimits limits{.log_bytes = 200'000};
  ObjectCache cache(directory_, limits);
  for (std::uint64_t i = 0; i < 1000; ++i) {
    cache.put(id(i), content(i, 2000));
    ASSERT_EQ(cache.get(id(0)), content(0, 2000)) << i;
    std::uintmax_t total = 0;
    for (const auto& entry : fs::directory_iterator(directory_)) total += entry.file_size();
    ASSERT_LE(total, 210'000u);
  }
  EXPECT_EQ(cache.get(id(999)), content(999, 2000));
  EXPECT_EQ(cache.get(id(500)), std::nullopt);
  cache.flush();
  ObjectCache later(directory_, limits);
  EXPECT_EQ(later.get(id(0)), content(0, 2000));
  EXPECT_EQ(later.get(id(999)), content(999, 2000));
}

TEST_F(ObjectCacheTest, TheNumberOfSmallObjectsIsLimitedToo) {
  ObjectCache cache(directory_, {.log_bytes = 512 * 200});
  for (std::uint64_t i = 0; i < 350; ++i) cache.put(id(i), {});
  EXPECT_TRUE(fs::exists(log(4)));
  EXPECT_FALSE(fs::exists(log(2)));
  EXPECT_EQ(cache.get(id(150)), std::nullopt);
  EXPECT_EQ(cache.get(id(200)), Bytes());
}

TEST_F(ObjectCacheTest, ATruncatedLogServesTheRestWhereverItEnds) {
  {
    ObjectCache cache(directory_);
    for (std::uint64_t i = 0; i < 5; ++i) cache.put(id(i), content(i, 100 + i));
  }
  const std::uintmax_t whole = fs::file_size(log());
  for (std::uintmax_t size = whole - 48; size-- > whole - 150;) {
    fs::resize_file(log(), size);
    ObjectCache cache(directory_);
    for (std::uint64_t i = 0; i < 4; ++i) ASSERT_EQ(cache.get(id(i)), content(i, 100 + i)) << size;
    ASSERT_EQ(cache.get(id(4)), std::nullopt) << size;
  }
}

TEST_F(ObjectCacheTest, WorksAgainBehindATornRecord) {
  for (std::uint64_t torn = 1; torn < 9; ++torn) {
    fs::remove_all(directory_);
    { ObjectCache(directory_).put(id(1), content(1, 100)); }
    fs::resize_file(log(), fs::file_size(log()) + torn);
    fs::resize_file(index(), fs::file_size(index()) + torn);
    {
      ObjectCache cache(directory_);
      cache.put(id(2), content(2, 100));
      cache.put(id(3), content(3, 100));
    }
    ObjectCache cache(directory_);
    EXPECT_EQ(cache.get(id(1)), content(1, 100)) << torn;
    EXPECT_EQ(cache.get(id(3)), content(3, 100)) << torn;
  }
}

TEST_F(ObjectCacheTest, EveryFlippedByteIsAMissOrHarmlessAndCanBePutAgain) {
  {
    ObjectCache cache(directory_);
    for (std::uint64_t i = 0; i < 3; ++i) cache.put(id(i), content(i, 50));
  }
  for (const std::string& name : {log(), index()}) {
    const auto size = static_cast<std::streamoff>(fs::file_size(name));
    for (std::streamoff offset = 0; offset < size; ++offset) {
      std::fstream file(name, std::ios::in | std::ios::out | std::ios::binary);
      file.seekg(offset);
      const int byte = file.get();
      file.seekp(offset).put(static_cast<char>(byte ^ 0x20)).flush();
      ObjectCache cache(directory_);
      for (std::uint64_t i = 0; i < 3; ++i) {
        const auto bytes = cache.get(id(i));
        ASSERT_TRUE(!bytes || *bytes == content(i, 50)) << name << " " << offset;
        cache.put(id(i), content(i, 50));
        ASSERT_EQ(cache.get(id(i)), content(i, 50)) << name << " " << offset;
      }
      file.seekp(offset).put(static_cast<char>(byte)).flush();
    }
  }
}

TEST_F(ObjectCacheTest, ALostIndexIsAnEmptyCache) {
  { ObjectCache(directory_).put(id(1), content(1, 100)); }
  fs::remove(index());
  ObjectCache cache(directory_);
  EXPECT_EQ(cache.get(id(1)), std::nullopt);
  cache.put(id(1), content(1, 100));
  EXPECT_EQ(cache.get(id(1)), content(1, 100));
}

TEST_F(ObjectCacheTest, ADirectoryThatCannotBeUsedMakesACacheThatHoldsNothing) {
  for (const char* name : {"", "/proc/none", "/dev/null"}) {
    ObjectCache cache(name);
    cache.put(id(1), content(1, 10));
    EXPECT_EQ(cache.get(id(1)), std::nullopt) << name;
    cache.flush();
  }
}

TEST_F(ObjectCacheTest, AFullDiskDisablesWritingAndNothingElse) {
  { ObjectCache(directory_).put(id(1), content(1, 100)); }
  fs::remove(log(1));
  fs::create_symlink("/dev/full", log(1));  // a link is refused
  {
    ObjectCache cache(directory_);
    cache.put(id(2), content(2, 100));
    EXPECT_EQ(cache.get(id(2)), std::nullopt);
  }
  // A limit on the size of files is what a full disk looks like without root.
  fs::remove_all(directory_);
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{5000, 5000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    ObjectCache cache(directory_);
    for (std::uint64_t i = 0; i < 10; ++i) cache.put(id(i), content(i, 1000));
    for (std::uint64_t i = 0; i < 4; ++i) {
      if (cache.get(id(i)) != content(i, 1000)) ::_exit(1);
    }
    ::_exit(cache.get(id(9)) == std::nullopt ? 0 : 2);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST_F(ObjectCacheTest, ServesSeveralThreads) {
  ObjectCache cache(directory_, {.log_bytes = 1 << 20});
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (unsigned thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      std::mt19937_64 random(thread);
      for (int i = 0; i < 3000; ++i) {
        const std::uint64_t number = random() % 500;
        const auto bytes = cache.get(id(number));
        if (bytes && *bytes != content(number, 3000)) ++wrong;
        if (!bytes) cache.put(id(number), content(number, 3000));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(ObjectCacheTest, ServesSeveralProcesses) {
  std::vector<pid_t> children;
  for (std::uint64_t process = 0; process < 4; ++process) {
    const pid_t child = ::fork();
    if (child != 0) {
      children.push_back(child);
      continue;
    }
    int wrong = 0;
    {
      ObjectCache cache(directory_);
      for (std::uint64_t i = 0; i < 300; ++i) {
        cache.put(id(process * 1000 + i), content(i, 100 + i));
        if (cache.get(id(process * 1000 + i)) != content(i, 100 + i)) ++wrong;
        if (i % 10 == 0) cache.flush();
      }
    }
    ::_exit(wrong == 0 ? 0 : 1);
  }
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  ObjectCache cache(directory_);
  for (std::uint64_t process = 0; process < 4; ++process) {
    for (std::uint64_t i = 0; i < 300; ++i) {
      ASSERT_EQ(cache.get(id(process * 1000 + i)), content(i, 100 + i));
    }
  }
}

}  // namespace
}  // namespace snapferry::repository
