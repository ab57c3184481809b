#include "platform/uncached_writer.h"

#include <numeric>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "platform/fd.h"
#include "testing/errors.h"
#include "testing/temporary_directory.h"

namespace snapferry::platform {
namespace {

Bytes pattern(std::size_t size, std::uint8_t first) {
  Bytes bytes(size);
  std::iota(bytes.begin(), bytes.end(), first);
  // So that no two blocks are the same.
  for (std::size_t at = 0; at < size; at += 512) bytes[at] = static_cast<std::uint8_t>(at >> 9);
  return bytes;
}

class UncachedWriterTest : public ::testing::Test {
 protected:
  Fd create(const std::string& name) {
    return open_path(directory_.path() + "/" + name, O_RDWR | O_CREAT | O_EXCL, 0600);
  }
  static Bytes content(const Fd& fd, std::size_t most) {
    Bytes bytes(most + 1);
    bytes.resize(pread_up_to(fd.get(), bytes.data(), bytes.size(), 0, "the file"));
    return bytes;
  }
  testing::TemporaryDirectory directory_;
  UncachedWriter writer_;
};

TEST_F(UncachedWriterTest, WritesEverySize) {
  constexpr std::size_t kChunk = UncachedWriter::kChunk;
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{4095}, std::size_t{4096}, std::size_t{4097},
        kChunk - 1, kChunk, kChunk + 4096, 2 * kChunk + 4096 + 17}) {
    const Fd fd = create(std::to_string(size));
    const Bytes bytes = pattern(size, 3);
    writer_.write(fd.get(), bytes, "the file");
    EXPECT_TRUE(content(fd, size) == bytes) << size;
    EXPECT_EQ(::fcntl(fd.get(), F_GETFL) & O_DIRECT, 0) << "it is a file as others again";
  }
}

TEST_F(UncachedWriterTest, WritesFromSeveralThreads) {
  constexpr std::size_t kSize = UncachedWriter::kChunk + 4099;
  std::vector<Fd> files;
  std::vector<std::thread> threads;
  for (std::uint8_t i = 0; i < 4; ++i) files.push_back(create(std::to_string(i)));
  for (std::uint8_t i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] { writer_.write(files[i].get(), pattern(kSize, i), "the file"); });
  }
  for (auto& thread : threads) thread.join();
  for (std::uint8_t i = 0; i < 4; ++i) EXPECT_TRUE(content(files[i], kSize) == pattern(kSize, i));
}

TEST_F(UncachedWriterTest, SaysWhatFailed) {
  const Fd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  ASSERT_TRUE(full.valid());
  EXPECT_ERROR((writer_.write(full.get(), pattern(3 * 4096, 1), "the disk"), 0),
               ErrorKind::NoSpace);
}

}  // namespace
}  // namespace snapferry::platform
