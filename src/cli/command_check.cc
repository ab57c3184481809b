#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/context.h"
#include "cli/expected.h"
#include "cli/format.h"
#include "cli/machine_warning.h"
#include "cli/report_error.h"
#include "cli/snapshots.h"
#include "cli/store.h"
#include "core/aside.h"
#include "core/wall_time.h"
#include "retention/freshness.h"

namespace snapferry::cli {
namespace {

using retention::Freshness;
using retention::FreshnessLimits;
using retention::FreshnessState;

struct Age {
  std::string volume;
  Freshness freshness;
  // The newest snapshot, if it does not count because it is incomplete.
  std::optional<Snapshot> incomplete = std::nullopt;
  // Several machines of one name back it up.
  bool shared = false;
  // Why the newest does not count (SnapshotStore::known_against); empty: it does.
  std::string known_against = {};
  // Of a repository, which that is; of a native copy none counts.
  std::optional<ObjectId> damaged = std::nullopt;
  // Snapshots of which nobody can tell what they are.
  bool unreadable = false;
  // The sets in which it was asked for and no snapshot of it has ever arrived.
  MissingVolume missing = {};
  bool under_way = false;    // the first backup, as far as is known
  bool record_full = false;  // `volume` is a host of which more was asked for than is known
  // Said without a host: other hosts have one of that name, which proves nothing of this one.
  std::vector<VolumeName> elsewhere = {};
  std::string message = {};  // says so
};

struct Findings {
  std::vector<Age> ages;
  std::vector<VolumeName> set_aside;
  std::vector<VolumeName> retired;
  std::optional<VolumeName> named_retired = std::nullopt;  // counted, because it was named
  bool holds_nothing = false;                              // not a single snapshot
};

// What follows a bar would be performance data, in whatever line it is.
std::string for_monitoring(std::string text) {
  std::replace(text.begin(), text.end(), '|', '/');
  return text;
}

std::string printable_for_monitoring(const std::string& name) {
  return for_monitoring(printable(name));
}

std::string_view kind_missing(const Age& age) {
  if (!age.known_against.empty()) return "sound ";
  return age.incomplete ? "complete " : "";
}

std::string in_words_missing(const std::string& volume, const Age& age) {
  std::string text = volume + " was asked for";
  if (age.missing.elsewhere) {
    text += age.missing.sets.size() == 1 ? " in set " : " in the sets ";
    std::string_view separator;
    for (const auto& set : age.missing.sets) {
      text.append(separator).append(printable(set));
      separator = ", ";
    }
    text += " and has no snapshot there";
  } else {
    text += " and has no snapshot";
  }
  if (age.under_way) return text + " yet; its first backup may be under way";
  return text + "; if it never will, retire it";
}

std::string in_words(const Age& age) {
  const Freshness& found = age.freshness;
  const std::string volume = printable(age.volume);
  if (age.unreadable) {
    return volume +
           " cannot be read, and nobody knows of which volume they are; see: snapferry "
           "repair";
  }
  if (!age.missing.sets.empty()) return in_words_missing(volume, age);
  if (age.record_full) {
    return volume +
           ": more was asked for than there is room to remember; retire what will never "
           "arrive, and run the backup again";
  }
  if (!age.elsewhere.empty()) return printable(age.message);
  std::string text =
      found.age_seconds
          ? fmt::format("newest {}snapshot of {} is {} old", age.damaged ? "sound " : "", volume,
                        format_duration(Duration{*found.age_seconds}))
          : fmt::format("{} has no {}snapshot", volume, kind_missing(age));
  if (!age.known_against.empty() && !age.damaged) {
    return text +
           fmt::format(": {}; the next backup sets that copy aside", printable(age.known_against));
  }
  if (age.damaged) {
    text += fmt::format("{} {}{} {}; a backup stores again what its source still has",
                        found.age_seconds ? ";" : ":", age.damaged->short_hex(),
                        found.age_seconds ? " is newer, but" : ":", printable(age.known_against));
  }
  if (found.future) {
    text += fmt::format(
        "{}, not counting what the store dates {}, in the "
        "future: check the clocks",
        found.age_seconds ? "" : " of the past", format_local(*found.future));
  }
  if (age.incomplete) {
    text += fmt::format("; {} is newer, but incomplete: {} could not be read or kept changing",
                        age.incomplete->id.short_hex(),
                        counted(age.incomplete->stats.files_failed, "file", "files"));
  }
  return text;
}

// What was found unchanged needed no snapshot.
std::int64_t seen_unchanged(const Arrivals& arrivals, const VolumeName& volume) {
  std::int64_t newest = 0;
  const auto found = arrivals.find(volume);
  if (found == arrivals.end()) return newest;
  for (const auto& [set, arrival] : found->second) newest = std::max(newest, arrival.unchanged);
  return newest;
}

using Dated = std::pair<Timestamp, const Snapshot*>;

// Takes out the newest, as far as something is known against them, and says so in `age`. Of what
// is older than one that is sound nothing needs to be known.
void leave_out_damaged(stores::SnapshotStore& store, Timestamp now, std::vector<Dated>& snapshots,
                       Age& age) {
  std::ranges::stable_sort(snapshots, std::ranges::less(), &Dated::first);
  std::vector<Dated> future;
  while (!snapshots.empty()) {
    if (snapshots.back().first > now) {
      future.push_back(snapshots.back());  // proves nothing, whatever it holds
    } else {
      const Snapshot& newest = *snapshots.back().second;
      std::string against = store.known_against(newest);
      if (against.empty()) break;
      if (age.known_against.empty()) {
        age.known_against = std::move(against);
        if (store.proves_content()) age.damaged = newest.id;
      }
    }
    snapshots.pop_back();
  }
  snapshots.insert(snapshots.end(), future.begin(), future.end());
}

// Of the sets in which it counts. What lacks files proves nothing about these, unless one is
// content with it.
Age age_of(Context& context, stores::SnapshotStore& store, const Arrivals& counted,
           const VolumeName& volume, const std::vector<Snapshot>& snapshots,
           const FreshnessLimits& limits) {
  const Timestamp now = context.io.clock.now();
  std::vector<Dated> counting;
  std::optional<Dated> incomplete;
  for (const Snapshot& snapshot : snapshots) {
    const Timestamp time = store.time_for_rules(snapshot).time;
    if (!snapshot.incomplete || context.options.has("--allow-incomplete")) {
      counting.emplace_back(time, &snapshot);
    } else if (!incomplete || incomplete->first <= time) {
      incomplete = {time, &snapshot};
    }
  }
  Age age{volume.text(), {}};
  leave_out_damaged(store, now, counting, age);
  std::vector<Timestamp> times;
  for (const auto& [time, snapshot] : counting) times.push_back(time);
  // What was found unchanged needed no snapshot.
  const auto seen = seen_unchanged(counted, volume);
  if (seen > 0 && age.known_against.empty()) times.push_back({seen, 0});
  age.freshness = retention::judge_freshness(times, limits, now);
  // However young an earlier one is: somebody has to look at the store.
  if (!age.known_against.empty()) {
    age.freshness.state = std::max(age.freshness.state, FreshnessState::Stale);
  }
  age.shared = warn_of_shared_chains(context, snapshots);
  const auto is_older = [&](Timestamp time) { return time <= incomplete->first; };
  if (incomplete && std::ranges::all_of(times, is_older)) age.incomplete = *incomplete->second;
  return age;
}

// A native copy that was set aside never gets a snapshot again: it is named, and counts for
// nothing beside the one that took its place. Without that one, or by its name, it counts.
bool is_set_aside(const stores::SnapshotStore& store,
                  const std::map<VolumeName, std::vector<Snapshot>>& of, const VolumeName& volume) {
  const auto before = path_before_aside(volume.path);
  return store.sets_copies_aside() && before && of.contains({volume.host, *before});
}

void report_set_aside(Context& context, const VolumeName& volume) {
  context.console.say(
      fmt::format("set aside, and not counted: {}\n", printable_for_monitoring(volume.text())));
  context.console.emit(JsonObject::line("set_aside").text("volume", volume.text()));
}

void report_retired(Context& context, const Findings& findings) {
  if (findings.named_retired) {
    const std::string volume = findings.named_retired->text();
    context.console.say(fmt::format("{} is retired\n", printable_for_monitoring(volume)));
    context.console.emit(JsonObject::line("retired").text("volume", volume));
  }
  const auto& retired = findings.retired;
  if (retired.empty()) return;
  context.console.say(
      fmt::format("retired, and not counted: {}\n", counted(retired.size(), "volume", "volumes")));
  for (const VolumeName& volume : retired) {
    if (context.console.verbose()) {
      context.console.say(fmt::format("  {}\n", printable_for_monitoring(volume.text())));
    }
    context.console.emit(JsonObject::line("retired").text("volume", volume.text()));
  }
}

Age age_of_nothing(Context& context, std::string volume, const FreshnessLimits& limits) {
  return {std::move(volume), retention::judge_freshness({}, limits, context.io.clock.now())};
}

// One without a snapshot. While its first backup may be under way, that is no more than a warning.
void add_missing(Context& context, stores::SnapshotStore& store, const VolumeName& volume,
                 const MissingVolume& missing, const FreshnessLimits& limits, Findings& findings) {
  Age age = age_of_nothing(context, volume.text(), limits);
  age.missing = missing;
  age.under_way = store.may_be_arriving(volume);
  if (age.under_way) age.freshness.state = std::min(age.freshness.state, FreshnessState::Stale);
  findings.ages.push_back(std::move(age));
}

void add_full(Context& context, const Expected& expected, const FreshnessLimits& limits,
              Findings& findings) {
  for (const auto& host : expected.full) {
    Age age = age_of_nothing(context, host, limits);
    age.record_full = true;
    findings.ages.push_back(std::move(age));
  }
}

Findings look_at_all(Context& context, stores::SnapshotStore& store,
                     const std::vector<Snapshot>& snapshots, const FreshnessLimits& limits) {
  Findings findings;
  findings.holds_nothing = snapshots.empty();
  const Expected expected = expected_of(context, store);
  const auto volumes = by_volume(context, snapshots, "");
  for (const auto& [volume, all] : volumes) {
    std::vector<Snapshot> own = all;
    std::erase_if(own, [&, &of = volume](const Snapshot& snapshot) {
      return expected.is_retired_in(of, snapshot.set);
    });
    if (own.empty()) continue;
    if (is_set_aside(store, volumes, volume)) {
      findings.set_aside.push_back(volume);
    } else {
      findings.ages.push_back(age_of(context, store, expected.counted, volume, own, limits));
    }
  }
  for (const auto& [volume, missing] : expected.missing) {
    add_missing(context, store, volume, missing, limits, findings);
  }
  add_full(context, expected, limits, findings);
  for (const auto& [volume, sets] : expected.retired) {
    if (expected.is_retired(volume)) findings.retired.push_back(volume);
  }
  return findings;
}

// They may be the newest of any volume, or the only ones of one.
void add_unreadable(Context& context, const FreshnessLimits& limits, Findings& findings) {
  Age age = age_of_nothing(context, "some snapshots", limits);
  age.unreadable = true;
  findings.ages.push_back(std::move(age));
}

// Who names a volume wants to know about that one, retired or not.
Findings look_at_one(Context& context, stores::SnapshotStore& store,
                     const std::vector<Snapshot>& snapshots, const std::string& selector,
                     const FreshnessLimits& limits) {
  Findings findings;
  const Expected expected = expected_of(context, store);
  try {
    const VolumeName volume =
        select_volume(with_expected(snapshots, expected), selector, standpoint(context));
    std::vector<Snapshot> own = snapshots;
    std::erase_if(own, [&](const Snapshot& snapshot) { return snapshot.volume != volume; });
    const auto missing = expected.missing.find(volume);
    if (missing != expected.missing.end()) {
      add_missing(context, store, volume, missing->second, limits, findings);
    }
    if (!own.empty() || missing == expected.missing.end()) {
      findings.ages.push_back(age_of(context, store, store.arrivals(), volume, own, limits));
    }
    if (expected.is_retired(volume)) findings.named_retired = volume;
  } catch (const OnOtherHosts& error) {
    Age age = age_of_nothing(context, selector, limits);
    age.elsewhere = error.volumes();
    age.message = error.message();
    findings.ages.push_back(std::move(age));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::NotFound) throw;
    findings.ages.push_back(age_of_nothing(context, selector, limits));
  }
  return findings;
}

// From the best to the worst: by state, then by age.
bool is_better(const Age& a, const Age& b) {
  const auto rank = [](const Age& age) {
    return std::make_pair(age.freshness.state, age.freshness.age_seconds.value_or(INT64_MAX));
  };
  return rank(a) < rank(b);
}

// The word that Nagios and its kin know, at the front of the line.
std::string_view word_of(FreshnessState state) {
  switch (state) {
    case FreshnessState::Fresh:
      return "OK";
    case FreshnessState::Stale:
      return "WARNING";
    case FreshnessState::Critical:
      return "CRITICAL";
  }
  return "UNKNOWN";
}

ExitCode exit_code_of(FreshnessState state) {
  switch (state) {
    case FreshnessState::Fresh:
      return ExitCode::Success;
    case FreshnessState::Stale:
      return ExitCode::Stale;
    case FreshnessState::Critical:
      break;
  }
  return ExitCode::Critical;
}

// Of a store without any volume.
FreshnessState state_of_nothing(const FreshnessLimits& limits) {
  return limits.critical ? FreshnessState::Critical : FreshnessState::Stale;
}

// The line that monitoring reads: state, words, and after the bar what it may
// plot (Nagios Plugin Development Guidelines, "Plugin Output" and "Performance
// data").
std::string status_line(const Findings& findings, const FreshnessLimits& limits) {
  const std::vector<Age>& ages = findings.ages;
  if (ages.empty() && !findings.retired.empty() && !findings.holds_nothing) {
    return fmt::format("{}: no volume is expected, all are retired\n",
                       word_of(FreshnessState::Fresh));
  }
  if (ages.empty()) {
    return fmt::format("{}: the store holds no snapshot\n", word_of(state_of_nothing(limits)));
  }
  const Age& worst = *std::max_element(ages.begin(), ages.end(), is_better);
  const auto not_fresh =
      static_cast<std::uint64_t>(std::count_if(ages.begin(), ages.end(), [](const Age& age) {
        return age.freshness.state != FreshnessState::Fresh;
      }));
  std::string line = fmt::format("{}: ", word_of(worst.freshness.state));
  if (ages.size() > 1) {
    line += not_fresh == 0 ? fmt::format("all of {} volumes are fresh, ", ages.size())
                           : fmt::format("{} of {} volumes are stale, ", not_fresh, ages.size());
  }
  if (ages.size() > 1 && worst.freshness.age_seconds) line += "the ";
  line += in_words(worst);
  line = for_monitoring(std::move(line));
  if (worst.freshness.age_seconds) {
    line += fmt::format("|age={}s;{};{};0", *worst.freshness.age_seconds, limits.stale.seconds,
                        limits.critical ? std::to_string(limits.critical->seconds) : std::string());
  }
  return line + "\n";
}

JsonObject json_of(const Age& age, const FreshnessLimits& limits) {
  const Freshness& found = age.freshness;
  JsonObject object = JsonObject::line("freshness");
  object.text("volume", age.volume)
      .boolean("fresh", found.state == FreshnessState::Fresh)
      .text("state", name_of(found.state));
  if (found.age_seconds) object.signed_number("age_seconds", *found.age_seconds);
  if (found.future) object.time("future", *found.future);
  if (age.incomplete) object.text("incomplete", age.incomplete->id.hex());
  if (!age.known_against.empty()) object.text("known_against", age.known_against);
  if (age.damaged) object.text("damaged", age.damaged->hex());
  if (age.unreadable) object.boolean("unreadable", true);
  if (!age.missing.sets.empty()) {
    object.list("asked_for", {age.missing.sets.begin(), age.missing.sets.end()});
    if (age.under_way) object.boolean("under_way", true);
  }
  if (age.record_full) object.boolean("record_full", true);
  if (!age.elsewhere.empty()) {
    std::vector<std::string> names;
    for (const auto& volume : age.elsewhere) names.push_back(volume.text());
    object.list("elsewhere", names);
  }
  if (age.shared) object.boolean("shared_host_name", true);
  object.signed_number("max_age_seconds", limits.stale.seconds);
  if (limits.critical) object.signed_number("critical_seconds", limits.critical->seconds);
  return object;
}

FreshnessState worst_state(const Findings& findings, const FreshnessLimits& limits) {
  if (findings.ages.empty() && (findings.retired.empty() || findings.holds_nothing)) {
    return state_of_nothing(limits);
  }
  FreshnessState state = FreshnessState::Fresh;
  for (const Age& age : findings.ages) state = std::max(state, age.freshness.state);
  return state;
}

FreshnessLimits limits_of(const Context& context) {
  if (context.options.text("--max-age").empty()) {
    throw Error(ErrorKind::InvalidArgument,
                "check: no age given; say when a volume is stale with "
                "--max-age, such as 1d");
  }
  FreshnessLimits limits{parse_duration(context.options.text("--max-age")), std::nullopt};
  if (const auto critical = context.options.given("--critical")) {
    limits.critical = parse_duration(*critical);
    if (*limits.critical < limits.stale) {
      throw Error(ErrorKind::InvalidArgument,
                  "check: --critical is below --max-age; give an age that is "
                  "at least as long");
    }
  }
  return limits;
}

ExitCode check_volumes(Context& context, const FreshnessLimits& limits) {
  const auto store = open_store(context);
  bool unreadable = false;
  const auto snapshots = list_or_expect(context, *store, &unreadable);
  const std::string selector = context.options.argument(0);
  Findings findings = selector.empty() ? look_at_all(context, *store, snapshots, limits)
                                       : look_at_one(context, *store, snapshots, selector, limits);
  if (unreadable && selector.empty()) add_unreadable(context, limits, findings);
  context.console.print(status_line(findings, limits));
  for (const auto& volume : findings.set_aside) report_set_aside(context, volume);
  report_retired(context, findings);
  for (const auto& age : findings.ages) {
    if (findings.ages.size() > 1) {
      context.console.say(
          for_monitoring(fmt::format("{}: {}\n", name_of(age.freshness.state), in_words(age))));
    }
    context.console.emit(json_of(age, limits));
  }
  return exit_code_of(worst_state(findings, limits));
}

ExitCode run_check(Context& context) {
  try {
    return check_volumes(context, limits_of(context));
  } catch (const Error& error) {
    return report_unknown(context.console, error);
  }
}

}  // namespace

