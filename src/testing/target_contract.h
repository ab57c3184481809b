#pragma once

#include <algorithm>
#include <memory>
#include <string>

#include "core/error.h"
#include "testing/cut_stream.h"
#include "testing/errors.h"
#include "testing/replication_place.h"

// What every VolumeTarget must do. Include it once per test program, and say which:
//
//   INSTANTIATE_TEST_SUITE_P(All, TargetContract, ::testing::Values(kind…), place_kind_name);

namespace snapferry::testing {

class TargetContract : public ReplicationContract {
 protected:
  void SetUp() override {
    ReplicationContract::SetUp();
    if (place_) target_ = place_->target();
  }
  void TearDown() override {
    target_.reset();
    ReplicationContract::TearDown();
  }

  // "a" with a file and a snapshot, in the store, and lost at the source.
  Point lose(const std::string& content = "one") {
    place_->make("a");
    place_->write("a", "file", content);
    const Point first = freeze("a", 1);
    transfer("a", request("a", first));
    place_->destroy("a");
    return first;
  }

  void restore(const std::string& name, const Point& point) {
    const auto wanted = request("a", point);
    const auto stream = store_->send(replica("a"), wanted);
    target_->restore(place_->volume(name), replica_type_, wanted, *stream, nullptr, nullptr);
    target_->complete(place_->volume(name), replica_type_, {});
  }

  std::uint64_t size_of_stream(const Point& point) {
    const auto stream = store_->send(replica("a"), request("a", point));
    std::vector<std::uint8_t> buffer(1u << 16);
    std::uint64_t total = 0;
    while (const std::size_t size = stream->read(buffer)) total += size;
    stream->finish();
    return total;
  }

  bool is_there(const std::string& name) {
    try {
      return !source_->inventory({place_->volume(name)}).empty();
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::NotFound) return false;
      throw;
    }
  }

  std::unique_ptr<VolumeTarget> target_;
};

TEST_P(TargetContract, MakesTheVolumeWithTheSnapshotItIsMadeOf) {
  const Point first = lose();
  target_->require_free(place_->volume("a"));
  restore("a", first);
  const auto restored = state("a");
  ASSERT_EQ(restored.points.size(), 1u);
  EXPECT_EQ(restored.points[0].name, first.name);
  EXPECT_EQ(restored.points[0].guid, first.guid);
  EXPECT_EQ(restored.type, replica_type_);
}

TEST_P(TargetContract, MakesItSuchThatTheNextBackupIsIncremental) {
  const Point first = lose();
  restore("a", first);
  place_->write("a", "more", "text");
  transfer("a", request("a", freeze("a", 2), point("a", own(1))));
  EXPECT_EQ(place_->replica_files(replica("a"), own(2)),
            (PlaceFiles{{"file", "one"}, {"more", "text"}}));
  EXPECT_EQ(names_in(replica("a")).size(), 2u);
}

TEST_P(TargetContract, MakesItUnderAnotherNameBesideTheOneThatIsThere) {
  place_->make("a");
  place_->write("a", "file", "one");
  const Point first = freeze("a", 1);
  transfer("a", request("a", first));
  place_->write("a", "file", "two");
  restore("b", first);
  EXPECT_EQ(point("b", own(1)).guid, first.guid);
  place_->write("b", "file", "three");
  EXPECT_EQ(point("a", own(1)).guid, first.guid);
  transfer("a", request("a", freeze("a", 2), first));
  EXPECT_EQ(place_->replica_files(replica("a"), own(2)), (PlaceFiles{{"file", "two"}}));
}

TEST_P(TargetContract, GivesBackWhatTheVolumeWasBesideItsFilesButForWhatMountsIt) {
  place_->make("a");
  if (!place_->set_property("a", "com.example:note", "a b=c%")) {
    GTEST_SKIP() << "no properties here";
  }
  place_->set_property("a", "acltype", "posix");
  const Point first = freeze("a", 1);
  auto properties = source_->describe({place_->volume("a")}).at(0).properties;
  transfer("a", request("a", first));
  properties["mountpoint"] = "/elsewhere";
  const auto wanted = request("a", first);
  const auto stream = store_->send(replica("a"), wanted);
  target_->restore(place_->volume("b"), replica_type_, wanted, *stream, nullptr, nullptr);
  const auto completion = target_->complete(place_->volume("b"), replica_type_, properties);
  EXPECT_EQ(completion.left, std::vector<std::string>{"mountpoint=/elsewhere"});
  EXPECT_EQ(completion.failed, std::vector<std::string>{});
  const auto restored = source_->describe({place_->volume("b")}).at(0).properties;
  EXPECT_EQ(restored.at("com.example:note"), "a b=c%");
  EXPECT_EQ(restored.at("acltype"), "posix");
  EXPECT_FALSE(restored.contains("mountpoint"));
}

