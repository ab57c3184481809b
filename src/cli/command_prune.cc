#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/claims.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/expected.h"
#include "cli/format.h"
#include "cli/progress_display.h"
#include "cli/snapshots.h"
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

Groups grouped(const std::vector<Snapshot>& snapshots, stores::SnapshotStore& store) {
  Groups groups;
  for (const auto& snapshot : snapshots) {
    const EffectiveTime taken = store.time_for_rules(snapshot);
    groups[{snapshot.volume, snapshot.set}].push_back(
        {snapshot.id, taken.time, !snapshot.incomplete, taken.is_known});
  }
  return groups;
}

// What is known against snapshots that are under the rules, with the reason.
using Doubts = std::map<std::pair<VolumeName, ObjectId>, std::string>;

Doubts doubts_of(stores::SnapshotStore& store, const std::vector<Snapshot>& snapshots) {
  Doubts doubts;
  for (const auto& snapshot : snapshots) {
    if (auto against = store.known_against(snapshot); !against.empty()) {
      doubts.emplace(std::pair(snapshot.volume, snapshot.id), std::move(against));
    }
  }
  return doubts;
}

// The snapshots of the volumes that are named, or all. What others took is none of our business
// unless we are told so.
std::vector<Snapshot> in_question(const Context& context, const stores::SnapshotStore& store,
                                  std::vector<Snapshot> snapshots) {
  std::set<VolumeName> volumes;
  for (const std::string& word : context.options.arguments) {
    volumes.insert(select_volume(snapshots, word, standpoint(context)));
  }
  if (!volumes.empty()) {
    std::erase_if(snapshots,
                  [&](const Snapshot& snapshot) { return !volumes.contains(snapshot.volume); });
  }
  if (store.holds_what_others_took() && !context.options.has("--others")) {
    std::erase_if(snapshots, [](const Snapshot& snapshot) { return snapshot.set.empty(); });
  }
  return snapshots;
}

void report_group(Context& context, const VolumeName& volume, const std::string& set,
                  const std::vector<retention::Decision>& decisions, const Doubts& lost) {
  using enum Table::Align;
  Table table({Left, Left, Left, Left});
  for (const auto& decision : decisions) {
    const bool damaged = lost.contains({volume, decision.id});
    const std::string_view remark = damaged             ? " (damaged)"
                                    : decision.complete ? ""
                                                        : " (incomplete)";
    table.add({decision.keep ? "  keep" : "  remove", decision.id.short_hex(),
               format_local(decision.time),
               fmt::format("{}{}", fmt::join(decision.reasons, ", "), remark)});
    context.console.emit(JsonObject::line("decision")
                             .text("volume", volume.text())
                             .text("set", set)
                             .text("snapshot", decision.id.hex())
                             .time("time", decision.time)
                             .boolean("complete", decision.complete)
                             .boolean("damaged", damaged)
                             .boolean("keep", decision.keep)
                             .list("reasons", decision.reasons));
  }
  context.console.say(fmt::format("{}, {}:\n{}", printable(volume.text()),
                                  set.empty() ? "snapshots of others" : "set " + printable(set),
                                  table.text()));
}

// Of two clocks that differ, the earlier one: what is after it is kept. A dry run judges by it,
// too, and so asks the store as a prune does, with a claim that comes and goes.
Timestamp now_for_rules(Context& context, stores::SnapshotStore& store) {
  constexpr std::int64_t kMuch = 3600;
  const Timestamp here = context.io.clock.now();
  const Timestamp there = store.storage_time();
  if (there == Timestamp{}) return here;
  if (std::abs(here.seconds - there.seconds) > kMuch) {
    context.console.warn(
        fmt::format("the clock of this machine says {}, and that of the store {}; the rules go by "
                    "the earlier one; set the other right",
                    format_local(here), format_local(there)));
  }
  return std::min(here, there);
}

