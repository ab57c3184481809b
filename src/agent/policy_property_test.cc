#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "agent/policy.h"
#include "wire/names.h"

namespace snapferry::agent {
namespace {

// Words of which hostile requests are put together: what is right, what is nearly right, and
// what means something to a shell, to zfs, to btrfs or to a path.
const std::vector<std::string> kPieces = {"zfs:",
                                          "btrfs:",
                                          "tank",
                                          "/home",
                                          "/",
                                          "..",
                                          ".",
                                          "@",
                                          "#",
                                          "-r",
                                          "-F",
                                          "%recv",
                                          " ",
                                          "\n",
                                          "*",
                                          "**",
                                          "?",
                                          "web1",
                                          "web2",
                                          ";id",
                                          "$(id)",
                                          "main",
                                          "other",
                                          "_",
                                          "snapferry_",
                                          "__simplesnap_",
                                          "2026-11-24T05:45:17Z",
                                          "2026-11-24T05:45:17",
                                          "__",
                                          "0123abcd",
                                          "mnt",
                                          "daily",
                                          ",",
                                          "\\"};

rc::Gen<std::string> hostile_text() {
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(kPieces)),
                      [](const std::vector<std::string>& pieces) {
                        std::string text;
                        for (const auto& piece : pieces) text += piece;
                        return text;
                      });
}

// A good beginning and then anything, or anything: so that what is allowed is met often.
rc::Gen<std::string> near(std::vector<std::string> beginnings) {
  return rc::gen::map(rc::gen::tuple(rc::gen::elementOf(std::move(beginnings)),
                                     rc::gen::oneOf(rc::gen::just(std::string()), hostile_text())),
                      [](const std::tuple<std::string, std::string>& parts) {
                        return std::get<0>(parts) + std::get<1>(parts);
                      });
}

rc::Gen<std::string> volume_text() {
  return near({"", "zfs:tank/home", "zfs:tank/home/", "btrfs:/mnt/", "zfs:tank", "zfs:-r"});
}

rc::Gen<std::string> snapshot_text() {
  return near({"", "snapferry_main_", "snapferry_main_2026-11-24T05:45:17Z",
               "__simplesnap_main_2026-11-24T05:45:17__", "daily",
               "snapferry_main_0123abcd_2026-11-24T05:45:17Z"});
}

rc::Gen<Point> hostile_point() {
  return rc::gen::map(rc::gen::tuple(snapshot_text(), rc::gen::inRange<std::uint64_t>(0, 4),
                                     rc::gen::arbitrary<bool>()),
                      [](const std::tuple<std::string, std::uint64_t, bool>& parts) {
                        Point point;
                        point.name = std::get<0>(parts);
                        point.guid = Guid::from_number(std::get<1>(parts));
                        point.kind = std::get<2>(parts) ? PointKind::Snapshot : PointKind::Bookmark;
                        return point;
                      });
}

rc::Gen<std::vector<Point>> hostile_points() {
  return rc::gen::container<std::vector<Point>>(hostile_point());
}

const Policy kSource = Policy::make(
    {.allow = {"source"}, .set = "main", .volumes = {"zfs:tank/home/**", "btrfs:/mnt/*"}});
const Policy kStore =
    Policy::make({.allow = {"store"}, .set = "main", .store = "zfs:backup", .host = "web1"});

const Policy kTarget = Policy::make(
    {.allow = {"target"}, .set = "main", .volumes = {"zfs:tank/home/**", "btrfs:/mnt/*"}});

// Has a part "..": "..web2" is a name like any other.
bool climbs(const std::string& name) {
  const std::string parts = "/" + name.substr(name.find(':') + 1) + "/";
  return parts.find("/../") != parts.npos;
}

// Independent of VolumePattern: what the patterns of kSource mean, said once more.
bool inside(const std::string& volume) {
  const bool plain = !climbs(volume) && volume.find("//") == volume.npos &&
                     volume.find_first_of("@#%;$\n*?\\,") == volume.npos;
  if (volume == "zfs:tank/home") return true;
  if (volume.starts_with("zfs:tank/home/")) return plain;
  // A path may hold any of them.
  return volume.starts_with("btrfs:/mnt/") && volume.size() > 11 &&
         volume.find('/', 11) == volume.npos && volume != "btrfs:/mnt/..";
}

// As ZFS has names, or as a filesystem has them.
bool plain_name(const std::string& volume, const std::string& name) {
  const auto* others = volume.starts_with("zfs:") ? "/@#%,\n;$*?\\" : "/";
  return !name.empty() && name.find_first_of(others) == name.npos && name != ".." && name != ".";
}

RC_GTEST_PROP(PolicyProperty, NothingOutsideThePatternsIsEverSentFrozenOrListed, ()) {
  const auto volume = *volume_text();
  const auto name = *snapshot_text();
  const auto to = *hostile_point();
  if (kSource.may_list(volume)) RC_ASSERT(inside(volume));
  if (kSource.may_freeze(volume, name)) {
    RC_ASSERT(inside(volume));
    RC_ASSERT(name.starts_with("snapferry_main_") || name.starts_with("__simplesnap_main_"));
    RC_ASSERT(plain_name(volume, name));
  }
  StreamRequest request;
  request.volume = volume;
  request.to = to;
  if (kSource.may_send(request)) RC_ASSERT(inside(volume) && plain_name(volume, to.name));
  if (kSource.may_resume(request, name)) RC_ASSERT(name == volume + "@" + to.name);
  RC_ASSERT(!kSource.may_list_host(name));
  RC_ASSERT(!kSource.may_abort({name, volume}));
}

