#include <algorithm>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/context.h"
#include "cli/format.h"
#include "cli/store.h"
#include "core/snapshot_selector.h"
#include "core/wall_time.h"

namespace snapferry::cli {
namespace {

ExitCode run_forget(Context& context) {
  OpenStore store = open_store(context);
  const auto snapshots = list_snapshots(context, store);
  // All are found before the first is removed, so that a mistyped one changes nothing.
  std::vector<const Snapshot*> chosen;
  for (const auto& selector : context.options.arguments) {
    const Snapshot& snapshot = select_snapshot(snapshots, selector, context.io.host);
    if (std::find(chosen.begin(), chosen.end(), &snapshot) == chosen.end()) {
      chosen.push_back(&snapshot);
    }
  }
  std::vector<ObjectId> ids;
  ids.reserve(chosen.size());
  for (const Snapshot* snapshot : chosen) ids.push_back(snapshot->id);
  store.repository->forget(ids);
  for (const Snapshot* snapshot : chosen) {
    context.console.say(fmt::format("forgot snapshot {} of {} of {}\n", snapshot->id.short_hex(),
                                    printable(snapshot->volume.text()),
                                    format_local(snapshot->time)));
    context.console.emit(snapshot_json("forgotten", *snapshot));
  }
  context.console.say("the next 'snapferry prune' frees the space\n");
  return ExitCode::Success;
}

}  // namespace

const CommandSpec& forget_command() {
  static const CommandSpec spec = {
      .name = "forget",
      .summary = "remove snapshots",
      .description =
          "Removes the snapshots at once; what only they held is freed by the next "
          "'prune'. If one of them is not found, none is removed.",
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