// Which snapshots of a native copy still are what was backed up, nobody knows for certain, and the
// newest, that every rule would keep, may be the one that is not.
void keep_all(std::vector<retention::Decision>& decisions, const std::string& reason) {
  for (auto& decision : decisions) {
    if (!decision.keep) decision.reasons = {reason};
    decision.keep = true;
  }
}

// Decides about each group, says so, and returns what goes.
std::vector<Snapshot> decide(Context& context, stores::SnapshotStore& store,
                             const std::vector<Snapshot>& snapshots,
                             const retention::KeepRules& rules, Timestamp now) {
  std::set<std::pair<VolumeName, ObjectId>> gone;
  const Doubts doubts = doubts_of(store, snapshots);
  const Doubts lost = store.proves_content() ? doubts : Doubts();
  for (auto& [group, candidates] : grouped(snapshots, store)) {
    // What lost a part costs no other its place, as what lacks one.
    for (auto& candidate : candidates) {
      if (lost.contains({group.first, candidate.id})) candidate.complete = false;
    }
    auto decisions = retention::decide(candidates, rules, now);
    const auto against = doubts.find({group.first, candidates.back().id});
    if (!store.proves_content() && against != doubts.end()) {
      keep_all(decisions, "nothing goes, because of the copy this is known: " + against->second);
    }
    report_group(context, group.first, group.second, decisions, lost);
    for (const auto& decision : decisions) {
      if (!decision.keep) gone.emplace(group.first, decision.id);
    }
  }
  std::vector<Snapshot> removed;
  for (const auto& snapshot : snapshots) {
    if (gone.contains({snapshot.volume, snapshot.id})) removed.push_back(snapshot);
  }
  return removed;
}

// What removing `chosen` frees, which a dry run only works out.
std::optional<stores::CollectFindings> collect(Context& context, stores::SnapshotStore& store,
                                               const std::vector<Snapshot>& chosen, bool dry_run) {
  Progress progress;
  stores::CollectRequest request;
  request.dry_run = dry_run;
  if (dry_run) {
    for (const auto& snapshot : chosen) request.as_if_forgotten.push_back(snapshot.id);
  }
  request.progress = &progress;
  request.cancellation = &context.io.cancellation;
  const ProgressDisplay display(context, progress);
  return store.collect(request);
}

void report_native(Context& context, std::size_t kept, std::size_t removed, bool dry_run) {
  context.console.emit(JsonObject::line(dry_run ? "prune_plan" : "prune")
                           .number("snapshots_kept", kept)
                           .number("snapshots_removed", removed));
}

void report_discarded(Context& context, const std::vector<stores::Leftover>& leftovers) {
  for (const auto& leftover : leftovers) {
    const std::string line = fmt::format(
        "{}: discarded {}what a receive left half done", printable(leftover.volume.text()),
        leftover.bytes == 0 ? "" : human_size(leftover.bytes) + " of ");
    context.console.say(line + "\n");
    context.console.emit(JsonObject::line("discarded").text("message", line));
  }
}

// Who may still need what could go: each is named, so that one that is dead can be found.
void report_deferred(Context& context, bool dry_run, const stores::CollectFindings& found) {
  if (found.packs_deferred == 0) return;
  context.console.say(dry_run ? fmt::format("{} in {} would wait for a later prune\n",
                                            human_size(found.bytes_deferred),
                                            counted(found.packs_deferred, "pack", "packs"))
                              : fmt::format("{} in {} not freed yet: a later prune does\n",
                                            human_size(found.bytes_deferred),
                                            counted(found.packs_deferred, "pack is", "packs are")));
  for (const auto& claim : found.deferred_to) {
    context.console.say(fmt::format("  {} may still need some of it: claim {}, {}\n",
                                    printable(claim_owner(claim)), claim.id.short_hex(),
                                    claim.state));
  }
  if (!found.deferred_to.empty()) {
    context.console.say(
        "  if one of them is certainly dead, end its claim with 'snapferry claims remove'\n");
  }
  if (found.deferred_to_new_snapshots) {
    context.console.say("  a snapshot that was committed meanwhile may need some of it\n");
  }
}

