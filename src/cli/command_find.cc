#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/context.h"
#include "cli/format.h"
#include "cli/store.h"
#include "core/wall_time.h"
#include "tree/query/find.h"

namespace snapferry::cli {
namespace {

std::string for_people(const tree::FoundPath& found) {
  std::string text = printable(found.volume.text());
  if (!found.path.empty()) text += ": " + printable(found.path);
  text += "\n";
  using enum Table::Align;
  Table table({Left, Left, Left, Right, Left});
  for (const auto& version : found.versions) {
    const std::string until = version.newest == version.oldest
                                  ? ""
                                  : "since " + version.oldest->id.short_hex() + " of " +
                                        format_local(version.oldest->time);
    const LeftOut reason = version.entry.left_out;
    const std::string left_out =
        reason == LeftOut::None ? "" : fmt::format(", left out: {}", reason_text(reason));
    const std::string unsettled = version.entry.unsettled ? ", not saved as it was" : "";
    table.add({"  " + version.newest->id.short_hex(), format_local(version.newest->time),
               mode_text(version.entry.type, version.entry.mode), human_size(version.entry.size),
               "modified " + format_local(version.entry.mtime) +
                   (until.empty() ? "" : ", the same " + until) + left_out + unsettled});
  }
  return text + table.text();
}

JsonObject json_of(const tree::FoundPath& found, const tree::FoundVersion& version) {
  return entry_json("found", found.path, version.entry)
      .text("volume", found.volume.text())
      .text("newest_snapshot", version.newest->id.hex())
      .time("newest_time", version.newest->time)
      .text("oldest_snapshot", version.oldest->id.hex())
      .time("oldest_time", version.oldest->time);
}

ExitCode run_find(Context& context) {
  const auto store = open_store(context);
  auto snapshots = list_snapshots(context, *store);
  std::erase_if(snapshots, [&](const Snapshot& snapshot) { return !store->has_files(snapshot); });
  tree::FindOptions options;
  options.cancellation = &context.io.cancellation;
  const auto found = tree::find(snapshots, context.options.argument(0), store->objects(), options);
  for (const auto& path : found.paths) {
    context.console.print(for_people(path));
    for (const auto& version : path.versions) context.console.emit(json_of(path, version));
  }
  if (found.paths.empty()) {
    context.console.say(fmt::format("nothing matches '{}' in {}\n",
                                    printable(context.options.argument(0)),
                                    counted(snapshots.size(), "snapshot", "snapshots")));
  }
  for (const auto& place : found.not_searched) {
    context.console.say(fmt::format("not searched: {}: {} (left out of {}: {})\n",
                                    printable(place.volume.text()), printable(place.path),
                                    place.newest->id.short_hex(), reason_text(place.reason)));
    context.console.emit(JsonObject::line("not_searched")
                             .text("volume", place.volume.text())
                             .text("path", place.path)
                             .text("left_out", reason_word(place.reason))
                             .text("newest_snapshot", place.newest->id.hex()));
  }
  return ExitCode::Success;
}

}  // namespace

const CommandSpec& find_command_spec() {
  static const CommandSpec spec = {
      .name = "find",
      .summary = "find every version of matching files in all snapshots",
      .description =
          "Lists each path that matches with all its versions, newest first; snapshots with the "
          "same content are shown once. A pattern without a slash is matched against names, one "
          "with a slash against paths from the root of the volume, or of the host where it leads "
          "into the volume. Directories in which something may match, but of which the content was "
          "left out of a snapshot, are named at the end.",
      .arguments = {{.name = "PATTERN", .help = "as in a .gitignore file, quoted for the shell"}},
      .examples = {{"snapferry find '*.odt' --store repo:/srv/backups", "by name"},
                   {"snapferry find /home/alice/thesis/", "one directory"}},
      .filters_sets = true,
      .only_prints = true,
      .run = run_find};
  return spec;
}

}  // namespace snapferry::cli
