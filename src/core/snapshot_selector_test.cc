#include "core/snapshot_selector.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "core/error.h"

namespace snapferry {
namespace {

constexpr std::int64_t kNoon = 1'772'366'400;  // 2026-03-01T12:00:00Z

// "ID HOST:PATH MINUTE": a snapshot whose id begins with ID, taken MINUTE minutes and
// half a second after noon.
Snapshot snapshot(const std::string& text) {
  const std::size_t first = text.find(' ');
  const std::size_t last = text.rfind(' ');
  const std::string id = text.substr(0, first);
  const std::string volume = text.substr(first + 1, last - first - 1);
  const std::size_t colon = volume.find(':');
  Snapshot result;
  result.id = *ObjectId::from_hex(id + std::string(64 - id.size(), '0'));
  result.volume = {volume.substr(0, colon), volume.substr(colon + 1)};
  result.time = {kNoon + 60 * std::stoll(text.substr(last)), 500'000'000};
  return result;
}

std::vector<Snapshot> snapshots(const std::vector<std::string>& texts) {
  std::vector<Snapshot> all;
  for (const std::string& text : texts) all.push_back(snapshot(text));
  return all;
}

const std::vector<Snapshot> kAll = snapshots({
    "a1 me:/home 0",
    "a2 web:/home 1",
    "b1 web:/etc 2",
    "b22222222222aa me:/home 3",
    "b22222222222ab db:/srv 4",
    "c1 web:/srv 5",
    "d1 me:stdin:dump 6",
    "e1 me:/mail@work 7",
    "e2 me:/mail 8",
    "f1 me:/ 9",
});

const Standpoint kHere{"me", "/home/joe"};

// The first two digits of the id of what is selected.
std::string select(std::string_view selector, const std::vector<Snapshot>& all = kAll) {
  return select_snapshot(all, selector, kHere).id.hex().substr(0, 2);
}

std::string error_of(std::string_view selector, ErrorKind kind,
                     const std::vector<Snapshot>& all = kAll) {
  try {
    ADD_FAILURE() << selector << " selects " << select(selector, all);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.message();
    return error.message();
  }
  return "";
}

TEST(SelectSnapshot, TakesTheNewestOfAllAsLatest) {
  EXPECT_EQ(select("latest"), "f1");
  EXPECT_EQ(error_of("latest", ErrorKind::NotFound, {}),
            "latest: no such snapshot; 'snapferry list' shows them");
}

TEST(SelectSnapshot, TakesAnIdOrItsUniqueBeginningInEitherCase) {
  EXPECT_EQ(select("a1"), "a1");
  EXPECT_EQ(select("A2"), "a2");
  EXPECT_EQ(select("c"), "c1");
  EXPECT_EQ(select("b1" + std::string(62, '0')), "b1");
}

TEST(SelectSnapshot, FindsNoIdLongerThanOneOrUnlikeAll) {
  for (const std::string& id : {std::string("a3"), "b1" + std::string(63, '0')}) {
    EXPECT_EQ(error_of(id, ErrorKind::NotFound),
              id + ": no such snapshot; 'snapferry list' shows them");
  }
}

TEST(SelectSnapshot, NamesTwoOfSeveralIdsThatBeginAlike) {
  EXPECT_EQ(error_of("a", ErrorKind::InvalidArgument),
            "a: 2 snapshots have ids that begin so, such as a1000000 and a2000000; give more "
            "digits");
  EXPECT_EQ(error_of("b", ErrorKind::InvalidArgument),
            "b: 3 snapshots have ids that begin so, such as b1000000 and b2222222; give more "
            "digits");
}

TEST(SelectSnapshot, ShowsEnoughDigitsToTellIdsApart) {
  EXPECT_EQ(error_of("b2", ErrorKind::InvalidArgument),
            "b2: 2 snapshots have ids that begin so, such as b22222222222aa and "
            "b22222222222ab; give more digits");
}

TEST(SelectSnapshot, TakesTheNewestOfAVolume) {
  EXPECT_EQ(select("me:/home"), "b2");
  EXPECT_EQ(select("web:/home"), "a2");
  EXPECT_EQ(select("me:stdin:dump"), "d1");
  EXPECT_EQ(select("me:/"), "f1");
}

TEST(SelectSnapshot, PrefersThisHostForAPathAlone) {
  EXPECT_EQ(select("/home"), "b2");
  EXPECT_EQ(select("stdin:dump"), "d1");
  EXPECT_EQ(select("/"), "f1");
}

TEST(SelectSnapshot, TakesTheOnlyOtherHostThatHasThePath) { EXPECT_EQ(select("/etc"), "b1"); }

TEST(SelectSnapshot, AsksForTheHostWhereSeveralOthersHaveThePath) {
  EXPECT_EQ(error_of("/srv", ErrorKind::InvalidArgument),
            "/srv: 2 hosts have a volume of this path, such as db and web; give HOST:PATH");
}

TEST(SelectSnapshot, IgnoresTrailingSlashesOfAVolume) {
  EXPECT_EQ(select("/home/"), "b2");
  EXPECT_EQ(select("web:/home//"), "a2");
}

TEST(SelectSnapshot, TakesAPathRelativeToWhereItIsSaid) {
  EXPECT_EQ(select(".."), "b2");
  EXPECT_EQ(select("../"), "b2");
  EXPECT_EQ(select("../../mail@work"), "e1");
  EXPECT_EQ(select("./../../mail/@2027-01-01"), "e2");
  EXPECT_EQ(select("../.."), "f1");
  EXPECT_EQ(select_snapshot(kAll, "home", {"me", "/"}).id.hex().substr(0, 2), "b2");
}

TEST(SelectSnapshot, TakesARelativePathForThisHostAlone) {
  error_of("../../etc", ErrorKind::NotFound);
  EXPECT_THROW(select_snapshot(kAll, "..", {"db", "/home/joe"}), Error);
}

TEST(SelectSnapshot, DoesNotTakePartsOfVolumeNames) {
  for (const char* selector : {"/hom", "web:/", "eb:/home", "me", ":/home", "me:home", "/home/x"}) {
    EXPECT_EQ(error_of(selector, ErrorKind::NotFound),
              std::string(selector) + ": no such snapshot; 'snapferry list' shows them");
  }
}

TEST(SelectSnapshot, TakesTheNewestFromTheTimeOrEarlier) {
  EXPECT_EQ(select("/home@2026-03-01T12:02:59Z"), "a1");
  EXPECT_EQ(select("/home@2026-03-01T12:03:00Z"), "b2");
  EXPECT_EQ(select("web:/home@2027-01-01"), "a2");
  EXPECT_EQ(select("me:stdin:dump@2027-01-01"), "d1");
}

TEST(SelectSnapshot, TakesSecondsSince1970BehindASecondAt) {
  EXPECT_EQ(select("/home@@" + std::to_string(kNoon + 60)), "a1");
}

TEST(SelectSnapshot, FindsNothingBeforeTheOldestOfAVolume) {
  EXPECT_EQ(error_of("/home@2026-03-01T11:59:59Z", ErrorKind::NotFound),
            "/home@2026-03-01T11:59:59Z: no such snapshot; 'snapferry list' shows them");
}

TEST(SelectSnapshot, LetsAVolumeHoldAnAtItself) {
  EXPECT_EQ(select("/mail@work"), "e1");
  EXPECT_EQ(select("/mail@work@2027-01-01"), "e1");
  EXPECT_EQ(select("/mail@2027-01-01"), "e2");
}

TEST(SelectSnapshot, NamesWhatIsNoTime) {
  EXPECT_TRUE(
      error_of("/home@yesterday", ErrorKind::InvalidArgument).starts_with("/home@yesterday: "));
  error_of("/home@", ErrorKind::InvalidArgument);
}

TEST(SelectSnapshot, TakesAVolumeThatLooksLikeAnIdForTheVolume) {
  const auto all = snapshots({"a1 me:/home/joe/cafe 0", "b1 me:/home/joe/2 1", "cb web:/srv 2"});
  EXPECT_EQ(select("cafe", all), "a1");
  EXPECT_EQ(select("2", all), "b1");
  EXPECT_EQ(select("cb", all), "cb");
}

TEST(SelectSnapshot, RefusesAWordThatIsAVolumeAndTheBeginningOfAnId) {
  const auto all = snapshots({"a1 me:/home/joe/cb 0", "cb web:/srv 1"});
  EXPECT_EQ(error_of("cb", ErrorKind::InvalidArgument, all),
            "cb: is the volume me:/home/joe/cb and how the id of a snapshot begins; give ./cb for "
            "the volume, or more digits of the id");
  EXPECT_EQ(select("./cb", all), "a1");
  EXPECT_EQ(select("cb0", all), "cb");
}

TEST(SelectSnapshot, RefusesLatestWhereAVolumeIsCalledSo) {
  const auto all = snapshots({"a1 me:/home/joe/latest 0", "cb web:/srv 1"});
  EXPECT_EQ(error_of("latest", ErrorKind::InvalidArgument, all),
            "latest: is the volume me:/home/joe/latest and the newest snapshot of all; give "
            "./latest for the volume, or the id of the snapshot");
  EXPECT_EQ(select("./latest", all), "a1");
}

TEST(SelectSnapshot, NeverTakesNothing) {
  EXPECT_EQ(error_of("", ErrorKind::NotFound), ": no such snapshot; 'snapferry list' shows them");
  error_of("@", ErrorKind::NotFound);
  error_of("@2026-03-01", ErrorKind::NotFound);
}

TEST(SelectSnapshot, TakesALinkWithATrailingSlashForWhereItLeads) {
  const auto all = snapshots({"a1 me:/home/joe/link 0", "b1 me:/srv/data 1"});
  Standpoint here = kHere;
  here.led_to = [](const std::string& path) {
    return path.ends_with('/') ? std::optional<std::string>("/srv/data") : std::nullopt;
  };
  const auto with = [&](std::string_view word) {
    return select_snapshot(all, word, here).id.hex().substr(0, 2);
  };
  EXPECT_EQ(with("link/"), "b1");
  EXPECT_EQ(with("/home/joe/link/"), "b1");
  EXPECT_EQ(with("link/@2027-01-01"), "b1");
  EXPECT_EQ(with("link"), "a1");
  EXPECT_EQ(with("me:/home/joe/link/"), "a1");
  here.led_to = [](const std::string&) { return std::optional<std::string>("/not/backed/up"); };
  EXPECT_EQ(with("link/"), "a1");
}

const Standpoint kOwnOnly{
    .host = "me", .directory = "/home/joe", .without_host = WithoutHost::OwnHost};

TEST(SelectVolume, TakesNoOtherHostsVolumeWhereOnlyTheOwnIsMeant) {
  EXPECT_EQ(select_volume(kAll, "/home", kOwnOnly), (VolumeName{"me", "/home"}));
  EXPECT_EQ(select_volume(kAll, "web:/etc", kOwnOnly), (VolumeName{"web", "/etc"}));
  try {
    select_volume(kAll, "/etc/", kOwnOnly);
    ADD_FAILURE();
  } catch (const OnOtherHosts& error) {
    EXPECT_EQ(error.kind(), ErrorKind::NotFound);
    EXPECT_EQ(error.message(),
              "/etc: this host, me, has no volume of that name; web:/etc is there: name it");
    EXPECT_EQ(error.volumes(), (std::vector<VolumeName>{{"web", "/etc"}}));
  }
}

TEST(SelectVolume, NamesThreeOfTheHostsThatHaveIt) {
  const auto all =
      snapshots({"a1 a:/x 0", "a2 b:/x 1", "a3 c:/x 2", "a4 d:/x 3", "a5 a:/y 4", "a6 b:/y 5"});
  const auto message_of = [&](std::string_view word) {
    try {
      select_volume(all, word, kOwnOnly);
    } catch (const OnOtherHosts& error) {
      return error.message();
    }
    return std::string("none");
  };
  EXPECT_EQ(message_of("/x"),
            "/x: this host, me, has no volume of that name; a:/x, b:/x, c:/x and 1 more are "
            "there: name one");
  EXPECT_EQ(message_of("/y"),
            "/y: this host, me, has no volume of that name; a:/y and b:/y are there: name one");
}

TEST(SelectSnapshot, TakesNoOtherHostsSnapshotWhereOnlyTheOwnIsMeant) {
  EXPECT_THROW(select_snapshot(kAll, "/etc@2027-01-01", kOwnOnly), OnOtherHosts);
  EXPECT_EQ(select_snapshot(kAll, "b1", kOwnOnly).volume.host, "web");
  EXPECT_EQ(select_snapshot(kAll, "latest", kOwnOnly).volume.host, "me");
  const auto all = snapshots({"a1 me:/home 0", "b1 web:/etc 1"});
  try {
    select_snapshot(all, "latest", kOwnOnly);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.message(), "latest: is of another host, web:/etc; give its id, b1000000");
  }
}

TEST(SelectVolume, GivesTheNameInFull) {
  EXPECT_EQ(select_volume(kAll, "/etc/", kHere), (VolumeName{"web", "/etc"}));
  EXPECT_EQ(select_volume(kAll, "me:/", kHere), (VolumeName{"me", "/"}));
  EXPECT_THROW(select_volume(kAll, "latest", kHere), Error);
}

}  // namespace
}  // namespace snapferry