void report_leftovers(Context& context, const stores::CollectFindings& found) {
  for (const auto& id : found.torn_manifests) {
    context.console.warn(fmt::format(
        "snapshots/{}: was cut short before its backup had committed it, and was removed",
        id.hex()));
    context.console.emit(JsonObject::line("torn_manifest").text("snapshot", id.hex()));
  }
  for (const auto& id : found.void_manifests) {
    context.console.emit(JsonObject::line("void_manifest").text("snapshot", id.hex()));
  }
  for (const auto& damage : found.damages) {
    context.console.warn(printable(damage.object) + ": " + printable(damage.message));
    context.console.emit(
        JsonObject::line("damage").text("object", damage.object).text("message", damage.message));
  }
  if (!found.damages.empty()) {
    context.console.warn(
        "the repository is damaged; nothing was removed that the damaged snapshots may need; see: "
        "snapferry verify");
  }
}

void report_asides(Context& context, bool dry_run, const stores::CollectFindings& found) {
  if (found.asides_removed == 0) return;
  context.console.say(
      fmt::format("{} {} in {} that 'repair' set aside over 90 days ago\n",
                  dry_run ? "would remove" : "removed", human_size(found.bytes_of_asides),
                  counted(found.asides_removed, "damaged object", "damaged objects")));
}

void report_freed(Context& context, bool dry_run, const stores::CollectFindings& found) {
  if (found.packs_removed == 0) {
    if (found.packs_deferred == 0) context.console.say("nothing to free\n");
    return;
  }
  // Small ones that are put together, or damaged ones.
  if (found.bytes_freed == 0 && found.packs_rewritten == found.packs_removed) {
    context.console.say(fmt::format("{} {}; that frees nothing\n",
                                    dry_run ? "would repack" : "repacked",
                                    counted(found.packs_rewritten, "pack", "packs")));
    return;
  }
  context.console.say(fmt::format(
      "{} {} of {}: {} removed, {} of them repacked\n", dry_run ? "would free" : "freed",
      human_size(found.bytes_freed), human_size(found.bytes_before),
      counted(found.packs_removed, "pack", "packs"), human_count(found.packs_rewritten)));
}

void report(Context& context, std::size_t kept, std::size_t removed, bool dry_run,
            const stores::CollectFindings& found) {
  report_freed(context, dry_run, found);
  report_deferred(context, dry_run, found);
  if (found.lacks_room) {
    context.console.say(
        "no room to write packs again that are only partly needed: what else they hold stays\n");
  }
  report_asides(context, dry_run, found);
  report_leftovers(context, found);
  for (const auto& claim : found.deferred_to) {
    context.console.emit(claim_json("deferred_to", claim));
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
                           .number("bytes_deferred", found.bytes_deferred)
                           .number("bytes_unused_left", found.bytes_unused_left)
                           .number("asides_removed", found.asides_removed)
                           .boolean("lacks_room", found.lacks_room));
}

ExitCode run_prune(Context& context) {
  const auto rules = read_rules(context.options);
  const bool dry_run = context.options.has("--dry-run");
  const auto store = open_store(context);
  const auto snapshots = in_question(context, *store, list_snapshots(context, *store));
  std::vector<Snapshot> chosen;
  if (rules) {
    chosen = decide(context, *store, snapshots, *rules, now_for_rules(context, *store));
  }
  std::vector<VolumeFailure> failures;
  context.console.flush();  // whatever happens then, it was said what goes
  if (!dry_run) {
    RetirementsKept retirements(context, *store, chosen);
    failures = store->forget(chosen);
    retirements.carry_on();
  }
  const auto found = collect(context, *store, chosen, dry_run);
  if (!dry_run) report_discarded(context, store->discard_leftovers());
  const std::size_t removed = chosen.size() - std::min(failures.size(), chosen.size());
  const std::size_t kept = snapshots.size() - removed;
  report_failures(context, failures);
  context.console.say(fmt::format("{} {}, {} kept\n", dry_run ? "would remove" : "removed",
                                  counted(removed, "snapshot", "snapshots"), human_count(kept)));
  if (found) {
    report(context, kept, removed, dry_run, *found);
  } else {
    report_native(context, kept, removed, dry_run);
  }
  if (found && !found->damages.empty()) return ExitCode::Damaged;
  return failures.empty() ? ExitCode::Success : ExitCode::SomeFilesFailed;
}

