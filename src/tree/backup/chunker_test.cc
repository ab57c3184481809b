#include "tree/backup/chunker.h"

#include <algorithm>
#include <set>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "testing/backup_scene.h"

namespace snapferry::tree {
namespace {

using testing::noise;

constexpr ChunkSizes kTiny{64, 256, 1024};

std::vector<std::string> cut(const std::string& text, const ChunkSizes& sizes) {
  std::vector<std::string> chunks;
  ByteView left = as_bytes(text);
  while (!left.empty()) {
    const std::size_t size = first_chunk(left, sizes);
    chunks.emplace_back(as_text(left.first(size)));
    left = left.subspan(size);
  }
  return chunks;
}

TEST(Chunker, CutsNothingFromNothing) { EXPECT_EQ(first_chunk({}), 0u); }

TEST(Chunker, CutsTheSamePlacesOnEveryMachine) {
  std::vector<std::size_t> lengths;
  for (const std::string& chunk : cut(noise(2000, 7), kTiny)) lengths.push_back(chunk.size());
  EXPECT_EQ(lengths, (std::vector<std::size_t>{299, 222, 357, 311, 261, 377, 173}));
}

TEST(Chunker, KeepsAllBytesWithinTheSizesAllowed) {
  rc::check([] {
    const auto size = *rc::gen::inRange<std::size_t>(0, 20000);
    const std::string text = noise(size, *rc::gen::arbitrary<std::uint64_t>());
    const std::vector<std::string> chunks = cut(text, kTiny);
    std::string all;
    for (std::size_t i = 0; i < chunks.size(); ++i) {
      RC_ASSERT(chunks[i].size() <= kTiny.maximum);
      RC_ASSERT(i + 1 == chunks.size() || chunks[i].size() >= kTiny.minimum);
      all += chunks[i];
    }
    RC_ASSERT(all == text);
  });
}

TEST(Chunker, FindsItsBordersAgainAfterAnInsertion) {
  rc::check([] {
    const std::string text = noise(40000, *rc::gen::arbitrary<std::uint64_t>());
    const auto at = *rc::gen::inRange<std::size_t>(0, 10000);
    std::string longer = text;
    longer.insert(at, noise(*rc::gen::inRange<std::size_t>(1, 300), 99));
    const std::vector<std::string> before = cut(text, kTiny);
    const std::vector<std::string> after = cut(longer, kTiny);
    const std::set<std::string> known(before.begin(), before.end());
    const auto shared = std::count_if(after.begin(), after.end(),
                                      [&](const auto& chunk) { return known.contains(chunk); });
    // The last three quarters are untouched; it may take a few chunks to meet again.
    RC_ASSERT(static_cast<std::size_t>(shared) * 2 > after.size());
  });
}

TEST(Chunker, DecidesByTheBytesAheadOfABorderAlone) {
  const std::string text = noise(8 << 20);
  const std::size_t first = first_chunk(as_bytes(text));
  // What lies behind the border or ahead of the window does not move it.
  std::string other = text;
  std::fill(other.begin() + static_cast<std::ptrdiff_t>(first), other.end(), 'x');
  EXPECT_EQ(first_chunk(as_bytes(other)), first);
  std::fill(other.begin(), other.begin() + 100'000, 'y');
  EXPECT_EQ(first_chunk(as_bytes(other)), first);
}

TEST(Chunker, MakesChunksOfAboutTheAverage) {
  const std::string text = noise(64 << 20);
  const std::size_t average = text.size() / cut(text, kChunkSizes).size();
  EXPECT_GT(average, kChunkSizes.average * 7 / 10);
  EXPECT_LT(average, kChunkSizes.average * 13 / 10);
}

TEST(Chunker, CutsZerosAtTheMaximum) {
  const std::string zeros(10 << 20, '\0');
  EXPECT_EQ(first_chunk(as_bytes(zeros)), kChunkSizes.maximum);
}

}  // namespace
}  // namespace snapferry::tree
