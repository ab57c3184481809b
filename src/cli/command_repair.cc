#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/context.h"
#include "cli/format.h"
#include "cli/progress_display.h"
#include "cli/store.h"

namespace snapferry::cli {
namespace {

void report_actions(Context& context, const std::vector<repository::Damage>& actions) {
  for (const auto& action : actions) {
    context.console.print(
        fmt::format("{}: {}\n", printable(action.object), printable(action.message)));
    context.console.emit(
        JsonObject::line("repaired").text("object", action.object).text("message", action.message));
  }
}

void report_losses(Context& context, bool dry_run, const repository::RepairReport& report) {
  const std::string_view lost = dry_run ? "would stay lost" : "lost for good";
  for (const auto& damage : report.beyond_repair) {
    context.console.print(
        fmt::format("{}: {}: {}\n", lost, printable(damage.object), printable(damage.message)));
    context.console.emit(JsonObject::line("lost_object")
                             .text("object", damage.object)
                             .text("message", damage.message));
  }
  for (const auto& path : report.lost) {
    context.console.print(fmt::format("{}: snapshot {} of {}: {} ({})\n", lost,
                                      path.snapshot.short_hex(), printable(path.volume.text()),
                                      printable(path.path), human_size(path.bytes)));
    context.console.emit(JsonObject::line("lost")
                             .text("snapshot", path.snapshot.hex())
                             .text("volume", path.volume.text())
                             .text("path", path.path)
                             .number("bytes", path.bytes));
  }
}

// The verb before a participle: "3 pieces were taken", "1 piece would be taken".
std::string_view done_to(std::uint64_t number, bool dry_run) {
  if (dry_run) return "would be";
  return number == 1 ? "was" : "were";
}

void report(Context& context, const stores::SnapshotStore& store, bool dry_run,
            const repository::RepairReport& report) {
  report_actions(context, report.actions);
  report_losses(context, dry_run, report);
  std::uint64_t bytes = 0;
  for (const auto& path : report.lost) bytes += path.bytes;
  if (report.pieces_rescued > 0) {
    context.console.say(fmt::format("{} of damaged packs {} stored again\n",
                                    counted(report.pieces_rescued, "piece", "pieces"),
                                    done_to(report.pieces_rescued, dry_run)));
  }
  if (report.pieces_taken > 0) {
    context.console.say(fmt::format("{} {} taken from the other store\n",
                                    counted(report.pieces_taken, "piece", "pieces"),
                                    done_to(report.pieces_taken, dry_run)));
  }
  if (report.index_rebuilt) {
    context.console.say(fmt::format("the index {} written anew\n", dry_run ? "would be" : "was"));
  }
  context.console.say(fmt::format(
      "{}: {}; {} read\n", printable(store.name()),
      report.is_whole() ? "nothing is lost"
      : dry_run ? counted(report.lost.size(), "file or directory", "files and directories") +
                      " would stay lost"
                : counted(report.lost.size(), "file or directory is", "files and directories are") +
                      " lost for good",
      human_size(report.bytes_read)));
  context.console.emit(JsonObject::line(dry_run ? "repair_plan" : "repair")
                           .boolean("whole", report.is_whole())
                           .boolean("index_rebuilt", report.index_rebuilt)
                           .boolean("postponed", report.postponed)
                           .number("actions", report.actions.size())
                           .number("pieces_rescued", report.pieces_rescued)
                           .number("pieces_taken", report.pieces_taken)
                           .number("lost", report.lost.size() + report.beyond_repair.size())
                           .number("bytes_lost", bytes)
                           .number("bytes_read", report.bytes_read));
}

// Without these the repository may not open.
std::vector<repository::Damage> put_back_head(Context& context, stores::RepositoryStore& other) {
  const auto address = store_address(context);
  const auto store =
      stores::unopened_repository(address, surroundings_for(context, address), "repair");
  return other.repository->put_back_head(*store->storage, context.options.has("--dry-run"));
}

// After a dry run did not put back what it needs to open, it may not.
std::unique_ptr<stores::RepositoryStore> open_damaged(Context& context, bool may_fail) {
  try {
    return open_repository(context, "repair");
  } catch (const Error& error) {
    if (!may_fail || error.kind() != ErrorKind::Corrupt) throw;
    context.console.warn(
        fmt::format("{}: opens only when this is back; what else is damaged is found without "
                    "--dry-run",
                    printable(store_text(context))));
    return nullptr;
  }
}

ExitCode run_repair(Context& context) {
  std::unique_ptr<stores::RepositoryStore> other;
  std::vector<repository::Damage> head;
  if (context.options.has("--from")) {
    other = open_repository_at(context, StoreAddress::parse(context.options.text("--from")),
                               "repair --from");
    head = put_back_head(context, *other);
    report_actions(context, head);
  }
  const auto store = open_damaged(context, context.options.has("--dry-run") && !head.empty());
  if (!store) return ExitCode::Damaged;
  Progress progress;
  repository::RepairOptions options;
  options.dry_run = context.options.has("--dry-run");
  options.from = other ? other->repository.get() : nullptr;
  options.progress = &progress;
  options.cancellation = &context.io.cancellation;
  repository::RepairReport found;
  {
    const ProgressDisplay display(context, progress);
    found = store->repository->repair(options);
  }
  report(context, *store, options.dry_run, found);
  if (found.postponed) {
    context.console.warn(fmt::format(
        "{}: other backups or prunes have claims, so damaged objects were left in their place, and "
        "count for nothing there; run this again when they have ended ('snapferry claims' shows "
        "them, and removes those that are dead)",
        store->name()));
  }
  if (found.is_whole()) return ExitCode::Success;
  context.console.warn(
      fmt::format("{}: what is named above is lost in this store; the next backup stores again "
                  "what is still on its source, and --from takes what another repository has; "
                  "until then 'snapferry check' does not count it",
                  store->name()));
  return ExitCode::Damaged;
}

}  // namespace

const CommandSpec& repair_command() {
  static const CommandSpec spec = {
      .name = "repair",
      .summary = "bring a damaged repository into the best state it can have",
      .description =
          "Reads all of the repository, and then stores again what can still be read in damaged "
          "packs, writes the index anew where it does not say what the packs do, and restores a "
          "damaged copy of the configuration or of a key from its twin. Damaged packs, keys and "
          "manifests are set aside (as aside/NAME in the repository): a prune removes them 90 days "
          "later, if nothing is lost by then. What is lost for good "
          "is named: snapshots, files and sizes; the exit code is 13 then. Snapshots stay, with "
          "what is left of them, and are known to be damaged: 'check' does not count them, and "
          "'list' marks them, until a backup has stored that content again.\n\n"
          "Run a backup first where the source still has its files: it stores again what 'verify' "
          "found damaged. With --from, what is missing is taken from another repository. From a "
          "copy of this one that is everything: content, snapshots, and also the configuration and "
          "the keys, without which nothing opens, if it is proven that they belong here. Nothing "
          "that is whole is replaced, and a key that was removed does not come back while another "
          "opens. Any other repository, even one with another password, gives the contents of "
          "files that both hold, found by reading all of it, and no directories: a snapshot gets "
          "its files back whose directories are still here.\n\n"
          "Backups and prunes may run meanwhile; what has to be removed from its place then waits "
          "for another run. Interrupted at any point, it can be run again. With --dry-run nothing "
          "is changed, except that what was found damaged is recorded, as 'verify' does.",
      .options = {{.name = "--from",
                   .value = "STORE",
                   .help = "take what is missing from this repository"},
                  {.name = "--dry-run",
                   .letter = 'n',
                   .help = "show what would be done, and do nothing"}},
      .examples = {{"snapferry repair --store repo:/srv/backups --dry-run",
                    "what is damaged, and what would be lost"},
                   {"snapferry repair --from repo:/mnt/disk/backups",
                    "with what a copy on another disk has"}},
      .run = run_repair};
  return spec;
}

}  // namespace snapferry::cli
