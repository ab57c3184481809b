#include "repository/expected.h"

#include <gtest/gtest.h>

#include "blob/memory_storage.h"
#include "core/error.h"
#include "repository/repository.h"
#include "testing/errors.h"

namespace snapferry::repository {
namespace {

using Names = std::set<std::string>;

class ExpectedTest : public ::testing::Test {
 protected:
  ExpectedTest() { random_bytes(master_.data(), Key::kSize); }

  void ask(const std::string& host, const std::string& path) {
    change_expected(storage_, objects_, host, {.set = "default", .missing = {path}});
  }
  std::size_t records() const { return objects_.list(ObjectType::Expected).size(); }
  Expectations all() const { return read_expected(objects_).together(); }

  blob::MemoryStorage storage_;
  Key master_;
  SealedObjects objects_{storage_, master_, Sealing::Encrypt};
};

TEST_F(ExpectedTest, IsOneRecordAndNoneWhereNothingIsExpected) {
  ask("web1", "/a");
  ask("web1", "/b");
  ask("web2", "/c");
  EXPECT_EQ(records(), 1u);
  EXPECT_EQ(all().at("web1").awaited.at("default"), (Names{"/a", "/b"}));
  EXPECT_EQ(all().at("web2").awaited.at("default"), Names{"/c"});
  change_expected(storage_, objects_, "web1", {.set = "default", .settled = {"/a", "/b"}});
  change_expected(storage_, objects_, "web2", {.set = "default", .settled = {"/c"}});
  EXPECT_EQ(records(), 0u);
}

TEST_F(ExpectedTest, IsNotWrittenAgainWhereNothingChanges) {
  ask("web1", "/a");
  const auto before = objects_.list(ObjectType::Expected);
  ask("web1", "/a");
  change_expected(storage_, objects_, "web1", {.set = "default", .settled = {"/x"}});
  EXPECT_EQ(objects_.list(ObjectType::Expected), before);
}

TEST_F(ExpectedTest, OfTwoThatWroteAtOnceCountsTogetherAndBecomesOne) {
  for (const auto* path : {"/a", "/b"}) {
    Expectations one;
    one["web1"].awaited["default"] = {path};
    objects_.put(ObjectType::Expected, random_id(), encode_expected_record(one));
  }
  EXPECT_EQ(all().at("web1").awaited.at("default"), (Names{"/a", "/b"}));
  tidy_expected(storage_, objects_);
  EXPECT_EQ(records(), 1u);
  EXPECT_EQ(all().at("web1").awaited.at("default"), (Names{"/a", "/b"}));
}

TEST_F(ExpectedTest, ThatIsTornExpectsNothingAndGoes) {
  ask("web1", "/a");
  storage_.put(object_name(ObjectType::Expected, random_id()), Bytes{});
  storage_.put(object_name(ObjectType::Expected, random_id()), Bytes(100, 7));
  EXPECT_EQ(all().at("web1").awaited.at("default"), Names{"/a"});
  tidy_expected(storage_, objects_);
  EXPECT_EQ(records(), 1u);
  EXPECT_EQ(all().at("web1").awaited.at("default"), Names{"/a"});
}

TEST_F(ExpectedTest, OfALaterVersionStays) {
  const ObjectId later = random_id();
  objects_.put(ObjectType::Expected, later, Bytes{2, 1, 2, 3});
  ask("web1", "/a");
  tidy_expected(storage_, objects_);
  EXPECT_EQ(records(), 2u);
  EXPECT_NO_THROW(objects_.get(ObjectType::Expected, later));
  // What is expected is not known whole then, and what this program knows of it goes on.
  EXPECT_ERROR(all_expected(objects_), ErrorKind::Unsupported);
  EXPECT_EQ(all().at("web1").awaited.at("default"), Names{"/a"});
}

TEST_F(ExpectedTest, ThatIsMalformedGoes) {
  objects_.put(ObjectType::Expected, random_id(), Bytes{1, 255, 255, 255, 255});
  ask("web1", "/a");
  EXPECT_EQ(records(), 1u);
  objects_.put(ObjectType::Expected, random_id(), Bytes{0});
  tidy_expected(storage_, objects_);
  EXPECT_EQ(records(), 1u);
  EXPECT_EQ(all().at("web1").awaited.at("default"), Names{"/a"});
}

TEST_F(ExpectedTest, OfOneHostDropsNothingWhereThereIsNoRoom) {
  ExpectationChange flood{.set = "default"};
  const std::string long_name = "/" + std::string(1000, 'x');
  for (int i = 0; i < 300; ++i) flood.missing.push_back(long_name + std::to_string(i));
  const auto left_out = change_expected(storage_, objects_, "web1", flood);
  EXPECT_FALSE(left_out.empty());
  const std::size_t kept = all().at("web1").awaited.at("default").size();
  EXPECT_EQ(kept + left_out.size(), flood.missing.size());
  ExpectationChange retire;
  for (int i = 0; i < 100; ++i) retire.retire["default"][long_name + std::to_string(i)] = {};
  change_expected(storage_, objects_, "web1", retire);
  const auto after = all().at("web1");
  EXPECT_EQ(after.awaited.at("default").size() + after.retired.at("default").size(), kept);
}

TEST_F(ExpectedTest, IsTakenWithoutBelievingItsNumbers) {
  EXPECT_THROW(decode_expected_record(Bytes{1, 255, 255, 255, 255}, "x"), Error);
  EXPECT_THROW(decode_expected_record(Bytes{}, "x"), Error);
  Expectations one;
  one["web1"].retired["default"]["/a"] = {"b2", 0};
  auto bytes = encode_expected_record(one);
  EXPECT_EQ(decode_expected_record(bytes, "x"), one);
  bytes.push_back(0);
  EXPECT_THROW(decode_expected_record(bytes, "x"), Error);
}

TEST(RepositoryExpectations, OutlastPruneAndRepairWhichRemoveTornRecords) {
  blob::MemoryStorage storage;
  Repository::create(storage, {.encryption = Encryption::None, .password = {}});
  const auto repository = Repository::open(storage, {});
  repository->change_expectations("web1",
                                  {.set = "s", .missing = {"/a"}, .retire = {{"s", {{"/b", {}}}}}});
  const std::string torn = object_name(ObjectType::Expected, random_id());
  for (const auto& remove :
       {+[](Repository& one) { one.collect({}); }, +[](Repository& one) { one.repair({}); }}) {
    storage.put(torn, Bytes{1, 2, 3});
    EXPECT_TRUE(repository->verify({}).ok());
    remove(*repository);
    EXPECT_EQ(storage.list("expected").size(), 1u);
    EXPECT_EQ(repository->expectations().at("web1").awaited.at("s"), Names{"/a"});
    EXPECT_TRUE(repository->expectations().at("web1").retired.at("s").contains("/b"));
  }
}

}  // namespace
}  // namespace snapferry::repository
