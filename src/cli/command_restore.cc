#include <algorithm>
#include <cerrno>
#include <filesystem>

#include <fmt/format.h>
#include <sys/stat.h>

#include "cli/commands.h"
#include "cli/consent.h"
#include "cli/context.h"
#include "cli/format.h"
#include "cli/progress_display.h"
#include "cli/restore_volume.h"
#include "cli/restore_wish.h"
#include "cli/snapshots.h"
#include "cli/store.h"
#include "cli/store_guard.h"
#include "core/wall_time.h"
#include "platform/absolute_path.h"
#include "tree/restore/restore.h"
#include "tree/restore/unfinished_restore.h"

namespace snapferry::cli {
namespace {

std::string_view action_name(tree::RestoreAction action) {
  switch (action) {
    case tree::RestoreAction::Create:
      return "create";
    case tree::RestoreAction::Replace:
      return "replace";
    case tree::RestoreAction::UpdateMetadata:
      return "update";
    case tree::RestoreAction::Keep:
      return "keep";
    case tree::RestoreAction::Delete:
      return "delete";
    case tree::RestoreAction::Protect:
      return "protect";
  }
  return "unknown";
}

// Names each action; what stays as it is only with --verbose.
class ActionPrinter : public tree::RestoreObserver {
 public:
  explicit ActionPrinter(Console& console) : console_(console) {}

  void on_action(tree::RestoreAction action, std::string_view path, const Entry*) override {
    if (action == tree::RestoreAction::Keep && !console_.verbose()) return;
    const std::string name = printable(path.empty() ? "." : path);
    console_.say(fmt::format("{:<8} {}\n", action_name(action), name));
    console_.emit(
        JsonObject::line("action").text("action", action_name(action)).text("path", path));
  }

 private:
  Console& console_;
};

// Names what would be deleted with --verbose.
class DeletionPrinter : public tree::RestoreObserver {
 public:
  explicit DeletionPrinter(Console& console) : console_(console) {}

  void on_action(tree::RestoreAction action, std::string_view path, const Entry*) override {
    if (action != tree::RestoreAction::Delete || !console_.verbose()) return;
    console_.say(fmt::format("to be deleted: {}\n", printable(path)));
  }

