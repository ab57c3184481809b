#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/commands.h"
#include "cli/context.h"
#include "cli/format.h"
#include "cli/snapshots.h"
#include "cli/store.h"
#include "core/snapshot_selector.h"
#include "core/tree_reader.h"
#include "core/volume_path.h"
#include "tree/query/diff.h"

namespace snapferry::cli {
namespace {

struct KindWords {
  char sign;
  std::string_view name;
};

KindWords words_of(tree::ChangeKind kind) {
  switch (kind) {
    case tree::ChangeKind::Added:
      return {'+', "added"};
    case tree::ChangeKind::Removed:
      return {'-', "removed"};
    case tree::ChangeKind::Modified:
      return {'M', "modified"};
    case tree::ChangeKind::TypeChanged:
      return {'T', "type_changed"};
    case tree::ChangeKind::LeftOut:
      return {'?', "left_out"};
  }
  return {'?', "unknown"};
}

std::vector<std::string> part_names(const tree::ChangedParts& parts) {
  std::vector<std::string> names;
  if (parts.content) names.push_back("content");
  if (parts.mode) names.push_back("mode");
  if (parts.owner) names.push_back("owner");
  if (parts.mtime) names.push_back("time");
  if (parts.xattrs) names.push_back("attributes");
  return names;
}

LeftOut reason_of(const Entry* entry) { return entry != nullptr ? entry->left_out : LeftOut::None; }

// "left out before: excluded".
std::string left_out_text(const tree::Change& change) {
  const bool before = reason_of(change.before) != LeftOut::None;
  return fmt::format("left out {}: {}", before ? "before" : "after",
                     reason_text(before ? reason_of(change.before) : reason_of(change.after)));
}

bool is_unsettled(const Entry* entry) { return entry != nullptr && entry->unsettled; }

// ", not saved as it was" of one of the two, or of both.
std::string unsettled_text(const tree::Change& change) {
  const bool before = is_unsettled(change.before);
  const bool after = is_unsettled(change.after);
  if (!before && !after) return {};
  const bool both = change.before != nullptr && change.after != nullptr;
  return fmt::format(" (not saved as it was{})", !both             ? ""
                                                 : before && after ? " before and after"
                                                 : before          ? " before"
                                                                   : " after");
}

// "docs/a.txt (mode, time)"; what is in brackets is said only where it is not the
// content that changed, as it mostly is.
std::string line_of(const tree::Change& change) {
  const auto names = part_names(change.parts);
  const Entry& entry = change.after != nullptr ? *change.after : *change.before;
  std::string line = fmt::format("{} {}", words_of(change.kind).sign,
                                 printable(change.path.empty() ? "." : change.path));
  if (entry.type == EntryType::Directory) line += "/";
  if (change.kind == tree::ChangeKind::LeftOut) {
    line += fmt::format(" ({})", left_out_text(change));
  } else if (change.kind == tree::ChangeKind::TypeChanged) {
    line += fmt::format(" ({} became {})", type_name(change.before->type),
                        type_name(change.after->type));
  } else if (!names.empty() && !change.parts.content) {
    line += fmt::format(" ({})", fmt::join(names, ", "));
  }
  return line + unsettled_text(change) + "\n";
}

JsonObject json_of(const tree::Change& change) {
  JsonObject object = JsonObject::line("change");
  object.text("change", words_of(change.kind).name).text("path", change.path);
  if (change.before != nullptr) {
    object.text("type_before", type_name(change.before->type))
        .number("size_before", change.before->size)
        .boolean("unsettled_before", change.before->unsettled);
    if (reason_of(change.before) != LeftOut::None) {
      object.text("left_out_before", reason_word(change.before->left_out));
    }
  }
  if (change.after != nullptr) {
    object.text("type_after", type_name(change.after->type))
        .number("size_after", change.after->size)
        .boolean("unsettled_after", change.after->unsettled);
    if (reason_of(change.after) != LeftOut::None) {
      object.text("left_out_after", reason_word(change.after->left_out));
    }
  }
  return object.list("parts", part_names(change.parts));
}

// What `snapshot` has at PATH, or its root without one. Sets `place` to the path of what is there.
std::optional<Entry> part_of(const Context& context, const Snapshot& snapshot,
                             ObjectSource& objects, std::string& place) {
  const std::string& given = context.options.argument(2);
  if (given.empty()) return snapshot.root;
  const TreeReader reader(objects);
  const std::string path = path_in_volume(reader, snapshot, given);
  auto entry = reader.resolve(snapshot.root, path);
  if (entry) place = tidy_path(path);
  return entry;
}

ExitCode run_diff(Context& context) {
  const auto store = open_store(context);
  const auto snapshots = list_snapshots(context, *store);
  const auto pick = [&](std::size_t index) {
    Snapshot snapshot = choose_snapshot(context, snapshots, context.options.argument(index));
    store->complete(snapshot);
    return snapshot;
  };
  const Snapshot before = pick(0);
  const Snapshot after = pick(1);
  tree::DiffOptions options;
  options.cancellation = &context.io.cancellation;
  const auto from = part_of(context, before, store->objects(), options.path);
  const auto to = part_of(context, after, store->objects(), options.path);
  if (!from && !to) {
    throw Error(ErrorKind::NotFound,
                fmt::format("{}: is in neither snapshot; look for it with 'snapferry find'",
                            printable(context.options.argument(2))));
  }
  if (from && to && from->left_out != LeftOut::None && to->left_out != LeftOut::None) {
    throw LeftOutError(printable(options.path), *to);
  }
  const auto totals = tree::diff(
      from ? &*from : nullptr, to ? &*to : nullptr, store->objects(),
      [&](const tree::Change& change) {
        context.console.print(line_of(change));
        context.console.emit(json_of(change));
      },
      options);
  const std::string left_out =
      totals.left_out == 0 ? "" : fmt::format(", {} left out", human_count(totals.left_out));
  context.console.say(
      fmt::format("{} added, {} removed, {} modified, {} type changed{}; {} more, {} less\n",
                  human_count(totals.added), human_count(totals.removed),
                  human_count(totals.modified), human_count(totals.type_changed), left_out,
                  human_size(totals.bytes_added), human_size(totals.bytes_removed)));
  context.console.emit(JsonObject::line("diff")
                           .text("before", before.id.hex())
                           .text("after", after.id.hex())
                           .number("added", totals.added)
                           .number("removed", totals.removed)
                           .number("modified", totals.modified)
                           .number("type_changed", totals.type_changed)
                           .number("left_out", totals.left_out)
                           .number("bytes_added", totals.bytes_added)
                           .number("bytes_removed", totals.bytes_removed));
  return ExitCode::Success;
}

}  // namespace

const CommandSpec& diff_command() {
  static const CommandSpec spec = {
      .name = "diff",
      .summary = "show what changed between two snapshots",
      .description =
          "Names every path that is different: + added, - removed, M modified, T type changed, "
          "? left out of one of the snapshots, so that nobody can tell. "
          "Where the content of a file is the same, what else changed stands behind it, and where "
          "one "
          "of the snapshots has not what was there, that. What the "
          "snapshots share is not read.",
      .arguments = {{.name = "SNAPSHOT", .help = "the earlier one", .kind = WordKind::Snapshot},
                    {.name = "SNAPSHOT", .help = "the later one", .kind = WordKind::Snapshot},
                    {.name = "PATH",
                     .help = "only what is there, below the root of the volume, or its full path",
                     .required = false}},
      .examples = {{"snapferry diff /home@2026-03-01 /home", "what changed since that day"},
                   {"snapferry diff /home@2026-03-01 /home /home/alice/thesis",
                    "the same of one directory"},
                   {"snapferry diff 1a2b3c4d 5e6f7081 --json", "for a program"}},
      .filters_sets = true,
      .only_prints = true,
      .run = run_diff};
  return spec;
}

}  // namespace snapferry::cli