OptionSpec keep_option(std::string_view name, std::string_view help) {
  return {.name = name, .value = "N", .help = help};
}

}  // namespace

const CommandSpec& prune_command() {
  static const CommandSpec spec = {
      .name = "prune",
      .summary = "remove snapshots by rules, and reclaim unused space",
      .description =
          "Decides about the snapshots of each volume and set on its own: a snapshot stays if any "
          "of the rules keeps it, and the newest always stays. Each decision is shown with its "
          "reasons. A snapshot that is incomplete, or of which something is known to be damaged or "
          "lost, costs no other its place: the newest that is neither stays, too. Of a volume "
          "whose "
          "native copies are known to be changed or damaged nothing "
          "goes. "
          "Then it frees what no snapshot references. Without any rule, no snapshot is "
          "removed, and only that space is freed. Native snapshots free theirs when they go; what "
          "an "
          "interrupted receive left that cannot be carried on goes, too, unless somebody is "
          "receiving it; what could go on, as on ZFS, once no byte of it came between prunes that "
          "are 14 days apart. Each is named.\n\n"
          "Native snapshots that others took are left alone unless --others puts them under the "
          "rules, as one more set of each volume. Within a volume the order in which the store "
          "received them counts, and on btrfs when it did, where a host claims what cannot be: one "
          "whose clock is wrong cannot push out other snapshots. "
          "A snapshot from the future, and one that no clock vouches for because its time cannot "
          "be "
          "true, are kept by rules that go by times, and count for none; 'forget' removes them. "
          "Where the clock of the store and that of this machine differ, the earlier one counts, "
          "in a "
          "--dry-run, too.\n\n"
          "Backups may run meanwhile: nothing that one of them may still reference goes. What "
          "waits "
          "for them is counted apart from what was freed, and each is named; 'snapferry claims' "
          "shows and removes those that are dead and cannot be told to be. First goes what can go "
          "whole, which needs no room; then packs that are partly needed are written again, part "
          "by part. Interrupted, it leaves everything that is needed in place. A snapshot that "
          "something else holds stays and is named; the exit code is 3 then. Damage does not stop "
          "it: what a damaged snapshot may need stays, and the exit code is 13.",
      .arguments =
          {{.name = "VOLUME",
            .help = "decide only about the snapshots of these volumes; without a host, this one's",
            .kind = WordKind::Volume,
            .required = false,
            .repeatable = true}},
      .options =
          {keep_option("--keep-last", "keep the last N"),
           {.name = "--keep-within", .value = "DURATION", .help = "keep all newer than DURATION"},
           keep_option("--keep-hourly", "keep the last of each of the last N hours that have one"),
           keep_option("--keep-daily", "keep the last of each of the last N days that have one"),
           keep_option("--keep-weekly", "keep the last of each of the last N weeks that have one"),
           keep_option("--keep-monthly",
                       "keep the last of each of the last N months that have one"),
           keep_option("--keep-yearly", "keep the last of each of the last N years that have one"),
           {.name = "--others", .help = "apply the rules to native snapshots of others, too"},
           {.name = "--dry-run", .letter = 'n', .help = "show the decisions, and change nothing"}},
      .examples = {{"snapferry prune --keep-within 2d --keep-daily 14 --keep-monthly 12 --dry-run",
                    "what these rules would do"},
                   {"snapferry prune --store repo:/srv/backups",
                    "frees what forgotten snapshots left"},
                   {"snapferry prune --keep-daily 14 --store zfs:backup/snapferry",
                    "native snapshots, by the same rules"}},
      .filters_sets = true,
      .own_volumes_only = true,
      .run = run_prune};
  return spec;
}

}  // namespace snapferry::cli