RC_GTEST_PROP(PolicyProperty, OnlySnapshotsAndCursorsOfTheOwnSetAreEverDestroyed, ()) {
  Settlement settlement;
  settlement.volume = "zfs:tank/home";
  settlement.cursor =
      *rc::gen::oneOf(rc::gen::just(std::string("snapferry_main_0123abcd")), hostile_text());
  settlement.bookmark = *snapshot_text();
  if (*rc::gen::arbitrary<bool>()) settlement.bookmark_of = *hostile_point();
  if (*rc::gen::arbitrary<bool>()) settlement.hold = *hostile_point();
  settlement.release = *hostile_points();
  settlement.destroy = *hostile_points();
  VolumeState state;
  state.name = "zfs:tank/home";
  state.points = settlement.destroy;  // everything is there
  if (!kSource.may_settle(settlement, {state})) return;
  RC_ASSERT(settlement.cursor.starts_with("snapferry_main_"));
  for (const auto& point : settlement.destroy) {
    RC_ASSERT(plain_name(settlement.volume, point.name));
    RC_ASSERT(point.name.starts_with(point.kind == PointKind::Bookmark ? settlement.cursor
                                                                       : "snapferry_main_") ||
              (point.kind == PointKind::Snapshot && point.name.starts_with("__simplesnap_main_")));
  }
}

RC_GTEST_PROP(PolicyProperty, NothingOutsideTheHostsSubtreeIsEverTouchedInAStore, ()) {
  const auto host = *rc::gen::oneOf(rc::gen::just(std::string("web1")), hostile_text());
  const auto path = *volume_text();
  ReceiveRequest request;
  request.volume = {host, path};
  request.stream.volume = *rc::gen::oneOf(rc::gen::just(path), hostile_text());
  request.stream.to = *hostile_point();
  const auto contained = [&] {
    return host == "web1" && path.starts_with("zfs:") && !climbs(path) &&
           path.find_first_of("@#%\n;$*?\\,") == path.npos && path.find("//") == path.npos &&
           path != "zfs:" && path[4] != '/' && path[4] != '-';
  };
  if (kStore.may_receive(request)) {
    RC_ASSERT(contained() && request.stream.volume == path &&
              plain_name(path, request.stream.to.name));
  }
  if (kStore.may_abort({host, path})) RC_ASSERT(contained());
  if (kStore.may_set_aside({host, path})) RC_ASSERT(contained());
  const VolumeName own{"web1", "zfs:tank/a"};
  if (kStore.may_move({host, path}, own)) RC_ASSERT(contained());
  if (kStore.may_move(own, {host, path})) RC_ASSERT(contained());
  if (kStore.may_verify({host, path})) RC_ASSERT(contained());
  if (kStore.may_record_unchanged("main", {{host, path}})) RC_ASSERT(contained());
  RC_ASSERT(!kStore.may_destroy({host, path}));
  RC_ASSERT(!kStore.may_restore({host, path}, request.stream));
  RC_ASSERT(!kStore.may_list(path));
}

RC_GTEST_PROP(PolicyProperty, NothingOutsideThePatternsIsEverMadeNorOfAnythingButOneSnapshot, ()) {
  const auto volume = *rc::gen::oneOf(
      volume_text(), near({"btrfs:/mnt/.snapferry", "zfs:tank/home/.snapferry", "btrfs:/mnt/x"}));
  StreamRequest request;
  request.volume = *volume_text();
  request.to = *hostile_point();
  if (*rc::gen::arbitrary<bool>()) request.base = *hostile_point();
  if (*rc::gen::arbitrary<bool>()) request.intermediates = *hostile_points();
  if (*rc::gen::arbitrary<bool>()) request.clone_sources = *hostile_points();
  if (*rc::gen::arbitrary<bool>()) request.resume_token = *hostile_text();
  if (kTarget.may_make(volume)) {
    RC_ASSERT(inside(volume));
    RC_ASSERT((volume + "/").find("/.snapferry/") == std::string::npos);
  }
  if (kTarget.may_make_of(volume, request)) {
    RC_ASSERT(kTarget.may_make(volume));
    RC_ASSERT(plain_name(request.volume, request.to.name) &&
              request.to.kind == PointKind::Snapshot);
    RC_ASSERT(!request.base && request.intermediates.empty() && request.clone_sources.empty() &&
              request.resume_token.empty());
  }
  RC_ASSERT(!kTarget.may_list(volume) && !kTarget.may_send(request));
  RC_ASSERT(!kSource.may_make(volume) && !kStore.may_make(volume));
  if (kStore.may_init(volume)) RC_ASSERT(volume == "zfs:backup");
  RC_ASSERT(!kTarget.may_init(volume) && !kSource.may_init(volume));
}

RC_GTEST_PROP(PolicyProperty, AListingNeverBeginsOutsideThePolicy, ()) {
  const auto asked = *volume_text();
  std::vector<std::string> patterns;
  try {
    patterns = kSource.listing({asked});
  } catch (const Error&) {
    return;
  }
  RC_ASSERT(!patterns.empty());
  for (const auto& pattern : patterns) {
    RC_ASSERT(pattern.starts_with("zfs:tank/home") || pattern.starts_with("btrfs:/mnt"));
    RC_ASSERT(!climbs(pattern));
  }
}

}  // namespace
}  // namespace snapferry::agent
