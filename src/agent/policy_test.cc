#include "agent/policy.h"

#include <gtest/gtest.h>

#include "testing/errors.h"
#include "wire/names.h"

namespace snapferry::agent {
namespace {

const std::string kStore8 = "0123abcd";

Policy source_policy(std::vector<std::string> volumes = {"zfs:tank/**"}) {
  return Policy::make({.allow = {"source"}, .set = "main", .volumes = std::move(volumes)});
}

Policy store_policy(std::vector<std::string> allow = {"store"}) {
  return Policy::make(
      {.allow = std::move(allow), .set = "main", .store = "zfs:backup/sf", .host = "web1"});
}

Point snapshot(std::string name, std::uint64_t guid = 1) {
  Point point;
  point.name = std::move(name);
  point.guid = Guid::from_number(guid);
  return point;
}

StreamRequest stream_of(std::string volume, std::string to = "daily") {
  StreamRequest request;
  request.volume = std::move(volume);
  request.to = snapshot(std::move(to));
  return request;
}

ReceiveRequest receive_into(std::string host, const std::string& volume) {
  ReceiveRequest request;
  request.volume = {std::move(host), volume};
  request.stream = stream_of(volume);
  return request;
}

VolumeState volume_of(std::string name, std::vector<Point> points = {}) {
  VolumeState volume;
  volume.name = std::move(name);
  volume.points = std::move(points);
  return volume;
}

std::string message_of(const PolicyOptions& options) {
  try {
    (void)Policy::make(options);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::InvalidArgument);
    return error.message();
  }
  return "";
}

TEST(Policy, IsRefusedUnlessItSaysAllThatItMeans) {
  EXPECT_NE(message_of({}), "");
  EXPECT_NE(message_of({.allow = {"source"}, .volumes = {"zfs:tank"}}), "") << "no set";
  EXPECT_NE(message_of({.allow = {"source"}, .set = "a_b", .volumes = {"zfs:tank"}}), "");
  EXPECT_NE(message_of({.allow = {"source"}, .set = "-a", .volumes = {"zfs:tank"}}), "");
  EXPECT_NE(message_of({.allow = {"source"}, .set = "a"}), "") << "no volume";
  EXPECT_NE(message_of({.allow = {"all"}, .set = "a", .volumes = {"zfs:tank"}}), "");
  EXPECT_NE(message_of({.allow = {"source"}, .set = "a", .volumes = {"tree:/etc"}}), "");
  EXPECT_NE(message_of({.allow = {"source"}, .set = "a", .volumes = {"zfs:tank/../x"}}), "");
  EXPECT_NE(message_of({.allow = {"source"}, .set = "a", .volumes = {"zfs:t"}, .host = "h"}), "");
  EXPECT_NE(message_of({.allow = {"store"}, .set = "a", .host = "h"}), "") << "no store";
  EXPECT_NE(message_of({.allow = {"store"}, .set = "a", .store = "zfs:b"}), "") << "no host";
  EXPECT_NE(message_of({.allow = {"store"}, .set = "a", .store = "zfs:b", .host = ".."}), "");
  EXPECT_NE(message_of({.allow = {"store"}, .set = "a", .store = "zfs:b", .host = "a/b"}), "");
  EXPECT_NE(message_of({.allow = {"store"}, .set = "a", .store = "n:zfs:b", .host = "h"}), "");
  EXPECT_NE(message_of({.allow = {"store"}, .set = "a", .store = "repo:/b", .host = "h"}), "");
  EXPECT_NE(message_of({.allow = {"store"}, .set = "a", .store = "btrfs:/b/*", .host = "h"}), "");
  EXPECT_NE(message_of({.allow = {"restore"}, .set = "a"}), "") << "restores from nothing";
}

TEST(Policy, IsMadeAgainFromItsOwnArguments) {
  const auto policy = Policy::make({.allow = {"store", "source", "restore", "store"},
                                    .set = "main",
                                    .volumes = {"zfs:tank/**", "zfs:data"},
                                    .store = "zfs:backup",
                                    .host = "web1"});
  const std::vector<std::string> expected = {
      "--allow",  "source",      "--allow",  "store",    "--allow", "restore",    "--set",  "main",
      "--volume", "zfs:tank/**", "--volume", "zfs:data", "--store", "zfs:backup", "--host", "web1"};
  EXPECT_EQ(policy.arguments(), expected);
}

TEST(SourcePolicy, ListsOnlyWhatItsPatternsCover) {
  const auto policy = source_policy({"zfs:tank/home/**", "btrfs:/mnt/*"});
  EXPECT_TRUE(policy.may_list("zfs:tank/home"));
  EXPECT_TRUE(policy.may_list("zfs:tank/home/alice"));
  EXPECT_TRUE(policy.may_list("btrfs:/mnt/data"));
  for (const auto* outside :
       {"zfs:tank", "zfs:tank/homes", "zfs:tank/home/../x", "zfs:tank/home@daily", "btrfs:/mnt",
        "btrfs:/mnt/data/x", "btrfs:/mnt/..", "zfs:tank/home/", "zfs:", "", "zfs:tank/home\n",
        "tree:/mnt/data", "zfs:tank/home/a#b", "zfs:tank/home//a"}) {
    EXPECT_FALSE(policy.may_list(outside)) << outside;
  }
  EXPECT_FALSE(source_policy({"zfs:**"}).may_list("zfs:-r"));
}

TEST(SourcePolicy, AStoreAgentListsNoVolumes) {
  EXPECT_FALSE(store_policy().may_list("zfs:tank"));
  EXPECT_FALSE(store_policy().may_freeze("zfs:tank", "snapferry_main_2026-11-24T05:45:17Z"));
  EXPECT_FALSE(store_policy().may_send(stream_of("zfs:tank")));
}

TEST(SourcePolicy, ListsFromWhereTheNarrowerOfBothPatternsBegins) {
  const auto policy = source_policy({"zfs:tank/home/**", "zfs:data"});
  using List = std::vector<std::string>;
  EXPECT_EQ(policy.listing({"zfs:**"}), (List{"zfs:tank/home/**", "zfs:data/**"}));
  EXPECT_EQ(policy.listing({"zfs:tank/home/alice/**"}), List{"zfs:tank/home/alice/**"});
  EXPECT_EQ(policy.listing({"zfs:tank/home/alice"}), List{"zfs:tank/home/alice"});
  EXPECT_EQ(policy.listing({"zfs:data"}), List{"zfs:data"});
  EXPECT_THROW((void)policy.listing({"zfs:other/**"}), Error);
  EXPECT_THROW((void)policy.listing({"zfs:tank"}), Error);
  EXPECT_THROW((void)policy.listing({"btrfs:/**"}), Error);
  EXPECT_THROW((void)policy.listing({"zfs:tank/home", "zfs:tank"}), Error) << "one is enough";
  EXPECT_THROW((void)policy.listing({"nonsense"}), Error);
}

TEST(SourcePolicy, ShowsOfAListingWhatBothSidesCover) {
  const auto policy = source_policy({"zfs:tank/home/**", "zfs:data"});
  const std::vector<VolumeState> listed = {volume_of("zfs:data"), volume_of("zfs:data/x"),
                                           volume_of("zfs:tank/home/a"), volume_of("zfs:x")};
  const auto visible = policy.visible(listed, {"zfs:*", "zfs:x"});
  ASSERT_EQ(visible.size(), 1u);
  EXPECT_EQ(visible[0].name, "zfs:data");
}

TEST(SourcePolicy, FreezesUnderTheNameOfItsSetAlone) {
  const auto policy = source_policy();
  EXPECT_TRUE(policy.may_freeze("zfs:tank/a", "snapferry_main_2026-11-24T05:45:17Z"));
  EXPECT_TRUE(policy.may_freeze("zfs:tank/a", "__simplesnap_main_2026-11-24T05:45:17__"));
  for (const auto* name :
       {"daily", "", "snapferry_other_2026-11-24T05:45:17Z", "snapferry_main_2026-11-24T05:45:17",
        "snapferry_main_x_2026-11-24T05:45:17Z", "snapferry_main_2026-11-24T05:45:17Z@x",
        "__simplesnap_main_2026-11-24T05:45:17Z__", "__simplesnap_main_2026-11-24T05:45:17"}) {
    EXPECT_FALSE(policy.may_freeze("zfs:tank/a", name)) << name;
  }
  EXPECT_FALSE(policy.may_freeze("zfs:data", "snapferry_main_2026-11-24T05:45:17Z"));
}

TEST(SourcePolicy, SendsSnapshotsOfOthersFromVolumesThatItCovers) {
  const auto policy = source_policy();
  EXPECT_TRUE(policy.may_send(stream_of("zfs:tank/a")));
  EXPECT_FALSE(policy.may_send(stream_of("zfs:data")));
  EXPECT_FALSE(policy.may_send(stream_of("zfs:tank/a", "../b")));
  auto request = stream_of("zfs:tank/a");
  request.base = snapshot("-R");
  EXPECT_TRUE(policy.may_send(request)) << "behind its '@' a name is no option";
  request.base = snapshot("x");
  request.intermediates = {snapshot("a@b")};
  EXPECT_FALSE(policy.may_send(request));
  request.intermediates = {};
  request.clone_sources = {snapshot("..")};
  EXPECT_FALSE(policy.may_send(request));
}

TEST(SourcePolicy, ResumesOnlyTheVerySnapshotThatWasAskedFor) {
  const auto policy = source_policy();
  const auto request = stream_of("zfs:tank/a");
  EXPECT_TRUE(policy.may_resume(request, "zfs:tank/a@daily"));
  EXPECT_FALSE(policy.may_resume(request, "zfs:tank/b@daily"));
  EXPECT_FALSE(policy.may_resume(request, "zfs:data@daily"));
  EXPECT_FALSE(policy.may_resume(request, ""));
}

TEST(SourcePolicy, SettlesWithItsOwnSnapshotsBookmarksAndHolds) {
  const auto policy = source_policy();
  const std::string own = "snapferry_main_2026-11-24T05:45:17Z";
  const std::string cursor = "snapferry_main_" + kStore8;
  const std::string mark = cursor + "_2026-11-24T05:45:17Z";
  Point bookmark = snapshot(mark, 3);
  bookmark.kind = PointKind::Bookmark;
  const std::vector<VolumeState> listing = {
      volume_of("zfs:tank/a", {snapshot(own, 1), snapshot("daily", 2), bookmark})};
  const Settlement good = {.volume = "zfs:tank/a",
                           .cursor = cursor,
                           .hold = snapshot("daily", 2),
                           .bookmark_of = snapshot(own, 1),
                           .bookmark = mark,
                           .release = {snapshot(own, 1)},
                           .destroy = {snapshot(own, 1), bookmark}};
  EXPECT_TRUE(policy.may_settle(good, listing)) << policy.may_settle(good, listing).reason();

  const auto refused = [&](auto change) {
    Settlement bad = good;
    change(bad);
    return !policy.may_settle(bad, listing);
  };
  EXPECT_TRUE(refused([](Settlement& s) { s.destroy = {snapshot("daily", 2)}; }));
  EXPECT_TRUE(refused([&](Settlement& s) { s.destroy = {snapshot(own, 9)}; })) << "a namesake";
  EXPECT_TRUE(refused([](Settlement& s) { s.cursor = "snapferry_other_0123abcd"; }));
  EXPECT_TRUE(refused([](Settlement& s) { s.cursor = "keep"; }));
  EXPECT_TRUE(refused([](Settlement& s) { s.cursor = ""; }));
  EXPECT_TRUE(refused([](Settlement& s) { s.bookmark = "mine"; }));
  EXPECT_TRUE(refused([](Settlement& s) { s.hold = snapshot("a@b"); }));
  EXPECT_TRUE(refused([](Settlement& s) { s.release = {snapshot("a,b")}; }));
  EXPECT_TRUE(refused([](Settlement& s) { s.volume = "zfs:data"; }));
  EXPECT_TRUE(refused([](Settlement& s) { s.volume = "zfs:tank/gone"; }));
  EXPECT_TRUE(refused([&](Settlement& s) { s.destroy[1].name = "snapferry_main_ffffffff_x"; }));
}

TEST(StorePolicy, AddsToItsOwnHostAlone) {
  const auto policy = store_policy();
  EXPECT_TRUE(policy.may_list_host("web1"));
  EXPECT_FALSE(policy.may_list_host("web2"));
  EXPECT_FALSE(policy.may_list_host("")) << "all hosts";
  EXPECT_TRUE(policy.may_receive(receive_into("web1", "zfs:tank/a")));
  EXPECT_FALSE(policy.may_receive(receive_into("web2", "zfs:tank/a")));
  EXPECT_FALSE(policy.may_receive(receive_into("../web1", "zfs:tank/a")));
  EXPECT_FALSE(policy.may_receive(receive_into("web1", "zfs:../web2/tank")));
  EXPECT_FALSE(policy.may_receive(receive_into("web1", "btrfs:/mnt")));
  EXPECT_FALSE(policy.may_receive(receive_into("web1", "")));
  auto other = receive_into("web1", "zfs:tank/a");
  other.stream.volume = "zfs:tank/b";
  EXPECT_FALSE(policy.may_receive(other));
  EXPECT_TRUE(policy.may_abort({"web1", "zfs:tank/a"}));
  EXPECT_FALSE(policy.may_abort({"web2", "zfs:tank/a"}));
  EXPECT_TRUE(policy.may_set_aside({"web1", "zfs:tank/a"}));
  EXPECT_FALSE(policy.may_set_aside({"web2", "zfs:tank/a"}));
  EXPECT_TRUE(policy.may_move({"web1", "zfs:tank/a"}, {"web1", "zfs:tank/b"}));
  EXPECT_FALSE(policy.may_move({"web2", "zfs:tank/a"}, {"web1", "zfs:tank/b"}));
  EXPECT_FALSE(policy.may_move({"web1", "zfs:tank/a"}, {"web2", "zfs:tank/b"}));
  EXPECT_FALSE(policy.may_move({"web1", "zfs:tank/a"}, {"web1", "zfs:../web2/tank"}));
  EXPECT_TRUE(policy.may_record_unchanged("main", {{"web1", "zfs:tank/a"}}));
  EXPECT_FALSE(policy.may_record_unchanged("other", {{"web1", "zfs:tank/a"}}));
  EXPECT_FALSE(policy.may_record_unchanged("main", {{"web1", "zfs:tank"}, {"web2", "zfs:tank"}}));
}

TEST(StorePolicy, SaysWhichSetAndHostToPass) {
  const Policy policy = store_policy();
  EXPECT_EQ(policy.may_list_host("web2").reason(),
            "'web2': this key is for the replicas of host web1 alone; pass --host web1");
  EXPECT_EQ(policy.may_record_unchanged("other", {}).reason(),
            "'other': this key is for the set main alone; pass --set main");
  EXPECT_EQ(
      source_policy().may_freeze("zfs:tank/a", "snapferry_other_2026-11-24T05:45:17Z").reason(),
      "'snapferry_other_2026-11-24T05:45:17Z': no snapshot name of set main, the only one of "
      "this key; pass --set main");
}

TEST(StorePolicy, SaysAllThatTheRoleOfAStoreNeeds) {
  EXPECT_TRUE(source_policy().may_list_host("web1").reason().ends_with(
      "lacks --allow store with --store and --host"));
}

TEST(StorePolicy, LetsItsSetSayWhatItAskedForAndRetiresNothing) {
  const auto policy = store_policy();
  const auto may = [&](const std::string& host, const ExpectationChange& change) {
    return policy.may_change_expectations(host, change).allowed();
  };
  EXPECT_TRUE(may("web1", {.set = "main", .missing = {"zfs:tank/b"}, .settled = {"zfs:tank/c"}}));
  EXPECT_FALSE(may("web2", {.set = "main", .missing = {"zfs:tank/a"}}));
  EXPECT_FALSE(may("web1", {.set = "other", .missing = {"zfs:tank/a"}}));
  EXPECT_FALSE(may("web1", {.set = "main", .retire = {{"main", {{"zfs:tank/a", {}}}}}}));
  EXPECT_FALSE(may("web1", {.set = "main", .expect_again = {{"main", {"zfs:tank/a"}}}}));
  EXPECT_FALSE(may("web1", {.set = "main", .ended = {{"main", {"zfs:tank/a"}}}}));
  EXPECT_FALSE(source_policy().may_change_expectations("web1", {.set = "main"}));
}

TEST(StorePolicy, JudgesNameByNameWhatMayBeAwaited) {
  const auto policy = Policy::make({.allow = {"store"},
                                    .set = "main",
                                    .volumes = {"zfs:tank/**"},
                                    .store = "zfs:backup/snapferry",
                                    .host = "web1"});
  for (const auto* name : {"zfs:tank/**", "zfs:tank/b", "zfs:tank/d*", "zfs:tank/b/**"}) {
    EXPECT_TRUE(policy.may_await("web1", name)) << name;
  }
  for (const auto* name : {"btrfs:/a", "btrfs:/**", "zfs:tank//a", "zfs:**", "zfs:pool/*"}) {
    EXPECT_FALSE(policy.may_await("web1", name)) << name;
  }
  EXPECT_FALSE(policy.may_await("web2", "zfs:tank/a"));
  EXPECT_FALSE(policy.may_await("web1", "zfs:tank/*" + std::string(5000, 'x')));
}

TEST(StorePolicy, DestroysNothingAndReadsNothingBackUnlessToldTo) {
  const VolumeName own = {"web1", "zfs:tank/a"};
  for (const auto& policy : {store_policy(), store_policy({"store", "restore"}), source_policy()}) {
    EXPECT_FALSE(policy.may_destroy(own));
  }
  EXPECT_FALSE(store_policy().may_restore(own, stream_of("zfs:tank/a")));
  const auto restoring = store_policy({"store", "restore"});
  EXPECT_TRUE(restoring.may_restore(own, stream_of("zfs:tank/a")));
  EXPECT_FALSE(restoring.may_restore(own, stream_of("zfs:tank/b")));
  EXPECT_FALSE(restoring.may_restore({"web2", "zfs:tank/a"}, stream_of("zfs:tank/a")));
}

TEST(StorePolicy, NarrowsItsVolumesByPatternsWhereItHasSome) {
  const auto policy = Policy::make({.allow = {"store"},
                                    .set = "main",
                                    .volumes = {"btrfs:/home/**"},
                                    .store = "btrfs:/backup",
                                    .host = "web1"});
  EXPECT_TRUE(policy.may_receive(receive_into("web1", "btrfs:/home/a")));
  EXPECT_FALSE(policy.may_receive(receive_into("web1", "btrfs:/etc")));
  EXPECT_TRUE(policy.may_move({"web1", "btrfs:/home/a"}, {"web1", "btrfs:/home/b"}));
  EXPECT_FALSE(policy.may_move({"web1", "btrfs:/home/a"}, {"web1", "btrfs:/etc"}));
  EXPECT_FALSE(policy.may_move({"web1", "btrfs:/etc"}, {"web1", "btrfs:/home/a"}));
}

TEST(Policy, ASourceAgentHasNoStore) {
  const auto policy = source_policy();
  const VolumeName any = {"", "zfs:tank/a"};
  EXPECT_FALSE(policy.may_list_host(""));
  EXPECT_FALSE(policy.may_receive(receive_into("", "zfs:tank/a")));
  EXPECT_FALSE(policy.may_abort(any));
  EXPECT_FALSE(policy.may_set_aside(any));
  EXPECT_FALSE(policy.may_verify(any));
  EXPECT_FALSE(policy.may_restore(any, stream_of("zfs:tank/a")));
}

Policy target_policy(std::vector<std::string> volumes = {"zfs:tank/**", "btrfs:/mnt/data/*"}) {
  return Policy::make({.allow = {"target"}, .set = "main", .volumes = std::move(volumes)});
}

TEST(TargetPolicy, MakesWhatItsPatternsCoverAndNothingElse) {
  const auto policy = target_policy();
  EXPECT_TRUE(policy.may_make("zfs:tank/new"));
  EXPECT_TRUE(policy.may_make("btrfs:/mnt/data/new"));
  for (const auto* outside :
       {"zfs:tank2/new", "zfs:tank/../x", "zfs:tank/a@b", "btrfs:/mnt/data/a/b",
        "btrfs:/mnt/data/..", "btrfs:/etc", "", "zfs:"}) {
    EXPECT_FALSE(policy.may_make(outside)) << outside;
    EXPECT_FALSE(policy.may_make_of(outside, stream_of("zfs:pool/old"))) << outside;
  }
}

TEST(TargetPolicy, MakesNothingWhereSnapshotsAreKept) {
  const auto policy = target_policy({"btrfs:/mnt/**"});
  EXPECT_TRUE(policy.may_make("btrfs:/mnt/snapferry"));
  EXPECT_FALSE(policy.may_make("btrfs:/mnt/.snapferry"));
  EXPECT_FALSE(policy.may_make("btrfs:/mnt/a/.snapferry/home/forged"));
}

TEST(TargetPolicy, TakesOneWholeSnapshotOfAnyVolume) {
  const auto policy = target_policy();
  const auto whole = stream_of("zfs:pool/old");
  EXPECT_TRUE(policy.may_make_of("zfs:tank/new", whole));
  auto request = whole;
  request.base = snapshot("base");
  EXPECT_FALSE(policy.may_make_of("zfs:tank/new", request));
  request = whole;
  request.intermediates = {snapshot("between")};
  EXPECT_FALSE(policy.may_make_of("zfs:tank/new", request));
  request = whole;
  request.clone_sources = {snapshot("foreign")};
  EXPECT_FALSE(policy.may_make_of("zfs:tank/new", request));
  request = whole;
  request.resume_token = "1-abc";
  EXPECT_FALSE(policy.may_make_of("zfs:tank/new", request));
  EXPECT_FALSE(policy.may_make_of("zfs:tank/new", stream_of("zfs:pool/old", "../x")));
}

TEST(TargetPolicy, ReadsAndRemovesNothing) {
  const auto policy = target_policy();
  EXPECT_FALSE(policy.may_list("zfs:tank/a"));
  EXPECT_FALSE(policy.may_send(stream_of("zfs:tank/a")));
  EXPECT_FALSE(policy.may_freeze("zfs:tank/a", "snapferry_main_2026-11-24T05:45:17Z"));
  EXPECT_FALSE(policy.may_init("zfs:tank/a"));
  EXPECT_FALSE(policy.may_list_host(""));
}

TEST(TargetPolicy, IsNoPartOfAnotherRole) {
  EXPECT_FALSE(source_policy().may_make("zfs:tank/new"));
  EXPECT_FALSE(store_policy({"store", "restore"}).may_make("zfs:tank/new"));
}

TEST(TargetPolicy, NeedsAPattern) {
  EXPECT_NE(message_of({.allow = {"target"}, .set = "main"}).find("--volume"), std::string::npos);
  const auto policy = target_policy({"zfs:tank/new"});
  EXPECT_EQ(policy.arguments(), (std::vector<std::string>{"--allow", "target", "--set", "main",
                                                          "--volume", "zfs:tank/new"}));
}

TEST(StorePolicy, MakesItsOwnStoreAlone) {
  EXPECT_TRUE(store_policy().may_init("zfs:backup/sf"));
  for (const auto* other : {"", "zfs:backup", "zfs:backup/sf/", "zfs:backup/sf/x", "zfs:backup/sf2",
                            "btrfs:/backup/sf", "zfs:backup/../backup/sf"}) {
    EXPECT_FALSE(store_policy().may_init(other)) << other;
  }
  EXPECT_FALSE(source_policy().may_init(""));
}

TEST(Decision, QuotesThePeerWithoutItsControlCharactersAndNotWhole) {
  const auto decision = source_policy().may_list("zfs:\x1b[2J" + std::string(100000, 'x'));
  EXPECT_EQ(decision.reason().find('\x1b'), std::string::npos);
  EXPECT_LT(decision.reason().size(), 400u);
  EXPECT_EQ(wire::quoted("a\n\xff'"), "'a\\x0a\\xff''");
  EXPECT_THROW(decision.require(), Error);
}

}  // namespace
}  // namespace snapferry::agent
