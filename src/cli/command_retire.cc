#include <map>
#include <set>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/context.h"
#include "cli/expected.h"
#include "cli/format.h"
#include "cli/snapshots.h"
#include "cli/store.h"

namespace snapferry::cli {
namespace {

// All are found before the first is retired, so that a mistyped one changes nothing.
std::set<VolumeName> chosen_volumes(Context& context, const std::vector<Snapshot>& known,
                                    const Expected& expected) {
  std::set<VolumeName> chosen;
  for (const auto& word : context.options.arguments) {
    const VolumeName volume = select_volume(known, word, standpoint(context));
    if (context.options.has("--undo") && !expected.retired.contains(volume)) {
      throw Error(ErrorKind::NotFound,
                  fmt::format("{}: is not retired; 'snapferry check' counts it already",
                              printable(volume.text())));
    }
    chosen.insert(volume);
  }
  return chosen;
}

std::map<std::string, ExpectationChange> changes_for(SnapshotStore& store,
                                                     const std::set<VolumeName>& chosen,
                                                     bool undo) {
  std::map<std::string, ExpectationChange> changes;
  for (const VolumeName& volume : chosen) {
    if (undo) {
      changes[volume.host].expect_again.push_back(volume.path);
    } else {
      changes[volume.host].retire[volume.path] = store.arrival(volume).value_or(Arrival{});
    }
  }
  return changes;
}

std::string_view done_word(bool undo, bool dry_run) {
  if (undo) return dry_run ? "would be expected again" : "is expected again";
  return dry_run ? "would be retired" : "is retired";
}

ExitCode run_retire(Context& context) {
  const auto store = open_store(context);
  const auto snapshots = list_snapshots(context, *store);
  const Expected expected = expected_of(context, *store, snapshots);
  const auto chosen = chosen_volumes(context, with_expected(snapshots, expected), expected);
  const bool undo = context.options.has("--undo");
  const bool dry_run = context.options.has("--dry-run");
  if (!dry_run) {
    for (const auto& [host, change] : changes_for(*store, chosen, undo)) {
      store->change_expectations(host, change);
    }
  }
  const auto done = done_word(undo, dry_run);
  for (const VolumeName& volume : chosen) {
    context.console.say(fmt::format("{} {}\n", printable(volume.text()), done));
    context.console.emit(JsonObject::line(undo ? "expected_again" : "retired")
                             .text("volume", volume.text())
                             .boolean("dry_run", dry_run));
  }
  return ExitCode::Success;
}

}  // namespace

const CommandSpec& retire_command() {
  static const CommandSpec spec = {
      .name = "retire",
      .summary = "expect no more backups of a volume, and keep those that there are",
      .description =
          "For a volume that is gone, one that was backed up once, a copy that was set aside, or "
          "something that was asked for and will never arrive: 'check' leaves it out from then "
          "on, and says how many are. Its snapshots stay, are listed and restored as before, and "
          "prune treats them by its rules like any others; 'forget --all' removes them.\n\n"
          "The next backup of the volume ends that by itself; --undo does, too. A name that the "
          "store does not know, of this host where it says no other, is an error, and then nothing "
          "is changed. Volumes of native stores "
          "are retired on the machine of the store: no key of an agent can.",
      .arguments = {{.name = "VOLUME",
                     .help = "a volume, or a name that 'check' says was asked for",
                     .kind = WordKind::Volume,
                     .repeatable = true}},
      .options = {{.name = "--undo", .help = "expect backups of the volumes again"},
                  {.name = "--dry-run",
                   .letter = 'n',
                   .help = "name the volumes, and change nothing"}},
      .examples = {{"snapferry retire web1:/srv/old --store repo:/srv/backups",
                    "a directory that is gone for good"},
                   {"snapferry retire web1:zfs:tank/db --undo --store zfs:backup/snapferry",
                    "it is to be backed up again"}},
      .own_volumes_only = true,
      .run = run_retire};
  return spec;
}

}  // namespace snapferry::cli
