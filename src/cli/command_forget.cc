#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/context.h"
#include "cli/format.h"
#include "cli/snapshots.h"
#include "cli/store.h"
#include "core/snapshot_selector.h"
#include "core/wall_time.h"

namespace snapferry::cli {
namespace {

// The next backup of a volume goes on from the newest native snapshot; without it, it has to
// send everything.
void warn_of_chains(Context& context, SnapshotStore& store, const std::vector<Snapshot>& all,
                    const std::vector<Snapshot>& chosen) {
  if (!store.is_native()) return;
  std::map<VolumeName, const Snapshot*> newest;
  for (const auto& snapshot : all) newest[snapshot.volume] = &snapshot;
  for (const auto& snapshot : chosen) {
    if (newest.at(snapshot.volume)->id != snapshot.id) continue;
    context.console.warn(fmt::format(
        "{}: forgetting its newest snapshot {}; the next backup goes on from an older one that "
        "both sides have, or needs --start-anew",
        printable(snapshot.volume.text()), snapshot.id.short_hex()));
  }
}

ExitCode run_forget(Context& context) {
  const auto store = open_store(context);
  const auto snapshots = list_snapshots(context, *store);
  // All are found before the first is removed, so that a mistyped one changes nothing.
  std::vector<Snapshot> chosen;
  for (const auto& selector : context.options.arguments) {
    const Snapshot& snapshot = select_snapshot(snapshots, selector, standpoint(context));
    if (std::find(chosen.begin(), chosen.end(), snapshot) == chosen.end()) {
      chosen.push_back(snapshot);
    }
  }
  warn_of_chains(context, *store, snapshots, chosen);
  const auto failures = store->forget(chosen);
  report_failures(context, failures);
  if (!failures.empty()) return ExitCode::SomeFilesFailed;
  for (const Snapshot& snapshot : chosen) {
    context.console.say(fmt::format("forgot snapshot {} of {} of {}\n", snapshot.id.short_hex(),
                                    printable(snapshot.volume.text()),
                                    format_local(snapshot.time)));
    context.console.emit(snapshot_json("forgotten", snapshot));
  }
  if (!store->is_native()) context.console.say("the next 'snapferry prune' frees the space\n");
  return ExitCode::Success;
}

}  // namespace

const CommandSpec& forget_command() {
  static const CommandSpec spec = {
      .name = "forget",
      .summary = "remove snapshots",
      .description =
          "Removes the snapshots at once; what only they held is freed by the next "
          "'prune', and that of native snapshots at once. If one of them is not found, none is "
          "removed. A native snapshot that something else holds stays and is named; the exit code "
          "is 3 then.",
      .arguments = {{.name = "SNAPSHOT",
                     .help = "which snapshots",
                     .kind = WordKind::Snapshot,
                     .repeatable = true}},
      .examples = {{"snapferry forget 1a2b3c4d 5e6f7081 --store repo:/srv/backups",
                    "removes two snapshots"}},
      .run = run_forget};
  return spec;
}

}  // namespace snapferry::cli
