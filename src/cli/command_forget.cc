#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/consent.h"
#include "cli/context.h"
#include "cli/expected.h"
#include "cli/format.h"
#include "cli/snapshots.h"
#include "cli/store.h"
#include "core/snapshot_selector.h"
#include "core/wall_time.h"

namespace snapferry::cli {
namespace {

// The next backup of a volume goes on from the newest native snapshot; without it, it has to
// send everything.
void warn_of_chains(Context& context, stores::SnapshotStore& store,
                    const std::vector<Snapshot>& all, const std::vector<Snapshot>& chosen) {
  if (!store.needs_common_snapshot()) return;
  std::map<VolumeName, const Snapshot*> newest;
  for (const auto& snapshot : all) newest[snapshot.volume] = &snapshot;
  for (const auto& snapshot : chosen) {
    if (newest.at(snapshot.volume)->id != snapshot.id) continue;
    context.console.warn(fmt::format(
        "{}: forgetting its newest snapshot {}; the next backup goes on from an older one that "
        "both sides have; where there is none, as where a btrfs source keeps the newest alone, it "
        "sets what is left aside and stores everything once more, and on ZFS it needs "
        "--start-anew",
        printable(snapshot.volume.text()), snapshot.id.short_hex()));
  }
}

// A word that means a volume and not one snapshot of it.
bool names_volume(const std::vector<Snapshot>& snapshots, const std::string& word,
                  const Standpoint& here) {
  try {
    select_volume(snapshots, word, here);
    return true;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::NotFound && error.kind() != ErrorKind::InvalidArgument) throw;
    return false;
  }
}

void add_once(const Snapshot& snapshot, std::vector<Snapshot>& chosen) {
  const auto same = [&](const Snapshot& other) {
    return other.id == snapshot.id && other.volume == snapshot.volume;
  };
  if (std::none_of(chosen.begin(), chosen.end(), same)) chosen.push_back(snapshot);
}

// All are found before the first is removed, so that a mistyped one changes nothing.
std::vector<Snapshot> chosen_snapshots(Context& context, const std::vector<Snapshot>& snapshots) {
  const Standpoint here = standpoint(context);
  const bool whole = context.options.has("--all");
  std::vector<Snapshot> chosen;
  for (const auto& word : context.options.arguments) {
    if (whole) {
      const VolumeName volume = select_volume(snapshots, word, here);
      for (const Snapshot& snapshot : snapshots) {
        if (snapshot.volume == volume) add_once(snapshot, chosen);
      }
      continue;
    }
    if (names_volume(snapshots, word, here)) {
      throw Error(ErrorKind::InvalidArgument,
                  fmt::format("{}: is a volume and not one snapshot; give the ids that 'snapferry "
                              "list' shows, or --all for all snapshots of the volume",
                              printable(word)));
    }
    add_once(select_snapshot(snapshots, word, here), chosen);
  }
  return chosen;
}

std::string question_about(const std::vector<Snapshot>& chosen) {
  std::map<VolumeName, std::uint64_t> counts;
  for (const Snapshot& snapshot : chosen) ++counts[snapshot.volume];
  std::string text;
  for (const auto& [volume, count] : counts) {
    text += fmt::format("{}{} of {}", text.empty() ? "Forget " : " and ",
                        counted(count, "snapshot", "snapshots"), printable(volume.text()));
    if (text.size() > 400) return text + " and of more volumes?";
  }
  return text + "?";
}

ExitCode run_forget(Context& context) {
  const auto store = open_store(context);
  const auto snapshots = list_snapshots(context, *store);
  const auto chosen = chosen_snapshots(context, snapshots);
  const bool dry_run = context.options.has("--dry-run");
  if (!context.options.has("--all")) warn_of_chains(context, *store, snapshots, chosen);
  if (!dry_run) {
    require_consent(context, question_about(chosen),
                    context.options.has("--all") ? Unattended::NeedsYes : Unattended::GoesOn);
    RetirementsKept retirements(context, *store, chosen);
    const auto failures = store->forget(chosen);
    retirements.carry_on();
    report_failures(context, failures);
    if (!failures.empty()) return ExitCode::SomeFilesFailed;
  }
  for (const Snapshot& snapshot : chosen) {
    context.console.say(fmt::format(
        "{} snapshot {} of {} of {}\n", dry_run ? "would forget" : "forgot",
        snapshot.id.short_hex(), printable(snapshot.volume.text()), format_local(snapshot.time)));
    context.console.emit(snapshot_json(dry_run ? "would_forget" : "forgotten", snapshot));
  }
  if (!dry_run && store->frees_by_collecting()) {
    context.console.say("the next 'snapferry prune' frees the space\n");
  }
  return ExitCode::Success;
}

}  // namespace

const CommandSpec& forget_command() {
  static const CommandSpec spec = {
      .name = "forget",
      .summary = "remove snapshots, or a whole volume",
      .description =
          "With --all the arguments are volumes, and all their snapshots go (with --set those of "
          "that "
          "set): so a volume that is not backed up any more leaves the store. On a terminal it "
          "asks "
          "before it removes anything; elsewhere --all needs --yes.\n\n"
          "Removes the snapshots at once; what only they held is freed by the next "
          "'prune', and that of native snapshots at once. If one of them is not found, none is "
          "removed. VOLUME without a host is one of this host, or of --host, and 'latest' of "
          "another "
          "host's volume is refused. A native snapshot that something else holds stays and is "
          "named; the exit code "
          "is 3 then.",
      .arguments = {{.name = "SNAPSHOT",
                     .help = "which snapshots: an id, latest or VOLUME@TIME; with --all: VOLUME",
                     .kind = WordKind::Snapshot,
                     .repeatable = true}},
      .options = {{.name = "--all", .help = "forget all snapshots of the volumes that are named"},
                  kYesOption,
                  {.name = "--dry-run",
                   .letter = 'n',
                   .help = "name what would be forgotten, and change nothing"}},
      .examples = {{"snapferry forget web1:/tmp/once --all", "a volume that was backed up once"},
                   {"snapferry forget 1a2b3c4d 5e6f7081 --store repo:/srv/backups",
                    "removes two snapshots"}},
      .filters_sets = true,
      .own_volumes_only = true,
      .run = run_forget};
  return spec;
}

}  // namespace snapferry::cli
