#include "retention/keep_rules.h"

#include <algorithm>
#include <map>
#include <set>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/snapshot_order.h"
#include "testing/errors.h"
#include "testing/time_zone.h"

namespace snapferry::retention {
namespace {

using testing::kCentralEurope;
using testing::kNewYork;
using testing::LocalTimeZone;

ObjectId id_of(std::uint32_t number) {
  ObjectId id;
  for (int i = 0; i < 4; ++i) id.bytes[i] = static_cast<std::uint8_t>(number >> (24 - 8 * i));
  return id;
}

std::vector<Candidate> candidates_at(const std::vector<std::int64_t>& times) {
  std::vector<Candidate> candidates;
  for (const std::int64_t time : times) {
    candidates.push_back({id_of(static_cast<std::uint32_t>(candidates.size())), {time, 0}});
  }
  return candidates;
}

// The same, of which those at `incomplete` are.
std::vector<Candidate> incomplete_at(std::vector<Candidate> candidates,
                                     const std::set<std::size_t>& incomplete) {
  for (const std::size_t index : incomplete) candidates[index].complete = false;
  return candidates;
}

std::vector<Candidate> at(const std::vector<const char*>& times) {
  std::vector<std::int64_t> seconds;
  for (const char* time : times) seconds.push_back(parse_time(time).seconds);
  return candidates_at(seconds);
}

// The kept ones as local times with the reasons, newest first.
std::vector<std::string> kept(const std::vector<Candidate>& candidates, const KeepRules& rules,
                              const char* now = "2026-12-31 12:00") {
  std::vector<std::string> texts;
  for (const Decision& decision : decide(candidates, rules, parse_time(now))) {
    if (!decision.keep) continue;
    std::string text = format_local(decision.time) + ":";
    for (const std::string& reason : decision.reasons) text += " " + reason + ";";
    text.pop_back();
    texts.push_back(text);
  }
  return texts;
}

using Texts = std::vector<std::string>;

TEST(KeepRules, WithoutAnyAreRefused) {
  EXPECT_ERROR(decide({}, {}, {}), ErrorKind::InvalidArgument);
  EXPECT_ERROR(decide(candidates_at({1}), {.within = Duration{0}}, {}), ErrorKind::InvalidArgument);
  EXPECT_ERROR(decide(candidates_at({1}), {.last = 1, .within = Duration{-1}}, {}),
               ErrorKind::InvalidArgument);
}

TEST(KeepRules, OfNothingDecideNothing) { EXPECT_TRUE(decide({}, {.last = 1}, {}).empty()); }

TEST(KeepRules, GiveADecisionWithAReasonForEachSnapshot) {
  const LocalTimeZone zone("UTC0");
  const auto decisions = decide(candidates_at({10, 30, 20}), {.last = 2}, {100, 0});
  ASSERT_EQ(decisions.size(), 3u);
  EXPECT_EQ(decisions[0].time.seconds, 30);
  EXPECT_EQ(decisions[0].reasons, Texts{"among the last 2"});
  EXPECT_EQ(decisions[2].id, id_of(0));
  EXPECT_FALSE(decisions[2].keep);
  EXPECT_EQ(decisions[2].reasons, Texts{"no rule keeps it"});
}

TEST(KeepLast, KeepsTheNewest) {
  const LocalTimeZone zone("UTC0");
  const auto all = at({"2026-03-01 10:00", "2026-03-01 12:00", "2026-03-01 11:00"});
  EXPECT_EQ(kept(all, {.last = 1}), Texts{"2026-03-01 12:00:00: the last"});
  EXPECT_EQ(kept(all, {.last = 2}), (Texts{"2026-03-01 12:00:00: among the last 2",
                                           "2026-03-01 11:00:00: among the last 2"}));
  EXPECT_EQ(kept(all, {.last = ~std::uint64_t{0}}).size(), 3u);
}

TEST(KeepLast, KeepsTheLaterOneOfTwoTakenAtTheSameTime) {
  const auto decisions = decide(candidates_at({5, 5}), {.last = 1}, {100, 0});
  EXPECT_TRUE(decisions[0].keep);
  EXPECT_EQ(decisions[0].id, id_of(1));
  EXPECT_FALSE(decisions[1].keep);
}

TEST(KeepWithin, CountsFromNowAndNotFromTheNewest) {
  const LocalTimeZone zone("UTC0");
  const auto all = at({"2026-03-01 12:00", "2026-03-02 12:00", "2026-03-03 12:00"});
  const KeepRules rules{.within = parse_duration("2d")};
  EXPECT_EQ(kept(all, rules, "2026-03-04 12:00"),
            (Texts{"2026-03-03 12:00:00: within 2d 0h of now",
                   "2026-03-02 12:00:00: within 2d 0h of now"}));
  EXPECT_EQ(kept(all, rules, "2026-03-04 12:01").size(), 1u);
}

TEST(KeepWithin, LeavesTheNewestHoweverOld) {
  const LocalTimeZone zone("UTC0");
  const auto all = at({"2026-03-01 12:00", "2026-03-02 12:00"});
  EXPECT_EQ(kept(all, {.within = parse_duration("1d")}, "2026-06-01"),
            Texts{"2026-03-02 12:00:00: the newest is always kept"});
}

TEST(KeepHourly, KeepsTheNewestOfEachHourThatHasOne) {
  const LocalTimeZone zone("UTC0");
  const auto all = at({"2026-03-01 09:59", "2026-03-01 12:00", "2026-03-01 12:59:59",
                       "2026-03-01 13:00", "2026-03-01 13:05"});
  EXPECT_EQ(kept(all, {.hourly = 2}),
            (Texts{"2026-03-01 13:05:00: newest of hour 2026-03-01 13:00 +0000",
                   "2026-03-01 12:59:59: newest of hour 2026-03-01 12:00 +0000"}));
  EXPECT_EQ(kept(all, {.hourly = 9}).size(), 3u);
}

TEST(KeepDaily, FollowsTheLocalTimeZone) {
  const auto all = at({"2026-03-01T22:30:00Z", "2026-03-01T23:30:00Z", "2026-03-02T04:30:00Z"});
  {
    const LocalTimeZone zone(kCentralEurope);
    EXPECT_EQ(kept(all, {.daily = 9}), (Texts{"2026-03-02 05:30:00: newest of day 2026-03-02",
                                              "2026-03-01 23:30:00: newest of day 2026-03-01"}));
  }
  const LocalTimeZone zone(kNewYork);
  EXPECT_EQ(kept(all, {.daily = 9}), Texts{"2026-03-01 23:30:00: newest of day 2026-03-01"});
}

TEST(KeepWeekly, FollowsIsoWeeksOverTheNewYear) {
  const LocalTimeZone zone("UTC0");
  // Sunday 2025-12-28 ends week 52; Monday 2025-12-29 to Sunday 2026-01-04 are
  // week 1.
  const auto all =
      at({"2025-12-28 23:59", "2025-12-29 00:00", "2026-01-04 23:59", "2026-01-05 00:00"});
  EXPECT_EQ(kept(all, {.weekly = 9}), (Texts{"2026-01-05 00:00:00: newest of week 2026-W02",
                                             "2026-01-04 23:59:00: newest of week 2026-W01",
                                             "2025-12-28 23:59:00: newest of week 2025-W52"}));
}

TEST(KeepMonthlyAndYearly, KeepTheNewestOfEach) {
  const LocalTimeZone zone("UTC0");
  const auto all = at({"2024-02-29", "2024-12-31", "2025-01-01", "2025-01-31", "2025-02-01"});
  EXPECT_EQ(kept(all, {.monthly = 3}), (Texts{"2025-02-01 23:59:59: newest of month 2025-02",
                                              "2025-01-31 23:59:59: newest of month 2025-01",
                                              "2024-12-31 23:59:59: newest of month 2024-12"}));
  EXPECT_EQ(kept(all, {.yearly = 5}), (Texts{"2025-02-01 23:59:59: newest of year 2025",
                                             "2024-12-31 23:59:59: newest of year 2024"}));
}

TEST(KeepRules, AreAUnionWithAllReasons) {
  const LocalTimeZone zone("UTC0");
  const auto all = at({"2026-03-01 10:00", "2026-03-01 12:00"});
  EXPECT_EQ(kept(all, {.last = 1, .within = parse_duration("3h"), .daily = 1}, "2026-03-01 12:30"),
            (Texts{"2026-03-01 12:00:00: the last; within 3h 0m of now; newest "
                   "of day 2026-03-01",
                   "2026-03-01 10:00:00: within 3h 0m of now"}));
}

TEST(KeepRules, TellTheTwoHoursApartWhenClocksGoBack) {
  const LocalTimeZone zone(kCentralEurope);
  const auto all = at({"2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"});  // both 02:30
  EXPECT_EQ(kept(all, {.hourly = 9}).size(), 2u);
  EXPECT_EQ(kept(all, {.daily = 9}).size(), 1u);
}

TEST(KeepRules, CountNoHourTwiceWhenClocksGoForward) {
  const LocalTimeZone zone(kCentralEurope);
  const auto all = at({"2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z", "2026-03-29T01:45:00Z"});
  EXPECT_EQ(kept(all, {.hourly = 9}),
            (Texts{"2026-03-29 03:45:00: newest of hour 2026-03-29 03:00 +0200",
                   "2026-03-29 01:30:00: newest of hour 2026-03-29 01:00 +0100"}));
}

TEST(KeepRules, SnapshotsFromTheFuturePushNothingOut) {
  const LocalTimeZone zone("UTC0");
  const auto all =
      at({"2099-01-01 12:00", "2099-01-02 12:00", "2026-03-01 12:00", "2026-02-01 12:00"});
  EXPECT_EQ(kept(all, {.last = 1}, "2026-03-02 00:00"),
            (Texts{"2099-01-02 12:00:00: in the future of 2026-03-02 00:00:00",
                   "2099-01-01 12:00:00: in the future of 2026-03-02 00:00:00",
                   "2026-03-01 12:00:00: the last"}));
}

TEST(KeepRules, WhatNoClockVouchesForStaysAndPushesNothingOut) {
  const LocalTimeZone zone("UTC0");
  auto all = at({"2026-03-01 12:00", "2026-03-02 12:00", "2026-03-02 12:00"});
  all[2].time_is_known = false;
  EXPECT_EQ(kept(all, {.daily = 2}), (Texts{"2026-03-02 12:00:00: no clock vouches for its time",
                                            "2026-03-02 12:00:00: newest of day 2026-03-02",
                                            "2026-03-01 12:00:00: newest of day 2026-03-01"}));
  // The order is known, and these rules ask for nothing else.
  EXPECT_EQ(kept(all, {.last = 1}), Texts{"2026-03-02 12:00:00: the last"});
}

TEST(KeepRules, BearExtremeTimes) {
  const auto all = candidates_at({INT64_MIN, INT64_MAX, 0});
  const KeepRules rules{.last = 1, .within = Duration{INT64_MAX}, .hourly = 3, .yearly = 3};
  EXPECT_EQ(decide(all, rules, {INT64_MIN, 0}).size(), 3u);
  EXPECT_EQ(decide(all, rules, {INT64_MAX, 0}).size(), 3u);
}

// Times of a year in hours and minutes, some in the same second, a few in the
// future.
constexpr std::int64_t kNow = 1'780'000'000;

rc::Gen<std::vector<std::int64_t>> any_times() {
  return rc::gen::container<std::vector<std::int64_t>>(
      rc::gen::map(rc::gen::inRange<std::int64_t>(-200, 600'000),
                   [](std::int64_t age) { return kNow - age * 60; }));
}

rc::Gen<KeepRules> any_rules() {
  const auto count = rc::gen::inRange<std::uint64_t>(0, 6);
  return rc::gen::map(rc::gen::tuple(rc::gen::inRange<std::uint64_t>(1, 6),
                                     rc::gen::inRange<std::int64_t>(0, 5'000'000), count, count,
                                     count, count, count),
                      [](const auto& from) {
                        const auto& [last, within, hourly, daily, weekly, monthly, yearly] = from;
                        KeepRules rules{.last = last, .within = Duration{within}};
                        rules.hourly = hourly;
                        rules.daily = daily;
                        rules.weekly = weekly;
                        rules.monthly = monthly;
                        rules.yearly = yearly;
                        return rules;
                      });
}

std::set<ObjectId> kept_ids(const std::vector<Decision>& decisions) {
  std::set<ObjectId> ids;
  for (const Decision& decision : decisions) {
    if (decision.keep) ids.insert(decision.id);
  }
  return ids;
}

RC_GTEST_PROP(KeepRulesProperty, DecidesOnceAboutEachNewestFirst, ()) {
  const auto candidates = candidates_at(*any_times());
  const auto decisions = decide(candidates, *any_rules(), {kNow, 0});
  RC_ASSERT(decisions.size() == candidates.size());
  std::set<ObjectId> ids;
  for (const Decision& decision : decisions) ids.insert(decision.id);
  RC_ASSERT(ids.size() == candidates.size());
  RC_ASSERT(std::is_sorted(decisions.begin(), decisions.end(),
                           [](const auto& a, const auto& b) { return a.time > b.time; }));
  for (const Decision& decision : decisions) RC_ASSERT(!decision.reasons.empty());
}

RC_GTEST_PROP(KeepRulesProperty, TheNewestIsAlwaysKept, ()) {
  auto rules = *any_rules();
  rules.last = *rc::gen::inRange<std::uint64_t>(0, 2);
  rules.daily = 1;  // never empty
  const auto decisions = decide(candidates_at(*any_times()), rules, {kNow, 0});
  if (!decisions.empty()) RC_ASSERT(decisions.front().keep);
}

// Some of them incomplete, some of unknown time.
std::vector<Candidate> any_candidates() {
  auto candidates = candidates_at(*any_times());
  for (Candidate& candidate : candidates) {
    candidate.complete = *rc::gen::arbitrary<bool>();
    candidate.time_is_known = *rc::gen::inRange(0, 4) != 0;
  }
  return candidates;
}

// Whatever incomplete ones there are, what is kept of the complete ones is at
// least what would be kept if they alone were there.
RC_GTEST_PROP(KeepRulesProperty, IncompleteOnesNeverCostACompleteOne, ()) {
  const LocalTimeZone zone(kCentralEurope);
  auto rules = *any_rules();
  rules.last = *rc::gen::inRange<std::uint64_t>(0, 3);
  rules.within = Duration{1};  // never empty
  const auto candidates = any_candidates();
  std::vector<Candidate> complete;
  for (const Candidate& candidate : candidates) {
    if (candidate.complete) complete.push_back(candidate);
  }
  const auto without = kept_ids(decide(complete, rules, {kNow, 0}));
  const auto with = kept_ids(decide(candidates, rules, {kNow, 0}));
  RC_ASSERT(std::includes(with.begin(), with.end(), without.begin(), without.end()));
}

RC_GTEST_PROP(KeepRulesProperty, AppliedToTheSurvivorsRemovesNothing, ()) {
  const LocalTimeZone zone(kCentralEurope);
  const auto rules = *any_rules();
  const auto first = decide(any_candidates(), rules, {kNow, 0});
  std::vector<Candidate> survivors;
  for (const Decision& decision : first) {
    if (!decision.keep) continue;
    survivors.push_back({decision.id, decision.time, decision.complete, decision.time_is_known});
  }
  RC_ASSERT(kept_ids(decide(survivors, rules, {kNow, 0})) == kept_ids(first));
}

// One clock was wrong once. Whatever it said, and however often the rules are applied, what they
// keep of the others without it, they keep.
RC_GTEST_PROP(KeepRulesProperty, OneWrongClockNeverCostsAnother, ()) {
  const LocalTimeZone zone(kCentralEurope);
  KeepRules rules = *any_rules();
  rules.last = 0;  // counts what is there
  rules.within = Duration{1};
  ++rules.daily;  // has a newest without the rule that the newest stays
  std::vector<Snapshot> chain;
  for (std::int64_t age = *rc::gen::inRange(3, 12); age > 0; --age) {
    chain.emplace_back();
    chain.back().id = id_of(static_cast<std::uint32_t>(chain.size()));
    chain.back().time = {kNow - age * *rc::gen::element(50'000, 86'400), 0};
  }
  std::ranges::sort(chain, {}, &Snapshot::time);
  const auto kept_at_last = [&](std::vector<Snapshot> left) {
    for (int round = 0; round < 5; ++round) {
      std::vector<const Snapshot*> order;
      for (const Snapshot& snapshot : left) order.push_back(&snapshot);
      const auto times = effective_times_of_chain(order, {kNow, 0});
      std::vector<Candidate> candidates;
      for (std::size_t i = 0; i < left.size(); ++i) {
        candidates.push_back({left[i].id, times[i].time, true, times[i].is_known});
      }
      const auto ids = kept_ids(decide(candidates, rules, {kNow, 0}));
      std::erase_if(left, [&](const Snapshot& snapshot) { return !ids.contains(snapshot.id); });
    }
    std::set<ObjectId> ids;
    for (const Snapshot& snapshot : left) ids.insert(snapshot.id);
    return ids;
  };
  const auto expected = kept_at_last(chain);
  // So that two others speak against it.
  Snapshot wrong;
  wrong.id = id_of(1000);
  const auto place = *rc::gen::inRange<std::size_t>(0, chain.size() + 1);
  const bool is_behind = place >= 2 && *rc::gen::arbitrary<bool>();
  const std::int64_t off = *rc::gen::inRange(3'601, 90'000'000);
  if (is_behind) {
    wrong.time = {chain[place - 2].time.seconds - off, 0};
  } else {
    wrong.time = {(place + 1 < chain.size() ? chain[place + 1].time.seconds : kNow) + off, 0};
  }
  chain.insert(chain.begin() + static_cast<std::ptrdiff_t>(place), wrong);
  const auto found = kept_at_last(chain);
  RC_ASSERT(std::includes(found.begin(), found.end(), expected.begin(), expected.end()));
}

RC_GTEST_PROP(KeepRulesProperty, MoreRulesNeverRemoveMore, ()) {
  const auto candidates = candidates_at(*any_times());
  const auto rules = *any_rules();
  const auto more = *any_rules();
  KeepRules sum = rules;
  sum.last += more.last;
  sum.within->seconds += more.within->seconds;
  sum.hourly += more.hourly;
  sum.daily += more.daily;
  sum.weekly += more.weekly;
  sum.monthly += more.monthly;
  sum.yearly += more.yearly;
  const auto fewer_kept = kept_ids(decide(candidates, rules, {kNow, 0}));
  const auto more_kept = kept_ids(decide(candidates, sum, {kNow, 0}));
  RC_ASSERT(
      std::includes(more_kept.begin(), more_kept.end(), fewer_kept.begin(), fewer_kept.end()));
}

RC_GTEST_PROP(KeepRulesProperty, TheOrderOfTheCandidatesDoesNotMatter, ()) {
  auto candidates = candidates_at(*any_times());
  const auto rules = *any_rules();
  const auto expected = kept_ids(decide(candidates, rules, {kNow, 0}));
  std::reverse(candidates.begin(), candidates.end());
  RC_ASSERT(kept_ids(decide(candidates, rules, {kNow, 0})) == expected);
}

TEST(KeepRulesOfIncomplete, LastCountsThemBesideCompleteOnes) {
  const LocalTimeZone zone("UTC0");
  const auto candidates = incomplete_at(
      at({"2026-12-01 00:00", "2026-12-02 00:00", "2026-12-03 00:00", "2026-12-04 00:00"}), {2, 3});
  EXPECT_EQ(kept(candidates, {.last = 2}),
            (Texts{"2026-12-04 00:00:00: among the last 2", "2026-12-03 00:00:00: among the last 2",
                   "2026-12-02 00:00:00: among the last 2 complete",
                   "2026-12-01 00:00:00: among the last 2 complete"}));
}

TEST(KeepRulesOfIncomplete, APeriodKeepsItsNewestCompleteOne) {
  const LocalTimeZone zone("UTC0");
  const auto candidates = incomplete_at(
      at({"2026-12-01 01:00", "2026-12-02 01:00", "2026-12-02 02:00", "2026-12-03 01:00"}), {2, 3});
  EXPECT_EQ(kept(candidates, {.daily = 2}),
            (Texts{"2026-12-03 01:00:00: newest of day 2026-12-03",
                   "2026-12-02 01:00:00: newest complete of day 2026-12-02",
                   "2026-12-01 01:00:00: newest of day 2026-12-01"}));
}

TEST(KeepRulesOfIncomplete, TheNewestCompleteOneIsAlwaysKept) {
  const LocalTimeZone zone("UTC0");
  const auto candidates =
      incomplete_at(at({"2026-12-01 01:00", "2026-12-02 01:00", "2026-12-31 11:59"}), {2});
  EXPECT_EQ(kept(candidates, {.within = Duration{3600}}),
            (Texts{"2026-12-31 11:59:00: within 1h 0m of now",
                   "2026-12-02 01:00:00: the newest complete one is always kept"}));
}

// Against counting days by hand.
RC_GTEST_PROP(KeepRulesProperty, DailyKeepsExactlyTheNewestOfTheNewestDays, ()) {
  const LocalTimeZone zone("UTC0");
  const auto times = *any_times();
  const auto count = *rc::gen::inRange<std::uint64_t>(1, 6);
  std::map<std::int64_t, std::int64_t, std::greater<>> newest_of_day;
  for (const std::int64_t time : times) {
    if (time > kNow) continue;
    std::int64_t& newest = newest_of_day[time / 86'400];
    newest = std::max(newest, time);
  }
  std::multiset<std::int64_t> expected;
  for (const auto& [day, time] : newest_of_day) {
    if (expected.size() < count) expected.insert(time);
  }
  std::multiset<std::int64_t> found;
  for (const Decision& decision : decide(candidates_at(times), {.daily = count}, {kNow, 0})) {
    if (decision.keep && decision.time.seconds <= kNow) found.insert(decision.time.seconds);
  }
  RC_ASSERT(found == expected);
}

}  // namespace
}  // namespace snapferry::retention
