#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/context.h"
#include "cli/format.h"
#include "cli/store.h"
#include "mount/mount.h"
#include "platform/absolute_path.h"

namespace snapferry::cli {
namespace {

std::vector<Snapshot> with_files(stores::SnapshotStore& store, std::vector<Snapshot> snapshots) {
  std::erase_if(snapshots, [&](const Snapshot& snapshot) { return !store.has_files(snapshot); });
  return snapshots;
}

ExitCode run_mount(Context& context) {
  const auto store = open_store(context);
  const auto listed = [&] {
    // One damaged manifest must not hide what came since.
    std::vector<stores::DamagedObject> damaged;
    return with_files(*store, of_chosen_set(context, store->snapshots(&damaged)));
  };
  const std::string directory = platform::absolute_path(context.options.argument(0));
  ProblemPrinter problems(context.console, directory);
  mount::MountOptions options;
  options.allow_other = context.options.has("--allow-other");
  options.problems = &problems;
  options.refresh = listed;
  options.on_ready = [&] {
    context.console.say(fmt::format("{} is at {}; end with Ctrl-C or 'umount {}'\n",
                                    printable(store->name()), printable(directory),
                                    printable(directory)));
    context.console.emit(
        JsonObject::line("mounted").text("store", store->name()).text("directory", directory));
    context.console.flush();
  };
  mount::mount(with_files(*store, list_snapshots(context, *store)), store->objects(), directory,
               options);
  return ExitCode::Success;
}

}  // namespace

const CommandSpec& mount_command() {
  static const CommandSpec spec = {
      .name = "mount",
      .summary = "show all snapshots as directories, read-only",
      .description =
          "Shows the snapshots below DIR, an empty directory: HOST/PATH/TIME, such as "
          "web1/home/anna/2026-03-01T13-00-00+0100, with 'latest' beside the times, which are "
          "local. "
          "New snapshots appear by themselves. It runs until DIR is "
          "unmounted or it is interrupted. The directories that stand for native snapshots belong "
          "to root alone; what is in them is shown as it is.",
      .arguments = {{.name = "DIR", .help = "an empty directory", .kind = WordKind::Directory}},
      .options = {{.name = "--allow-other",
                   .help = "let other users look in, as far as the modes of files allow"}},
      .examples = {{"snapferry mount /mnt/backups --store repo:/srv/backups",
                    "look around with any program"}},
      .filters_sets = true,
      .run = run_mount};
  return spec;
}

}  // namespace snapferry::cli