 private:
  Console& console_;
};

// "a, b, … of snapshot ID"
std::string describe(const tree::UnfinishedRestore& begun) {
  constexpr std::size_t kNamed = 3;
  std::string names;
  if (begun.part) {
    const auto& paths = begun.part->paths;
    for (std::size_t i = 0; i < std::min(paths.size(), kNamed); ++i) {
      names += (i == 0 ? "" : ", ") + printable(paths[i]);
    }
    if (paths.size() > kNamed) names += ", …";
    if (!names.empty()) names += " of ";
  }
  names += "snapshot " + begun.snapshot.short_hex();
  if (begun.part && !begun.part->excludes.empty()) names += " with --exclude";
  return names;
}

bool says_what_happens_to_files(const Context& context) {
  return context.options.has("--overwrite") || context.options.has("--delete");
}

// Says what is wrong with a target before anything is read for it; what is missing is made.
void require_possible_target(const std::string& target) {
  struct stat status {};
  if (::stat(target.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) return;
    throw Error(ErrorKind::InvalidArgument,
                fmt::format("{}: is not a directory; name one to restore to", printable(target)));
  }
  if (errno == ENOTDIR) {
    throw Error(ErrorKind::InvalidArgument,
                fmt::format("{}: what it is to be made in is not a directory; name another place",
                            printable(target)));
  }
  if (errno == ENOENT && ::lstat(target.c_str(), &status) == 0) {
    throw Error(ErrorKind::NotFound,
                fmt::format("{}: is a symlink to where nothing is; mount its disk, or make that "
                            "directory first",
                            printable(target)));
  }
}

// Nothing that is already there is touched unless the user said how.
void require_empty_target(const Context& context, const std::string& target,
                          const Snapshot& snapshot, const tree::RestoredPart& part) {
  if (says_what_happens_to_files(context)) return;
  std::error_code error;
  const bool empty = std::filesystem::is_empty(target, error);
  if (error.value() == ENOENT) return;
  if (error) throw system_error(error.value(), "restore there", target);
  const auto begun = tree::find_unfinished(target);
  if (empty || (begun && begun->goes_on_with(snapshot.id, part))) return;
  if (begun && begun->state == tree::UnfinishedRestore::State::Interrupted) {
    throw Error(ErrorKind::AlreadyExists,
                fmt::format("{}: holds a restore of {} that was interrupted; restore that to carry "
                            "on, or give a new or empty directory",
                            printable(target), describe(*begun)));
  }
  throw Error(ErrorKind::AlreadyExists,
              fmt::format("{}: is not empty; give a new or empty directory, or say with "
                          "--overwrite or --delete what happens to what is there",
                          printable(target)));
}

tree::Overwrite overwrite_of(const std::string& text) {
  if (text == "never") return tree::Overwrite::Never;
  return text == "always" ? tree::Overwrite::Always : tree::Overwrite::Changed;
}

// What is there by now makes the target one that is not empty.
[[noreturn]] void say_how_to_carry_on(const Context& context, const std::string& target,
                                      const Snapshot& snapshot) {
  const bool same_again = says_what_happens_to_files(context) || tree::find_unfinished(target);
  throw Error(ErrorKind::Cancelled,
              fmt::format("{}: interrupted; what was restored is kept, run the command again, with "
                          "snapshot {}{}, to carry on",
                          printable(target), snapshot.id.short_hex(),
                          same_again ? "" : " and --overwrite changed"));
}

tree::RestoreOptions restore_options(Context& context, Progress& progress, ProblemSink& problems) {
  tree::RestoreOptions options;
  options.overwrite = overwrite_of(context.options.text("--overwrite"));
  options.delete_extra = context.options.has("--delete");
  options.delete_in_root = context.options.has("--delete-in-root");
  options.delete_in_mount_point = context.options.has("--delete-in-mount-point");
  options.untouchable = own_directories(context);
  options.home = context.io.variable("HOME").value_or("");
  options.dry_run = context.options.has("--dry-run");
  options.numeric_owner = context.options.has("--numeric-owner");
  options.progress = &progress;
  options.problems = &problems;
  options.cancellation = &context.io.cancellation;
  return options;
}

// What a dry run says would be deleted, shown before anything is touched.
tree::DeletionPlan plan_deletions(Context& context, const Snapshot& snapshot,
                                  const std::string& target, ObjectSource& source,
                                  tree::RestoreOptions options) {
  Progress unseen;
  options.dry_run = true;
  options.progress = &unseen;
  options.problems = nullptr;
  DeletionPrinter printer(context.console);
  tree::DeletionPlan plan = tree::restore(snapshot, target, source, options, &printer).deletions;
  context.console.emit(JsonObject::line("deletion_plan")
                           .text("target", target)
                           .number("files", plan.files())
                           .number("directories", plan.directories())
                           .number("bytes", plan.bytes()));
  if (plan.empty()) return plan;
  context.console.say(
      fmt::format("{}: {} and {}, {}, are not in snapshot {} and are to be deleted\n",
                  printable(target), counted(plan.files(), "file", "files"),
                  counted(plan.directories(), "directory", "directories"), human_size(plan.bytes()),
                  snapshot.id.short_hex()));
  context.console.flush();
  require_consent(context, fmt::format("Delete them from {}?", printable(target)),
                  Unattended::GoesOn);
  return plan;
}

// What is not restored: what --exclude says, and what the snapshot left out.
std::string left_out_lines(const tree::RestoreStats& stats) {
  std::string lines;
  if (stats.passed_over > 0) {
    lines += fmt::format("  passed over: {}, with all that is in them\n",
                         counted(stats.passed_over, "name", "names"));
  }
  if (stats.incomplete > 0) {
    lines += fmt::format("  without a part of their metadata: {}\n",
                         counted(stats.incomplete, "path", "paths"));
  }
  if (stats.unsettled > 0) {
    lines +=
        fmt::format("  not saved as they were: {}\n", counted(stats.unsettled, "path", "paths"));
  }
  for (const auto& [reason, group] : stats.left_out.groups()) {
    lines += fmt::format("  not in the snapshot: {} ({})\n", counted(group.count, "name", "names"),
                         reason_text(reason));
  }
  return lines;
}

void report(Context& context, const Snapshot& snapshot, const std::string& target,
            const tree::RestoreStats& stats) {
  const bool dry_run = context.options.has("--dry-run");
  for (const auto& limitation : stats.limitations) {
    context.console.warn(limitation);
  }
  context.console.say(fmt::format(
      "{} {} and {}, {}, from snapshot {} of {} to {}\n"
      "  {} created, {} replaced, {} unchanged, {} deleted, {} protected, {} failed\n"
      "{}",
      dry_run ? "would restore" : "restored", counted(stats.files, "file", "files"),
      counted(stats.directories, "directory", "directories"), human_size(stats.bytes),
      snapshot.id.short_hex(), printable(snapshot.volume.text()), printable(target),
      human_count(stats.created), human_count(stats.replaced), human_count(stats.unchanged),
      human_count(stats.deleted), human_count(stats.protected_paths), human_count(stats.failed),
      left_out_lines(stats)));
  context.console.emit(JsonObject::line(dry_run ? "restore_plan" : "restore")
                           .text("snapshot", snapshot.id.hex())
                           .text("volume", snapshot.volume.text())
                           .text("target", target)
                           .number("files", stats.files)
                           .number("directories", stats.directories)
                           .number("bytes", stats.bytes)
                           .number("created", stats.created)
                           .number("replaced", stats.replaced)
                           .number("unchanged", stats.unchanged)
                           .number("deleted", stats.deleted)
                           .number("protected", stats.protected_paths)
                           .number("passed_over", stats.passed_over)
                           .number("failed", stats.failed)
                           .number("incomplete", stats.incomplete)
                           .number("unsettled", stats.unsettled)
                           .list("limitations", stats.limitations));
}

ExitCode run_restore(Context& context) {
  if (context.options.text("--target").empty()) {
    throw Error(ErrorKind::InvalidArgument,
                "restore: no target given; use --target DIR, or the address of a new volume");
  }
  if (const auto volume = context.options.text("--target"); is_native_address(volume)) {
    return restore_volume(context, VolumeAddress::parse(volume));
  }
  const std::string target = platform::absolute_path(context.options.text("--target"));
  require_outside_store(context, target, "restore to a directory outside it");
  require_possible_target(target);
  const auto store = open_store(context);
  const Snapshot snapshot = find_snapshot(context, *store, context.options.argument(0));
  Progress progress;
  progress.begin("restoring");
  ProblemPrinter problems(context.console, target);
  auto options = restore_options(context, progress, problems);
  const auto wish = read_restore_wish(context, snapshot, store->objects());
  options.paths = choose(context, snapshot, wish, store->objects()).paths;
  options.excludes = wish.excludes;
  require_empty_target(context, target, snapshot, tree::part_of(options));
  tree::DeletionPlan deletions;
  if (options.delete_extra && !options.dry_run) {
    deletions = plan_deletions(context, snapshot, target, store->objects(), options);
    options.deletions = &deletions;
  }
  ActionPrinter printer(context.console);
  const bool name_actions = options.dry_run || context.console.verbose();
  tree::RestoreStats stats;
  try {
    const bool whole = options.paths.empty() && options.excludes.empty();
    const ProgressDisplay display(context, progress,
                                  {whole ? snapshot.stats.files + snapshot.stats.directories : 0});
    stats = tree::restore(snapshot, target, store->objects(), options,
                          name_actions ? &printer : nullptr);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Cancelled || options.dry_run) throw;
    say_how_to_carry_on(context, target, snapshot);
  }
  warn_of_unused(context, wish);
  report(context, snapshot, target, stats);
  const bool doubtful = warn_of_doubt(context, *store, snapshot);
  const bool as_it_was =
      stats.failed == 0 && stats.incomplete == 0 && stats.unsettled == 0 && !doubtful;
  return as_it_was ? ExitCode::Success : ExitCode::SomeFilesFailed;
}

}  // namespace