const CommandSpec& check_command() {
  static const CommandSpec spec = {
      .name = "check",
      .summary = "tell whether backups are fresh, in the form of a Nagios plugin",
      .description =
          "Compares the age of the newest snapshot of each volume, "
          "or of VOLUME, of any set, with "
          "the age allowed. The exit code is 0 if all are fresh, 1 "
          "if one is stale and 2 if one is "
          "older than --critical, which Nagios and its kin take for "
          "OK, WARNING and CRITICAL; a "
          "volume without a snapshot, and one that the store does "
          "not know, is stale, and with "
          "--critical critical. Ages go by when the store saw a "
          "backup begin, not by what its host "
          "said, and what lies in the future proves nothing. A "
          "snapshot that lacks files, because they could "
          "not be read, does not count, and is named if it is the "
          "newest. A volume that a run found unchanged "
          "since its newest "
          "native snapshot is as fresh as that run. A volume that several machines of one host "
          "name back up in turns is named in a warning. A snapshot of which "
          "something is known to be damaged or lost, because verify, repair or a reader found it, "
          "proves nothing; while the newest is such a one, its volume is stale, whatever the age "
          "of "
          "earlier ones, until a backup has stored a new one, or that content again. So is the "
          "repository where a snapshot cannot be read at all. A native copy that somebody changed, "
          "or in "
          "which verify found damage, proves nothing until a backup has begun a new one. One that "
          "was set aside is named "
          "and does not count, unless VOLUME is its name. A VOLUME without a host is one of this "
          "host, or of --host; that another host has one of that name is said and proves "
          "nothing.\n\n"
          "What a backup was asked for and no snapshot of which ever arrived is named, and stale "
          "or "
          "critical like a volume without one: a volume, or a pattern that covered nothing. Jobs "
          "of "
          "one set add to each other, whatever each asks for, so it stays expected until it "
          "arrives, or the source excludes it. 'snapferry retire' says that something is no longer "
          "expected: a volume that is gone, a copy set aside, what will never arrive. How many are "
          "retired is said, and with --verbose which. What has arrived in one set only is missing "
          "in any other that asked for it, and the set is named. While a first backup may be under "
          "way, it is no more than stale. Where more was asked for than there is room to remember, "
          "that is named, too. Any other code "
          "means that it could not be "
          "found out, for whatever reason, a wrong command line among them, mostly 3: then the "
          "line says UNKNOWN and why.\n\n"
          "The first line is the state, followed by performance "
          "data: the age of the oldest in "
          "seconds.",
      .arguments = {{.name = "VOLUME",
                     .help = "only this volume",
                     .kind = WordKind::Volume,
                     .required = false}},
      .options = {{.name = "--max-age",
                   .value = "DURATION",
                   .help = "the age up to which a backup is fresh"},
                  {.name = "--critical",
                   .value = "DURATION",
                   .help = "the age above which the exit code is 2"},
                  {.name = "--allow-incomplete",
                   .help = "count snapshots that lack files which could not be read"}},
      .examples = {{"snapferry check --max-age 1d --store repo:/srv/backups",
                    "every volume must have a snapshot of the last day"},
                   {"snapferry check --max-age 15m web1:/etc", "one volume, more strictly"}},
      .filters_sets = true,
      .own_volumes_only = true,
      .run = run_check};
  return spec;
}

}  // namespace snapferry::cli
