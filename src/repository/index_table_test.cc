#include "repository/index_table.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "core/error.h"
#include "testing/temporary_directory.h"

namespace snapferry::repository {
namespace {

namespace fs = std::filesystem;

class IndexTableTest : public ::testing::Test {
 protected:
  ObjectId random_id() {
    ObjectId id;
    for (auto& byte : id.bytes) byte = static_cast<std::uint8_t>(random_());
    return id;
  }

  IndexRecord random_record(std::uint32_t packs) {
    IndexRecord record;
    record.id = random_id();
    record.kind = static_cast<ObjectKind>(1 + random_() % 3);
    record.pack = static_cast<std::uint32_t>(random_() % packs);
    record.offset = static_cast<std::uint32_t>(random_());
    record.stored_length = static_cast<std::uint32_t>(random_());
    record.plain_length = static_cast<std::uint32_t>(random_());
    return record;
  }

  std::shared_ptr<const IndexTable> build(const std::vector<IndexRecord>& records,
                                          const std::vector<ObjectId>& packs,
                                          const std::string& path, std::size_t run_records) {
    IndexTableBuilder builder(directory_, run_records);
    for (const ObjectId& pack : packs) builder.add_pack({pack, 100});
    for (const IndexRecord& record : records) builder.add(record);
    return builder.finish(path, as_bytes("note"));
  }

  void expect_serves(const IndexTable& table, std::vector<IndexRecord> records) {
    std::sort(records.begin(), records.end());
    ASSERT_EQ(table.size(), records.size());
    table.for_each([&](std::uint64_t ordinal, const IndexRecord& record) {
      ASSERT_EQ(record, records[ordinal]) << ordinal;
    });
    for (std::size_t i = 0; i < records.size(); ++i) {
      const IndexRecord& record = records[i];
      ASSERT_EQ(table.at(i), record);
      const auto location = table.find(record.kind, record.id);
      ASSERT_TRUE(location.has_value()) << i;
      if (i > 0 && records[i - 1].id == record.id && records[i - 1].kind == record.kind) continue;
      ASSERT_EQ(table.ordinal(record.kind, record.id), i);
    }
  }

  std::string path(const char* name) const { return directory_ + "/" + name; }

  std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(directory_), fs::directory_iterator()));
  }

  const testing::TemporaryDirectory temporary_;
  std::string directory_ = temporary_.path();
  std::mt19937_64 random_{1};
};

TEST_F(IndexTableTest, ServesWhatWasAddedWhetherOrNotItSpilled) {
  const std::vector<ObjectId> packs = {random_id(), random_id(), random_id()};
  for (const std::size_t count : {0, 1, 19, 20, 21, 40, 5000}) {
    std::vector<IndexRecord> records;
    for (std::size_t i = 0; i < count; ++i) records.push_back(random_record(3));
    for (const std::size_t run : {1, 7, 1000, 100000}) {
      if (count / run > 2000) continue;
      const auto table = build(records, packs, path("index"), run);
      expect_serves(*table, records);
      expect_serves(*IndexTable::open(path("index")), records);
      EXPECT_EQ(as_text(table->note()), "note");
      EXPECT_EQ(table->pack_count(), 3u);
      EXPECT_EQ(table->pack(1), packs[1]);
      EXPECT_EQ(table->find(ObjectKind::Data, random_id()), std::nullopt);
      EXPECT_EQ(table->ordinal(ObjectKind::Data, random_id()), std::nullopt);
    }
  }
  EXPECT_EQ(files(), 1u);
}

TEST_F(IndexTableTest, FindsTheLocation) {
  const std::vector<ObjectId> packs = {random_id(), random_id()};
  const IndexRecord record{random_id(), ObjectKind::Tree, 1, 2, 3, 4};
  const auto table = build({record}, packs, "", 10);
  const auto found = table->find(ObjectKind::Tree, record.id);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(table->location(*found), (Location{packs[1], 2, 3, 4}));
  EXPECT_EQ(table->find(ObjectKind::Data, record.id), std::nullopt);
  EXPECT_EQ(table->find(ObjectKind::List, record.id), std::nullopt);
}

TEST_F(IndexTableTest, AnUnnamedTableLeavesNothingBehind) {
  build({}, {}, "", 10);
  { IndexTableBuilder abandoned(directory_); }
  EXPECT_EQ(files(), 0u);
}