const CommandSpec& restore_command() {
  static const CommandSpec spec = {
      .name = "restore",
      .summary = "restore a snapshot or some of its paths",
      .description =
          "Restores everything below the root of the volume, or each PATH to the same place below "
          "the target: contents with their holes, owners by name, modes, times, extended "
          "attributes, ACLs with their users and groups by name, too, hard links and special "
          "files. It never writes outside the target.\n\n"
          "A PATH with wildcards that is not there as it is written is every path that matches it. "
          "Of the PATHs, or of everything, --include takes only what matches one of its patterns, "
          "with all that is in it, and --exclude leaves out what matches one of its own. Patterns "
          "are those of "
          "'snapferry backup'. Directories that lead to what was chosen are made as they were, or "
          "left as they are.\n\n"
          "A target that holds anything is refused unless --overwrite or --delete says what "
          "happens to it. Interrupted, by a signal or a crash, it goes on where it was when the "
          "same part of the same snapshot is restored there again. A file is replaced only when "
          "its new content is "
          "complete. What cannot be restored is named and does not stop the rest; the exit code is "
          "3 then. So it is where the target cannot have all that belongs to a file (owners, ACLs "
          "and other attributes): the paths are counted, and some are named; where the backup "
          "could not save a file as it "
          "was, because it kept changing or ended too early; and where a native "
          "copy is known to be changed or damaged. What only root can restore (owners, and set-id "
          "bits that mean them) is said to who is not root, and is no failure then. It ends with 0 "
          "only when the disk has the rest.\n\n"
          "With --delete, what is to go is counted and told before anything is touched (each name "
          "with --verbose or --dry-run), on a terminal a question is asked, and it goes only after "
          "everything else was restored. What the backup left out stays: what is excluded, was "
          "unreadable, lies beside a CACHEDIR.TAG where such was left out, or is a store of "
          "Snapferry, also one that came later. So does everything "
          "below mount points and "
          "subvolumes, what the patterns of the snapshot or --exclude leave out, and what is in "
          "directories of which only parts were chosen. The root of the system and "
          "mount points are refused as a target for --delete unless that is allowed.\n\n"
          "With the address of a volume as the target, [[USER@]HOST:]zfs:DATASET or "
          "[[USER@]HOST:]btrfs:DIR, a native snapshot becomes that volume, whole, by a stream. "
          "Nothing may be there yet. The new volume is writable, and the next backup of it goes "
          "on incrementally from the snapshot that it was made of. On another machine its agent "
          "makes the volume; a key with a command of its own needs --allow target there.",
      .arguments =
          {{.name = "SNAPSHOT", .help = "which snapshot", .kind = WordKind::Snapshot},
           {.name = "PATH",
            .help =
                "below the root of the volume, or its full path there; wildcards quoted for the "
                "shell; otherwise everything",
            .required = false,
            .repeatable = true}},
      .options =
          {{.name = "--target",
            .value = "DIR",
            .help = "where to; made if it is missing. Or the address of a new volume",
            .kind = WordKind::Directory},
           {.name = "--include",
            .value = "PATTERN",
            .help = "restore only what matches, and what is in it",
            .repeatable = true},
           {.name = "--exclude",
            .value = "PATTERN",
            .help = "pass over what matches, and what is in it; it is not deleted either",
            .repeatable = true},
           {.name = "--overwrite",
            .value = "WHEN",
            .help = "what happens to files that exist: never: they stay; changed: those that "
                    "differ in type, size or time are replaced; always: all are written again",
            .fallback = "changed",
            .choices = {"never", "changed", "always"}},
           {.name = "--delete", .help = "remove what is in the target but not in the snapshot"},
           {.name = "--delete-in-root",
            .help = "allow --delete where the target is the root of the system"},
           {.name = "--delete-in-mount-point",
            .help = "allow --delete where the target is a mount point"},
           kYesOption,
           {.name = "--numeric-owner",
            .help = "take owners, and users and groups in ACLs, by number instead of by name"},
           {.name = "--dry-run",
            .letter = 'n',
            .help = "name what would be done, and change nothing"}},
      .examples =
          {{"snapferry restore latest --target /mnt/new", "the newest snapshot, whole"},
           {"snapferry restore /home@2026-03-01 alice/thesis --target /tmp/old",
            "one directory as it was on that day"},
           {"snapferry restore latest '/home/*/notes.txt' --target /tmp/old",
            "the notes of everyone"},
           {"snapferry restore latest --include '*.odt' --exclude .cache/ --target /tmp/old",
            "all texts, wherever they are"},
           {"snapferry restore /etc --target /etc --overwrite changed --delete --dry-run",
            "what it would take to bring /etc back to its newest snapshot"},
           {"snapferry restore zfs:tank/home --store zfs:backup/snapferry --target "
            "zfs:tank/home-restored",
            "a whole dataset, beside the one that is there"},
           {"snapferry restore web1:zfs:tank/home --store zfs:backup/snapferry --target "
            "root@web1:zfs:tank/home-restored",
            "the same on the machine that it came from"}},
      .filters_sets = true,
      .run = run_restore};
  return spec;
}

}  // namespace snapferry::cli
