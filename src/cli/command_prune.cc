#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/commands.h"
#include "cli/context.h"
#include "cli/format.h"
#include "cli/progress_display.h"
#include "cli/store.h"
#include "core/wall_time.h"
#include "retention/keep_rules.h"

namespace snapferry::cli {
namespace {

// nullopt without any --keep option: then everything is kept.
std::optional<retention::KeepRules> read_rules(const Invocation& options) {
  retention::KeepRules rules;
  bool any = false;
  const auto number = [&](std::string_view option, std::uint64_t& rule) {
    if (const auto given = options.number(option)) {
      rule = *given;
      any = true;
    }
  };
  number("--keep-last", rules.last);
  number("--keep-hourly", rules.hourly);
  number("--keep-daily", rules.daily);
  number("--keep-weekly", rules.weekly);
  number("--keep-monthly", rules.monthly);
  number("--keep-yearly", rules.yearly);
  if (const auto within = options.given("--keep-within")) {
    rules.within = parse_duration(*within);
    any = true;
  }
  if (!any) return std::nullopt;
  // Rules that keep nothing are refused before the store is touched.
  retention::decide({}, rules, {});
  return rules;
}

// The chains that rules apply to, each on its own.
using Groups = std::map<std::pair<VolumeName, std::string>, std::vector<retention::Candidate>>;

Groups grouped(const std::vector<Snapshot>& snapshots) {
  Groups groups;
  for (const auto& snapshot : snapshots) {
    groups[{snapshot.volume, snapshot.set}].push_back({snapshot.id, snapshot.time});
  }
  return groups;
}

void report_group(Context& context, const VolumeName& volume, const std::string& set,
                  const std::vector<retention::Decision>& decisions) {
  using enum Table::Align;
  Table table({Left, Left, Left, Left});
  for (const auto& decision : decisions) {
    table.add({decision.keep ? "  keep" : "  remove", decision.id.short_hex(),
               format_local(decision.time), fmt::format("{}", fmt::join(decision.reasons, ", "))});
    context.console.emit(JsonObject::line("decision")
                             .text("volume", volume.text())
                             .text("set", set)
                             .text("snapshot", decision.id.hex())
                             .time("time", decision.time)
                             .boolean("keep", decision.keep)
                             .list("reasons", decision.reasons));
  }
  context.console.say(
      fmt::format("{}, set {}:\n{}", printable(volume.text()), printable(set), table.text()));
}

// Decides about each group, says so, and returns what goes.
std::vector<ObjectId> decide(Context& context, const std::vector<Snapshot>& snapshots,
                             const retention::KeepRules& rules) {
  std::vector<ObjectId> removed;
  for (auto& [group, candidates] : grouped(snapshots)) {
    const auto decisions = retention::decide(candidates, rules, context.io.clock.now());
    report_group(context, group.first, group.second, decisions);
    for (const auto& decision : decisions) {
      if (!decision.keep) removed.push_back(decision.id);
    }
  }
  return removed;
}

// What removing `removed` frees, which a dry run only works out.
repository::CollectReport collect(Context& context, OpenStore& store,
                                  const std::vector<ObjectId>& removed, bool dry_run) {
  Progress progress;
  repository::CollectOptions options;
  options.dry_run = dry_run;
  if (dry_run) options.as_if_forgotten = removed;
  options.progress = &progress;
  options.cancellation = &context.io.cancellation;
  const ProgressDisplay display(context, progress);
  return store.repository->collect(options);
}

void report(Context& context, std::size_t kept, std::size_t removed, bool dry_run,
            const repository::CollectReport& found) {
  context.console.say(fmt::format("{} {}, {} kept\n", dry_run ? "would remove" : "removed",
                                  counted(removed, "snapshot", "snapshots"), human_count(kept)));
  if (found.packs_removed == 0) {
    context.console.say("nothing to free\n");
  } else {
    context.console.say(
        fmt::format("{} {} of {}: {} removed, {} of them after their rest was written again\n",
                    dry_run ? "would free" : "freed", human_size(found.bytes_freed),
                    human_size(found.bytes_before), counted(found.packs_removed, "pack", "packs"),
                    human_count(found.packs_rewritten)));
  }
  if (found.packs_deferred > 0) {
    context.console.say(fmt::format("{} left for a later prune, because backups run now\n",
                                    counted(found.packs_deferred, "pack is", "packs are")));
  }
  context.console.emit(JsonObject::line(dry_run ? "prune_plan" : "prune")
                           .number("snapshots_kept", kept)
                           .number("snapshots_removed", removed)
                           .number("packs_before", found.packs_before)
                           .number("packs_removed", found.packs_removed)
                           .number("packs_rewritten", found.packs_rewritten)
                           .number("packs_deferred", found.packs_deferred)
                           .number("bytes_before", found.bytes_before)
                           .number("bytes_freed", found.bytes_freed)
                           .number("bytes_unused_left", found.bytes_unused_left));
}

ExitCode run_prune(Context& context) {
  const auto rules = read_rules(context.options);
  const bool dry_run = context.options.has("--dry-run");
  OpenStore store = open_store(context);
  const auto snapshots = list_snapshots(context, store);
  std::vector<ObjectId> removed;
  if (rules) removed = decide(context, snapshots, *rules);
  if (!dry_run) store.repository->forget(removed);
  const auto found = collect(context, store, removed, dry_run);
  report(context, snapshots.size() - removed.size(), removed.size(), dry_run, found);
  return ExitCode::Success;
}

OptionSpec keep_option(std::string_view name, std::string_view help) {
  return {.name = name, .value = "N", .help = help};
}

}  // namespace

const CommandSpec& prune_command() {
  static const CommandSpec spec = {
      .name = "prune",
      .summary = "remove snapshots by rules, and free what none needs any more",
      .description =
          "Decides about the snapshots of each volume and set on its own: a snapshot stays if any "
          "of the rules keeps it, and the newest always stays. Each decision is shown with its "
          "reasons. Then it frees what no snapshot references. Without any rule, no snapshot is "
          "removed, and only that space is freed.\n\n"
          "Backups may run meanwhile: nothing that one of them may still reference goes. "
          "Interrupted, it leaves everything that is needed in place.",
      .options = {keep_option("--keep-last", "keep the newest N"),
                  {.name = "--keep-within",
                   .value = "DURATION",
                   .help = "keep all that are at most so old"},
                  keep_option("--keep-hourly", "keep the newest of each of the newest N hours"),
                  keep_option("--keep-daily", "keep the newest of each of the newest N days"),
                  keep_option("--keep-weekly", "keep the newest of each of the newest N weeks"),
                  keep_option("--keep-monthly", "keep the newest of each of the newest N months"),
                  keep_option("--keep-yearly", "keep the newest of each of the newest N years"),
                  {.name = "--dry-run",
                   .letter = 'n',
                   .help = "show the decisions, and change nothing"}},
      .examples = {{"snapferry prune --keep-within 2d --keep-daily 14 --keep-monthly 12 --dry-run",
                    "what these rules would do"},
                   {"snapferry prune --store repo:/srv/backups",
                    "frees what forgotten snapshots left"}},
      .run = run_prune};
  return spec;
}

}  // namespace snapferry::cli
