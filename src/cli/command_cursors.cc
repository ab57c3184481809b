#include <algorithm>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/context.h"
#include "cli/format.h"
#include "cli/snapshots.h"
#include "cli/store.h"
#include "cli/volume_group.h"
#include "core/wall_time.h"
#include "replication/cursors.h"

namespace snapferry::cli {
namespace {

using replication::Cursor;

// The cursors on the volumes of one machine, and what they are on.
struct Found {
  VolumeGroup group;
  std::unique_ptr<Source> source;
  std::vector<VolumeState> volumes;
  std::vector<Cursor> cursors;

  std::string name_of(const Cursor& cursor) const { return group.address_of(cursor.volume).text(); }
};

std::vector<VolumeAddress> volumes_of(const Invocation& options) {
  std::vector<VolumeAddress> volumes;
  for (const auto& word : options.arguments) {
    auto parts = AddressParts::parse(word);
    if (find_native_kind(parts.kind) != VolumeKind::Zfs) {
      throw Error(
          ErrorKind::Unsupported,
          fmt::format("{}: only ZFS keeps cursors for stores; give zfs:DATASET", printable(word)));
    }
    volumes.push_back(VolumeAddress::of(std::move(parts)));
  }
  return volumes;
}

std::vector<Found> look(Context& context) {
  // An agent lets go of cursors of its own set alone.
  const auto endpoints = endpoints_of(context, context.options.given("--set").value_or("default"));
  std::vector<Found> all;
  for (auto& group : grouped(volumes_of(context.options))) {
    Found found;
    found.source = endpoints->source(group.machine);
    found.volumes = found.source->inventory(group.patterns);
    found.cursors = replication::cursors_of(found.volumes);
    found.group = std::move(group);
    if (const auto set = context.options.given("--set")) {
      std::erase_if(found.cursors, [&](const Cursor& cursor) { return cursor.set != *set; });
    }
    all.push_back(std::move(found));
  }
  return all;
}

JsonObject cursor_json(std::string_view type, const Found& found, const Cursor& cursor) {
  return JsonObject::line(type)
      .text("volume", found.name_of(cursor))
      .text("set", cursor.set)
      .text("store", cursor.store)
      .time("time", {cursor.time, 0})
      .signed_number("behind_seconds", cursor.behind);
}

void show(Context& context, const std::vector<Found>& all) {
  Table table({Table::Align::Left, Table::Align::Left, Table::Align::Left, Table::Align::Left,
               Table::Align::Left});
  if (!context.console.quiet()) table.add({"STORE", "SET", "BACKED UP", "BEHIND", "VOLUME"});
  bool any = false;
  for (const auto& found : all) {
    for (const auto& cursor : found.cursors) {
      any = true;
      table.add({cursor.store, cursor.set, format_local({cursor.time, 0}),
                 cursor.behind == 0 ? "-" : format_duration(Duration{cursor.behind}),
                 printable(found.name_of(cursor))});
      context.console.emit(cursor_json("cursor", found, cursor));
    }
  }
  if (any) {
    context.console.print(table.text());
  } else {
    context.console.say("no cursors: these volumes keep nothing for any store\n");
  }
}

// Those of one machine in one go. Returns what failed.
std::vector<VolumeFailure> release(const Found& found, const std::vector<Cursor>& cursors) {
  std::vector<Settlement> settlements;
  for (const auto& cursor : cursors) {
    const auto volume =
        std::find_if(found.volumes.begin(), found.volumes.end(),
                     [&](const VolumeState& one) { return one.name == cursor.volume; });
    settlements.push_back(replication::release_of(*volume, cursor));
  }
  return found.source->settle(settlements);
}

ExitCode release_store(Context& context, std::vector<Found> all, const std::string& store) {
  std::size_t released = 0, failed = 0;
  for (auto& found : all) {
    std::erase_if(found.cursors, [&](const Cursor& cursor) { return cursor.store != store; });
    if (found.cursors.empty()) continue;
    const auto failures = release(found, found.cursors);
    report_failures(context, failures);
    for (const auto& cursor : found.cursors) {
      const auto concerns = [&](const VolumeFailure& one) { return one.volume == cursor.volume; };
      if (std::any_of(failures.begin(), failures.end(), concerns)) {
        ++failed;
        continue;
      }
      ++released;
      context.console.say(fmt::format("released the cursor of store {}, set {}, on {}\n",
                                      cursor.store, cursor.set, printable(found.name_of(cursor))));
      context.console.emit(cursor_json("cursor_released", found, cursor));
    }
  }
  if (released + failed == 0) {
    throw Error(ErrorKind::NotFound,
                fmt::format("--release: no cursor of store {} is on these volumes; without "
                            "--release you see which are",
                            printable(store)));
  }
  if (failed == 0) return ExitCode::Success;
  return released > 0 ? ExitCode::SomeFilesFailed : ExitCode::Failure;
}

ExitCode run_cursors(Context& context) {
  const auto store = context.options.given("--release");
  auto all = look(context);
  if (store) return release_store(context, std::move(all), *store);
  show(context, all);
  return ExitCode::Success;
}

}  // namespace

const CommandSpec& cursors_command() {
  static const CommandSpec spec = {
      .name = "cursors",
      .summary = "show what ZFS volumes keep for stores, and let go of it",
      .description =
          "So that the next backup can be incremental, a ZFS volume keeps a cursor for each set "
          "and store that it was backed up to: a hold on the newest snapshot that the store has, "
          "and a bookmark. The cursor of a store that never comes back keeps that snapshot, and "
          "its space, for ever. BACKED UP is when the store got its newest snapshot, BEHIND how "
          "much later the volume was backed up anywhere.\n\n"
          "With --release STORE the cursors of that store go, and the snapshots that only they "
          "kept; the newest snapshot of each set stays. A store that comes back after all can go "
          "on while that snapshot is there, and needs --start-anew then. STORE is as the list "
          "shows it; 'snapferry stats --json' begins the identity of a store with it.",
      .arguments = {{.name = "VOLUME",
                     .help = "the address of ZFS volumes, here or on another machine; may hold "
                             "wildcards",
                     .kind = WordKind::Volume,
                     .repeatable = true}},
      .options = {{.name = "--release",
                   .value = "STORE",
                   .help = "let go of what is kept for this store"},
                  {.name = "--set", .value = "NAME", .help = "only cursors of this set"},
                  {.name = "--ssh-command",
                   .value = "COMMAND",
                   .help = "reach other machines with COMMAND (a program and its words, no shell) "
                           "instead of ssh",
                   .kind = WordKind::Command}},
      .examples = {{"snapferry cursors 'zfs:tank/**'", "which stores tank keeps snapshots for"},
                   {"snapferry cursors 'root@web1:zfs:tank/**' --release 1a2b3c4d",
                    "the disk with that store was lost"}},
      .uses_store = false,
      .run = run_cursors};
  return spec;
}

}  // namespace snapferry::cli
