#include "repository/end_claims.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "blob/memory_storage.h"
#include "repository/claim_sightings.h"
#include "repository/config.h"
#include "repository/snapshot_list.h"
#include "testing/errors.h"
#include "testing/fake_clock.h"

namespace snapferry::repository {
namespace {

class EndClaimsTest : public ::testing::Test {
 protected:
  EndClaimsTest() { random_bytes(master_.data(), Key::kSize); }

  // A claim of a machine about which nothing can be known.
  ObjectId claim_elsewhere(const ObjectId& manifest = {}) {
    Claim claim;
    claim.started = {9'000'000'000, 0};  // its clock is of no account
    claim.process = {"elsewhere", "", "another boot", 1, 1, 1};
    claim.manifest = manifest;
    const ObjectId id = random_id();
    objects_.put(ObjectType::Claim, id, encode_claim(claim));
    return id;
  }

  ObjectId manifest_under(const ObjectId& claim) {
    Manifest manifest;
    manifest.snapshot.root.type = EntryType::Directory;
    manifest.claim = claim;
    const ObjectId id = random_id();
    objects_.put(ObjectType::Snapshot, id, encode_manifest(manifest, kFormatVersion));
    return id;
  }

  std::vector<OtherClaim> others() {
    OwnClaim own(storage_, objects_, nullptr, ClaimType::Prune, clock_);
    auto found = other_claims(objects_, &own.id(), sightings_, clock_.now());
    own.release();
    return found;
  }

  EndedClaims end_all() {
    return end_claims(storage_, objects_, nullptr, others(), "a test", clock_.now());
  }

  std::vector<ObjectId> snapshots() {
    std::vector<ObjectId> ids;
    for (const Snapshot& snapshot : read_snapshots(objects_, nullptr, nullptr)) {
      ids.push_back(snapshot.id);
    }
    return ids;
  }

  ClaimState state_of_the_only_one() {
    const auto found = others();
    EXPECT_EQ(found.size(), 1u);
    return found.at(0).state;
  }

  testing::FakeClock clock_;
  blob::MemoryStorage storage_{clock_};
  Key master_;
  SealedObjects objects_{storage_, master_, Sealing::Encrypt};
  ClaimSightings sightings_{""};
};

using Ids = std::vector<ObjectId>;

TEST_F(EndClaimsTest, WhatWasCommittedBeforeStaysASnapshot) {
  const ObjectId claim = claim_elsewhere();
  const ObjectId manifest = manifest_under(claim);
  end_all();
  EXPECT_EQ(snapshots(), Ids{manifest});
  EXPECT_TRUE(storage_.list("claims").empty());
}

TEST_F(EndClaimsTest, WhatASleeperWritesAfterwardsNeverIsASnapshot) {
  const ObjectId claim = claim_elsewhere();
  end_all();
  manifest_under(claim);
  EXPECT_EQ(snapshots(), Ids{});
}

TEST_F(EndClaimsTest, AManifestThatASecondEndingDidNotSeeIsVoid) {
  const ObjectId claim = claim_elsewhere();
  const std::vector<OtherClaim> seen = others();
  const ObjectId manifest = manifest_under(claim);
  end_claims(storage_, objects_, nullptr, seen, "first", clock_.now());
  EXPECT_EQ(snapshots(), Ids{manifest});
  Ended late;
  late.stage = EndingStage::Final;
  late.claims = {{claim, {}}};
  objects_.put(ObjectType::Ended, random_id(), encode_ended(late));
  EXPECT_EQ(snapshots(), Ids{});
}

TEST_F(EndClaimsTest, TheOwnerNoticesItsEnd) {
  OwnClaim own(storage_, objects_, nullptr, ClaimType::Backup, clock_);
  own.require();
  end_claims(storage_, objects_, nullptr, other_claims(objects_, nullptr, sightings_, clock_.now()),
             "a test", clock_.now());
  EXPECT_ERROR(own.require(), ErrorKind::Conflict);
  EXPECT_ERROR(own.announce(random_id()), ErrorKind::Conflict);
}

TEST_F(EndClaimsTest, TheOwnerNoticesTheIntentAlone) {
  OwnClaim own(storage_, objects_, nullptr, ClaimType::Backup, clock_);
  Ended intent;
  intent.claims = {{own.id(), {}}};
  objects_.put(ObjectType::Ended, random_id(), encode_ended(intent));
  EXPECT_FALSE(own.is_intact());
}

TEST_F(EndClaimsTest, AnAnnouncedManifestThatDoesNotOpenWasTornAndGoes) {
  const ObjectId manifest = random_id();
  claim_elsewhere(manifest);
  storage_.put(object_name(ObjectType::Snapshot, manifest), Bytes(500, 0));
  EXPECT_EQ(snapshots(), Ids{});  // and no damage
  EXPECT_EQ(end_all().torn_manifests, Ids{manifest});
  EXPECT_TRUE(storage_.list("snapshots").empty());
}

TEST_F(EndClaimsTest, AManifestThatDoesNotOpenAndNobodyAnnouncedIsDamage) {
  storage_.put(object_name(ObjectType::Snapshot, random_id()), Bytes(500, 0));
  EXPECT_ERROR(snapshots(), ErrorKind::Corrupt);
  claim_elsewhere();
  end_all();
  EXPECT_EQ(storage_.list("snapshots").size(), 1u);
}

TEST_F(EndClaimsTest, ManyEndedClaimsBecomeOneObjectThatSaysTheSame) {
  std::vector<ObjectId> claims, kept;
  for (int i = 0; i < 9; ++i) {
    claims.push_back(claim_elsewhere());
    if (i % 2 == 0) kept.push_back(manifest_under(claims.back()));
    end_all();
  }
  tidy_ended(storage_, objects_, nullptr);
  EXPECT_EQ(storage_.list("ended").size(), 1u);
  for (const ObjectId& claim : claims) manifest_under(claim);
  auto found = snapshots();
  std::ranges::sort(found);
  std::ranges::sort(kept);
  EXPECT_EQ(found, kept);
}

TEST_F(EndClaimsTest, AgesClaimsByTheClockOfTheStorage) {
  claim_elsewhere();
  EXPECT_EQ(state_of_the_only_one(), ClaimState::Unknown);
  clock_.advance(Duration{24 * 3600 - 1});
  EXPECT_EQ(state_of_the_only_one(), ClaimState::Unknown);
  clock_.advance(Duration{1});
  EXPECT_EQ(state_of_the_only_one(), ClaimState::Expired);
}

TEST_F(EndClaimsTest, AClaimOfTheFutureAgesByBeingSeenUnchanged) {
  clock_.set(9'000'000'000);
  claim_elsewhere();
  clock_.set(1'772'366'400);
  EXPECT_EQ(state_of_the_only_one(), ClaimState::Unknown);
  EXPECT_LT(*others().at(0).evidence.age, 0);
  clock_.advance(Duration{24 * 3600});
  EXPECT_EQ(state_of_the_only_one(), ClaimState::Expired);
}

TEST_F(EndClaimsTest, ATornClaimIsEndedAtOnce) {
  storage_.put(object_name(ObjectType::Claim, random_id()), Bytes{});
  EXPECT_EQ(state_of_the_only_one(), ClaimState::Torn);
  end_all();
  EXPECT_TRUE(storage_.list("claims").empty());
}

TEST_F(EndClaimsTest, ADamagedClaimAgesLikeAnyOther) {
  storage_.put(object_name(ObjectType::Claim, random_id()), Bytes(200, 7));
  EXPECT_EQ(state_of_the_only_one(), ClaimState::Unknown);
  clock_.advance(Duration{24 * 3600});
  EXPECT_EQ(state_of_the_only_one(), ClaimState::Expired);
}

TEST_F(EndClaimsTest, RefreshingCountsTheTimeOfASuspend) {
  std::int64_t elapsed = 0;
  OwnClaim own(storage_, objects_, nullptr, ClaimType::Backup, clock_, [&] { return elapsed; });
  clock_.advance(Duration{3600});
  own.refresh();
  const std::string name = object_name(ObjectType::Claim, own.id());
  EXPECT_EQ(storage_.info(name).modified, clock_.now().seconds - 3600);
  elapsed = 600;
  own.refresh();
  EXPECT_EQ(storage_.info(name).modified, clock_.now().seconds);
  storage_.remove(name);
  elapsed += 600;
  EXPECT_ERROR(own.refresh(), ErrorKind::Conflict);
}

TEST(Judge, NeverTakesTheUnknownForGone) {
  using platform::Presence;
  EXPECT_EQ(judge({.presence = Presence::Unknown}), ClaimState::Unknown);
  EXPECT_EQ(judge({.presence = Presence::Unknown, .age = 86399}), ClaimState::Unknown);
  EXPECT_EQ(judge({.presence = Presence::Running, .age = 1'000'000}), ClaimState::Running);
  EXPECT_EQ(judge({.presence = Presence::Gone, .age = 0}), ClaimState::Gone);
  EXPECT_EQ(judge({.presence = Presence::Rebooted, .age = 101, .uptime = 100}),
            ClaimState::Rebooted);
  // Of a clone of this machine, or of nobody knows whom.
  EXPECT_EQ(judge({.presence = Presence::Rebooted, .age = 99, .uptime = 100}), ClaimState::Unknown);
  EXPECT_EQ(judge({.presence = Presence::Rebooted, .uptime = 100}), ClaimState::Unknown);
  EXPECT_FALSE(is_taken_for_dead(ClaimState::Unknown));
  EXPECT_FALSE(is_taken_for_dead(ClaimState::Running));
}

TEST(Claim, OfTheFirstVersionIsReadable) {
  Claim claim;
  claim.process = {"host", "", "boot", 2, 3, 4};
  claim.refreshed = {7, 0};
  Bytes bytes = encode_claim(claim);
  bytes.erase(bytes.begin());                               // version
  bytes.resize(bytes.size() - ObjectId::kSize);             // manifest
  const auto machine = bytes.end() - 12 - ObjectId::kSize;  // before the last time
  bytes.erase(machine, machine + ObjectId::kSize);
  EXPECT_EQ(decode_claim(bytes, "claim"), claim);
}

}  // namespace
}  // namespace snapferry::repository