TEST_F(IndexTableTest, KeepsCopiesInDifferentPacksAndDropsTheSameRecord) {
  std::vector<IndexRecord> records;
  const ObjectId id = random_id();
  for (std::uint32_t copy = 0; copy < 100; ++copy) {
    records.push_back({id, ObjectKind::Data, copy, copy, 1, 1});
  }
  for (int i = 0; i < 100; ++i) records.push_back(random_record(100));
  std::vector<IndexRecord> twice = records;
  twice.insert(twice.end(), records.begin(), records.end());
  std::vector<ObjectId> packs;
  for (int i = 0; i < 100; ++i) packs.push_back(random_id());
  expect_serves(*build(twice, packs, "", 30), records);
}

TEST_F(IndexTableTest, FindsAllWhenIdsCrowdIntoOneBucket) {
  std::vector<IndexRecord> records;
  for (int i = 0; i < 3000; ++i) {
    IndexRecord record = random_record(1);
    for (int zero = 0; zero < (i % 30); ++zero) record.id.bytes[static_cast<std::size_t>(zero)] = 0;
    records.push_back(record);
  }
  std::sort(records.begin(), records.end());
  const auto table = build(records, {random_id()}, "", 100000);
  expect_serves(*table, records);
  for (int i = 0; i < 1000; ++i) {
    ObjectId absent = random_id();
    for (int zero = 0; zero < (i % 24); ++zero) absent.bytes[static_cast<std::size_t>(zero)] = 0;
    EXPECT_EQ(table->find(ObjectKind::Data, absent), std::nullopt);
  }
}

TEST_F(IndexTableTest, AddPackGivesTheSamePositionAgain) {
  IndexTableBuilder builder(directory_);
  const ObjectId a = random_id(), b = random_id();
  EXPECT_EQ(builder.add_pack({a, 1}), 0u);
  EXPECT_EQ(builder.add_pack({b, 1}), 1u);
  EXPECT_EQ(builder.add_pack({a, 1}), 0u);
}

TEST_F(IndexTableTest, MergeKeepsAllButDroppedPacks) {
  const ObjectId a = random_id(), b = random_id(), c = random_id(), d = random_id();
  std::vector<IndexRecord> left, right, expected;
  // The right table counts the shared pack differently.
  for (int i = 0; i < 2000; ++i) left.push_back(random_record(2));
  for (int i = 0; i < 2000; ++i) right.push_back(random_record(3));
  for (int i = 0; i < 500; ++i) {
    IndexRecord shared = left[static_cast<std::size_t>(i)];
    shared.pack = shared.pack == 0 ? 2 : 1;
    right.push_back(shared);
  }
  const auto first = build(left, {a, b}, path("first"), 300);
  const auto second = build(right, {d, c, a}, path("second"), 300);
  const auto merged = IndexTable::merge(
      {first, second}, [&](const NamedPack& pack) { return pack.id == b; }, path("merged"),
      as_bytes("merged note"));

  EXPECT_EQ(as_text(merged->note()), "merged note");
  std::map<ObjectId, std::uint32_t> ordinals;
  for (std::uint32_t i = 0; i < merged->pack_count(); ++i) ordinals[merged->pack(i)] = i;
  EXPECT_EQ(ordinals.size(), 3u);
  EXPECT_EQ(ordinals.count(b), 0u);
  for (IndexRecord record : left) {
    if (record.pack == 1) continue;
    record.pack = ordinals[a];
    expected.push_back(record);
  }
  const ObjectId right_packs[] = {d, c, a};
  for (IndexRecord record : right) {
    record.pack = ordinals[right_packs[record.pack]];
    expected.push_back(record);
  }
  std::sort(expected.begin(), expected.end());
  expected.erase(std::unique(expected.begin(), expected.end()), expected.end());
  expect_serves(*merged, expected);
  expect_serves(*IndexTable::merge({}, nullptr, "", {}), {});
}

TEST_F(IndexTableTest, ATableCanBeReplacedByAMergeOfItself) {
  std::vector<IndexRecord> records;
  for (int i = 0; i < 100; ++i) records.push_back(random_record(1));
  const auto table = build(records, {random_id()}, path("index"), 30);
  IndexTable::merge({table}, nullptr, path("index"), {});
  expect_serves(*table, records);
  expect_serves(*IndexTable::open(path("index")), records);
}

ErrorKind kind_of_failure(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.kind();
  }
  ADD_FAILURE() << "did not throw";
  return ErrorKind::Internal;
}