// Whose a snapshot is, its guid alone does not tell: both volumes have it.
TEST_P(TargetContract, WhatARunForOneLetsGoOfStaysWithTheOneRestoredBeside) {
  place_->make("a");
  place_->write("a", "file", "one");
  const Point first = freeze("a", 1);
  transfer("a", request("a", first));
  restore("b", first);
  place_->write("a", "file", "two");
  (void)freeze("a", 2);
  Settlement settlement;
  settlement.volume = place_->volume("a");
  settlement.cursor = "snapferry_contract_01234567";
  settlement.destroy = {first};
  for (const auto& failure : source_->settle({settlement})) ADD_FAILURE() << failure.message;
  ASSERT_EQ(state("b").points.size(), 1u);
  EXPECT_EQ(state("b").points[0].guid, first.guid);
  // Swapped, it goes on where the other one was.
  place_->rename("a", "broken");
  place_->rename("b", "a");
  place_->write("a", "file", "three");
  transfer("a", request("a", freeze("a", 3), point("a", own(1))));
  EXPECT_EQ(place_->replica_files(replica("a"), own(3)), (PlaceFiles{{"file", "three"}}));
}

TEST_P(TargetContract, ReplacesNothing) {
  const Point first = lose();
  place_->make("b");
  place_->write("b", "file", "other");
  EXPECT_ERROR(target_->require_free(place_->volume("b")), ErrorKind::AlreadyExists);
  EXPECT_ERROR(restore("b", first), ErrorKind::AlreadyExists);
  transfer("b", request("b", freeze("b", 2)));
  EXPECT_EQ(place_->replica_files(replica("b"), own(2)), (PlaceFiles{{"file", "other"}}));
}

TEST_P(TargetContract, NeedsWhatTheVolumeWouldBeIn) {
  const Point first = lose();
  EXPECT_ERROR(target_->require_free(place_->volume("missing/b")), ErrorKind::NotFound);
  EXPECT_ERROR(restore("missing/b", first), ErrorKind::NotFound);
}

TEST_P(TargetContract, LeavesNothingOfACutStreamInTheWayOfTheNext) {
  const Point first = lose(std::string(300'000, 'x'));
  const auto size = size_of_stream(first);
  for (const auto kind : {CutKind::Failure, CutKind::End}) {
    for (const std::uint64_t limit : {std::uint64_t{0}, size / 2, size - 1}) {
      const auto wanted = request("a", first);
      CutStream cut(store_->send(replica("a"), wanted), limit, kind);
      EXPECT_THROW(
          target_->restore(place_->volume("a"), replica_type_, wanted, cut, nullptr, nullptr),
          Error)
          << limit;
      EXPECT_FALSE(is_there("a")) << limit;
    }
  }
  restore("a", first);
  EXPECT_EQ(state("a").points.size(), 1u);
}

TEST_P(TargetContract, RefusesAnotherSnapshotThanItWasTold) {
  place_->make("b");
  place_->write("b", "file", "other");
  const Point other = freeze("b", 2);
  transfer("b", request("b", other));
  const Point first = lose();
  const auto wrong = store_->send(replica("b"), request("b", other));
  EXPECT_ERROR(target_->restore(place_->volume("a"), replica_type_, request("a", first), *wrong,
                                nullptr, nullptr),
               ErrorKind::Corrupt);
  EXPECT_FALSE(is_there("a"));
}

TEST_P(TargetContract, CountsTheBytes) {
  const Point first = lose(std::string(100'000, 'x'));
  Progress progress;
  const auto wanted = request("a", first);
  const auto stream = store_->send(replica("a"), wanted);
  target_->restore(place_->volume("a"), replica_type_, wanted, *stream, &progress, nullptr);
  EXPECT_GT(progress.bytes.load(), 1000u);
}

}  // namespace snapferry::testing
