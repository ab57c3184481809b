#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/context.h"
#include "cli/expected.h"
#include "cli/format.h"
#include "cli/snapshots.h"
#include "cli/store.h"
#include "core/wall_time.h"

namespace snapferry::cli {
namespace {

// What is to be known of a snapshot beside its columns.
std::string remarks(const Snapshot& snapshot, bool damaged, bool retired) {
  std::string text = snapshot.incomplete ? " (incomplete)" : "";
  if (damaged) text += " (damaged)";
  if (retired) text += " (retired)";
  // The store saw it begin when it began: what differs is the clock of its host.
  constexpr std::int64_t kTolerance = 600;
  const std::int64_t ahead = snapshot.time.seconds - snapshot.seen.seconds;
  if (snapshot.seen == Timestamp{} || (ahead <= kTolerance && ahead >= -kTolerance)) return text;
  return text + fmt::format(" (the clock of its host was {} {}; the store saw it {})",
                            format_duration(Duration{ahead < 0 ? -ahead : ahead}),
                            ahead < 0 ? "behind" : "ahead", format_local(snapshot.seen));
}

std::vector<std::string> row(const Snapshot& snapshot, bool counts, bool damaged, bool retired) {
  return {snapshot.id.short_hex(),
          snapshot.time.seconds == 0 ? "-" : format_local(snapshot.time),
          snapshot.set.empty() ? "-" : printable(snapshot.set),
          counts ? human_count(snapshot.stats.files) : "-",
          counts ? human_size(snapshot.stats.bytes) : "-",
          counts ? human_size(snapshot.stats.bytes_stored) : "-",
          printable(snapshot.volume.text()) + remarks(snapshot, damaged, retired)};
}

ExitCode run_list(Context& context) {
  const auto store = open_store(context);
  bool damaged = false;
  const auto snapshots = list_snapshots(context, *store, &damaged);
  const Expected expected = expected_or_warn(context, *store);
  using enum Table::Align;
  Table table({Left, Left, Left, Right, Right, Right, Left});
  if (!context.console.quiet()) {
    table.add({"ID", "TIME", "SET", "FILES", "SIZE", "STORED", "VOLUME"});
  }
  for (const auto& [volume, own] : by_volume(context, snapshots, context.options.argument(0))) {
    if (expected.is_retired(volume)) {
      context.console.emit(JsonObject::line("retired").text("volume", volume.text()));
    }
    for (const auto& snapshot : own) {
      const bool retired = expected.is_retired_in(volume, snapshot.set);
      const std::string against = store->known_against(snapshot);
      table.add(row(snapshot, store->counts_files(), !against.empty(), retired));
      JsonObject line = snapshot_json("snapshot", snapshot);
      if (!against.empty()) line.text("known_against", against);
      context.console.emit(line);
    }
  }
  if (snapshots.empty()) {
    context.console.say("no snapshots yet\n");
  } else {
    context.console.print(table.text());
  }
  return damaged ? ExitCode::Damaged : ExitCode::Success;
}

}  // namespace

const CommandSpec& list_command() {
  static const CommandSpec spec = {
      .name = "list",
      .summary = "list the snapshots of all volumes, or of one",
      .description =
          "Lists snapshots by volume, oldest first in the order in which the store received them. "
          "TIME "
          "is when the backup began by the clock of its host; where the store saw it at another "
          "time, that "
          "is said. STORED is what the store grew by. Of native "
          "snapshots nobody counts files and sizes, and those that others took have no "
          "set: a '-' stands there. Where several copies have one snapshot, as after one was set "
          "aside, each has an id of its own. A snapshot of which something is known to be damaged "
          "or lost is marked as damaged, as "
          "are those of a native copy that somebody changed. A volume that is no longer expected "
          "('snapferry "
          "retire') "
          "is marked as retired.",
      .arguments = {{.name = "VOLUME",
                     .help = "only the snapshots of this volume",
                     .kind = WordKind::Volume,
                     .required = false}},
      .examples = {{"snapferry list --store repo:/srv/backups", "all snapshots"},
                   {"snapferry list web1:/etc --json", "those of one volume, for a program"},
                   {"snapferry list zfs:tank/home --store zfs:backup/snapferry",
                    "the native snapshots of one volume"}},
      .filters_sets = true,
      .run = run_list};
  return spec;
}

}  // namespace snapferry::cli
