#include <algorithm>
#include <map>
#include <set>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "repository/index_table.h"
#include "testing/temporary_directory.h"

namespace snapferry::repository {
namespace {

// Ids that meet in one bucket and differ late as often as not.
rc::Gen<ObjectId> any_id() {
  return rc::gen::map(rc::gen::tuple(rc::gen::inRange(0, 32), rc::gen::inRange(0, 4)),
                      [](const std::tuple<int, int>& parts) {
                        ObjectId id;
                        id.bytes[static_cast<std::size_t>(std::get<0>(parts))] =
                            static_cast<std::uint8_t>(std::get<1>(parts) * 85);
                        return id;
                      });
}

rc::Gen<IndexRecord> any_record(std::uint32_t packs) {
  return rc::gen::map(
      rc::gen::tuple(any_id(), rc::gen::inRange(1, 4), rc::gen::inRange<std::uint32_t>(0, packs),
                     rc::gen::inRange<std::uint32_t>(0, 3), rc::gen::arbitrary<std::uint32_t>()),
      [](const std::tuple<ObjectId, int, std::uint32_t, std::uint32_t, std::uint32_t>& parts) {
        const auto& [id, kind, pack, offset, length] = parts;
        return IndexRecord{id, static_cast<ObjectKind>(kind), pack, offset, length, ~length};
      });
}

ObjectId pack_id(std::uint32_t number) {
  ObjectId id;
  id.bytes[5] = static_cast<std::uint8_t>(number + 1);
  return id;
}

std::vector<IndexRecord> records_of(const IndexTable& table) {
  std::vector<IndexRecord> records;
  table.for_each([&](std::uint64_t ordinal, const IndexRecord& record) {
    RC_ASSERT(ordinal == records.size());
    records.push_back(record);
  });
  return records;
}

Location location_of(const IndexTable& table, const IndexRecord& record) {
  return {table.pack(record.pack), record.offset, record.stored_length, record.plain_length};
}

// Every lookup of `id` agrees with `records`, which are all of the table in order.
void check_lookups(const IndexTable& table, const std::vector<IndexRecord>& records,
                   ObjectKind kind, const ObjectId& id) {
  const auto is_key = [&](const IndexRecord& r) { return r.id == id && r.kind == kind; };
  const auto first = std::find_if(records.begin(), records.end(), is_key);
  const auto found = table.find(kind, id);
  const auto ordinal = table.ordinal(kind, id);
  RC_ASSERT(found.has_value() == (first != records.end()));
  RC_ASSERT(ordinal.has_value() == (first != records.end()));
  if (!found) return;
  RC_ASSERT(*ordinal == static_cast<std::uint64_t>(first - records.begin()));
  RC_ASSERT(table.at(*ordinal) == *first);
  const auto last = std::find_if_not(first, records.end(), is_key);
  RC_ASSERT(table.copies(kind, id) == std::vector<IndexRecord>(first, last));
  RC_ASSERT(std::any_of(first, records.end(), [&](const IndexRecord& record) {
    return is_key(record) && location_of(table, record) == table.location(*found);
  }));
}

std::shared_ptr<const IndexTable> build(const std::string& directory,
                                        const std::vector<IndexRecord>& records,
                                        std::uint32_t packs, std::size_t run_records) {
  IndexTableBuilder builder(directory, run_records);
  for (std::uint32_t i = 0; i < packs; ++i) builder.add_pack({pack_id(i), i});
  for (const IndexRecord& record : records) builder.add(record);
  return builder.finish("", {});
}

RC_GTEST_PROP(IndexTableProperty, IsASortedSetOfWhatWasAdded, ()) {
  const testing::TemporaryDirectory directory;
  const auto records = *rc::gen::container<std::vector<IndexRecord>>(any_record(3));
  const auto run_records = *rc::gen::inRange<std::size_t>(1, 40);
  const auto table = build(directory.path(), records, 3, run_records);

  const std::set<IndexRecord> expected(records.begin(), records.end());
  const std::vector<IndexRecord> held = records_of(*table);
  RC_ASSERT(held == std::vector<IndexRecord>(expected.begin(), expected.end()));
  RC_ASSERT(table->size() == held.size());
  for (const IndexRecord& record : held) check_lookups(*table, held, record.kind, record.id);
  for (const ObjectId& id : *rc::gen::container<std::vector<ObjectId>>(any_id())) {
    check_lookups(*table, held, ObjectKind::Tree, id);
  }
}

RC_GTEST_PROP(IndexTableProperty, AMergeHoldsWhatItsTablesHeldButForDroppedPacks, ()) {
  const testing::TemporaryDirectory directory;
  const auto parts = *rc::gen::container<std::vector<std::vector<IndexRecord>>>(
      rc::gen::container<std::vector<IndexRecord>>(any_record(4)));
  const auto dropped = *rc::gen::inRange<std::uint32_t>(0, 5);  // 4: none
  std::vector<std::shared_ptr<const IndexTable>> tables;
  std::set<std::pair<ObjectId, IndexRecord>> expected;
  for (const auto& records : parts) {
    tables.push_back(build(directory.path(), records, 4, 1000));
    for (IndexRecord record : records) {
      const ObjectId pack = pack_id(std::exchange(record.pack, 0));
      if (pack != pack_id(dropped)) expected.insert({pack, record});
    }
  }
  const auto merged = IndexTable::merge(
      tables, [&](const NamedPack& pack) { return pack.id == pack_id(dropped); }, "", {},
      directory.path());

  const std::vector<IndexRecord> held = records_of(*merged);
  RC_ASSERT(std::is_sorted(held.begin(), held.end()));
  RC_ASSERT(held.size() == expected.size());
  for (IndexRecord record : held) {
    check_lookups(*merged, held, record.kind, record.id);
    const ObjectId pack = merged->pack(std::exchange(record.pack, 0));
    RC_ASSERT(expected.count({pack, record}) == 1u);
  }
}

}  // namespace
}  // namespace snapferry::repository
