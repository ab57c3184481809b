#include <algorithm>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/context.h"
#include "cli/format.h"
#include "cli/snapshots.h"
#include "cli/store.h"
#include "core/wall_time.h"

namespace snapferry::cli {
namespace {

// How old the newest snapshot of a volume is.
struct Age {
  std::string volume;
  std::optional<std::int64_t> seconds;  // nullopt: there is no snapshot
};

bool is_stale(const Age& age, Duration limit) {
  return !age.seconds || *age.seconds > limit.seconds;
}

std::string in_words(const Age& age) {
  if (!age.seconds) return fmt::format("{} has no snapshot", printable(age.volume));
  return fmt::format("newest snapshot of {} is {} old", printable(age.volume),
                     format_duration(Duration{*age.seconds}));
}

std::vector<Age> ages_of(Context& context, SnapshotStore& store,
                         const std::vector<Snapshot>& snapshots, const std::string& selector) {
  const std::int64_t now = context.io.clock.now().seconds;
  std::vector<Age> ages;
  try {
    for (const auto& [volume, own] : by_volume(context, snapshots, selector)) {
      // What was found unchanged needed no snapshot.
      const std::int64_t newest =
          std::max(store.time_for_rules(own.back()).seconds, store.seen_unchanged(volume));
      // A clock that was turned back makes no snapshot younger than new.
      ages.push_back({volume.text(), std::max<std::int64_t>(0, now - newest)});
    }
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::NotFound) throw;
    ages.push_back({selector, std::nullopt});
  }
  return ages;
}

// The line that monitoring reads: state, words, and after the bar what it may plot
// (Nagios Plugin Development Guidelines, "Plugin Output" and "Performance data").
std::string status_line(const std::vector<Age>& ages, Duration limit) {
  if (ages.empty()) return "WARNING: the store holds no snapshot\n";
  const auto older = [](const Age& a, const Age& b) {
    if (!a.seconds || !b.seconds) return a.seconds.has_value() && !b.seconds;
    return *a.seconds < *b.seconds;
  };
  const Age& oldest = *std::max_element(ages.begin(), ages.end(), older);
  const auto stale = static_cast<std::uint64_t>(std::count_if(
      ages.begin(), ages.end(), [&](const Age& age) { return is_stale(age, limit); }));
  std::string line = stale == 0 ? "OK: " : "WARNING: ";
  if (ages.size() > 1) {
    line += stale == 0 ? fmt::format("all of {} volumes are fresh, the ", ages.size())
                       : fmt::format("{} of {} volumes are stale, the ", stale, ages.size());
  }
  line += in_words(oldest);
  std::replace(line.begin(), line.end(), '|', '/');
  if (oldest.seconds) line += fmt::format("|age={}s;{};;0", *oldest.seconds, limit.seconds);
  return line + "\n";
}

ExitCode run_check(Context& context) {
  if (context.options.text("--max-age").empty()) {
    throw Error(ErrorKind::InvalidArgument,
                "check: no age given; say when a volume is stale with --max-age, such as 1d");
  }
  const Duration limit = parse_duration(context.options.text("--max-age"));
  const auto store = open_store(context);
  const auto snapshots = list_snapshots(context, *store);
  const auto ages = ages_of(context, *store, snapshots, context.options.argument(0));
  bool fresh = !ages.empty();
  context.console.print(status_line(ages, limit));
  for (const auto& age : ages) {
    const bool stale = is_stale(age, limit);
    fresh = fresh && !stale;
    if (ages.size() > 1) {
      context.console.say(fmt::format("{}: {}\n", stale ? "stale" : "fresh", in_words(age)));
    }
    JsonObject object = JsonObject::line("freshness");
    object.text("volume", age.volume).boolean("fresh", !stale);
    if (age.seconds) object.signed_number("age_seconds", *age.seconds);
    context.console.emit(object.signed_number("max_age_seconds", limit.seconds));
  }
  return fresh ? ExitCode::Success : ExitCode::Failure;
}

}  // namespace

const CommandSpec& check_command() {
  static const CommandSpec spec = {
      .name = "check",
      .summary = "tell whether backups are fresh, in the form of a Nagios plugin",
      .description =
          "Compares the age of the newest snapshot of each volume, or of VOLUME, of any set, with "
          "the age allowed. The exit code is 0 if all are fresh and 1 if one is stale, which "
          "Nagios and its kin take for WARNING; a volume without a snapshot, and one that the "
          "store does not know, is stale. A volume that a run found unchanged since its newest "
          "native snapshot is as fresh as that run. Any other code means that it could not be "
          "found out.\n\n"
          "The first line is the state, followed by performance data: the age of the oldest in "
          "seconds.",
      .arguments = {{.name = "VOLUME",
                     .help = "only this volume",
                     .kind = WordKind::Volume,
                     .required = false}},
      .options = {{.name = "--max-age",
                   .value = "DURATION",
                   .help = "the age up to which a backup is fresh"}},
      .examples = {{"snapferry check --max-age 1d --store repo:/srv/backups",
                    "every volume must have a snapshot of the last day"},
                   {"snapferry check --max-age 15m web1:/etc", "one volume, more strictly"}},
      .run = run_check};
  return spec;
}

}  // namespace snapferry::cli