TEST_F(IndexTableTest, AMissingFileIsNotFound) {
  EXPECT_EQ(kind_of_failure([&] { IndexTable::open(path("none")); }), ErrorKind::NotFound);
  EXPECT_EQ(kind_of_failure([&] { IndexTable::open(directory_); }), ErrorKind::Corrupt);
}

TEST_F(IndexTableTest, EveryTruncationIsCorrupt) {
  std::vector<IndexRecord> records;
  for (int i = 0; i < 50; ++i) records.push_back(random_record(1));
  build(records, {random_id()}, path("index"), 100);
  for (std::uintmax_t size = fs::file_size(path("index")); size-- > 0;) {
    fs::resize_file(path("index"), size);
    ASSERT_EQ(kind_of_failure([&] { IndexTable::open(path("index")); }), ErrorKind::Corrupt)
        << size;
  }
}

TEST_F(IndexTableTest, EveryFlippedByteIsCorruptAndNeverAWrongAnswer) {
  std::vector<IndexRecord> records;
  for (int i = 0; i < 50; ++i) records.push_back(random_record(1));
  const ObjectId pack = random_id();
  build(records, {pack}, path("index"), 100);
  std::fstream file(path("index"), std::ios::in | std::ios::out | std::ios::binary);
  const auto size = static_cast<std::streamoff>(fs::file_size(path("index")));
  for (std::streamoff offset = 0; offset < size; ++offset) {
    file.seekg(offset);
    const int byte = file.get();
    file.seekp(offset).put(static_cast<char>(byte ^ 0x10)).flush();
    bool noticed = false;
    try {
      const auto table = IndexTable::open(path("index"));
      for (const IndexRecord& record : records) {
        try {
          const auto found = table->find(record.kind, record.id);
          ASSERT_TRUE(found.has_value());
          ASSERT_EQ(table->location(*found),
                    (Location{pack, record.offset, record.stored_length, record.plain_length}));
        } catch (const Error& error) {
          ASSERT_EQ(error.kind(), ErrorKind::Corrupt);
          noticed = true;
        }
      }
    } catch (const Error& error) {
      ASSERT_EQ(error.kind(), ErrorKind::Corrupt);
      noticed = true;
    }
    ASSERT_TRUE(noticed) << offset;
    file.seekp(offset).put(static_cast<char>(byte)).flush();
  }
}

TEST_F(IndexTableTest, GivesEveryCopyAndTellsTwoSizesOfOnePackApart) {
  const ObjectId pack = random_id();
  const ObjectId other = random_id();
  IndexRecord record = random_record(1);
  const auto build_one = [&](const NamedPack& named, std::uint32_t offset) {
    IndexTableBuilder builder(directory_);
    record.pack = builder.add_pack(named);
    record.offset = offset;
    builder.add(record);
    return builder.finish("", {});
  };
  const std::vector<std::shared_ptr<const IndexTable>> tables = {
      build_one({pack, 100}, 8), build_one({pack, 200}, 8), build_one({other, 100}, 16)};
  const auto merged = IndexTable::merge(tables, nullptr, "", {}, directory_);
  std::set<std::pair<NamedPack, std::uint32_t>> found;
  for (const IndexRecord& copy : merged->copies(record.kind, record.id)) {
    found.emplace(merged->named_pack(copy.pack), copy.offset);
  }
  EXPECT_EQ(found, (std::set<std::pair<NamedPack, std::uint32_t>>{
                       {{pack, 100}, 8}, {{pack, 200}, 8}, {{other, 100}, 16}}));
  EXPECT_TRUE(merged->copies(record.kind, random_id()).empty());
  const auto kept = IndexTable::merge(
      tables, [&](const NamedPack& named) { return named.size == 200; }, "", {}, directory_);
  EXPECT_EQ(kept->copies(record.kind, record.id).size(), 2u);
}

TEST_F(IndexTableTest, ATableThatCannotBeNamedIsUsedAndLeavesWhatWasThere) {
  build({}, {}, path("index"), 10);
  IndexTableBuilder builder(directory_);
  fs::create_directory(path("taken"));
  EXPECT_NO_THROW(builder.finish(path("taken"), {}));
  EXPECT_NO_THROW(IndexTableBuilder(directory_).finish(path("missing/index"), {}));
  EXPECT_EQ(IndexTable::open(path("index"))->size(), 0u);
  EXPECT_EQ(files(), 2u);
}

}  // namespace
}  // namespace snapferry::repository
