#include <algorithm>
#include <map>
#include <optional>
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

using Changes = std::map<std::string, ExpectationChange>;  // by host

// "HOST:*" is all that is known of a host; no name of a volume looks like that.
std::optional<std::string> whole_host(const std::string& word) {
  constexpr std::string_view kAll = ":*";
  if (!word.ends_with(kAll)) return std::nullopt;
  const std::string host = word.substr(0, word.size() - kAll.size());
  if (host.empty() || host.find_first_of("/:") != host.npos) return std::nullopt;
  return host;
}

std::set<VolumeName> known_of_host(const std::vector<Snapshot>& known, const std::string& host) {
  std::set<VolumeName> volumes;
  for (const Snapshot& snapshot : known) {
    if (snapshot.volume.host == host) volumes.insert(snapshot.volume);
  }
  if (!volumes.empty()) return volumes;
  throw Error(ErrorKind::NotFound,
              fmt::format("{}: the store knows no volume of that host; 'snapferry list' and "
                          "'snapferry check' show the hosts",
                          printable(host)));
}

// As lists show a name that cannot be printed, where that is one alone.
std::optional<VolumeName> shown_as(const std::vector<Snapshot>& known, const std::string& word) {
  std::set<VolumeName> found;
  for (const Snapshot& snapshot : known) {
    if (printable(snapshot.volume.text()) == word) found.insert(snapshot.volume);
  }
  return found.size() == 1 ? std::optional(*found.begin()) : std::nullopt;
}

VolumeName chosen_volume(Context& context, const std::vector<Snapshot>& known,
                         const std::string& word) {
  try {
    return select_volume(known, word, standpoint(context));
  } catch (const OnOtherHosts&) {
    throw;  // says which
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::NotFound) throw;
    if (const auto volume = shown_as(known, word)) return *volume;
    throw Error(ErrorKind::NotFound,
                fmt::format("{}: no such volume; 'snapferry check --verbose' names what is "
                            "expected and what is retired",
                            printable(word)));
  }
}

bool is_expected(const Expected& expected, const VolumeName& volume) {
  return expected.missing.contains(volume) || expected.counted.contains(volume);
}

// All are found before the first is retired, so that a mistyped one changes nothing.
std::set<VolumeName> chosen_volumes(Context& context, const std::vector<Snapshot>& known,
                                    const Expected& expected) {
  const bool undo = context.options.has("--undo");
  std::set<VolumeName> chosen;
  for (const auto& word : context.options.arguments) {
    if (const auto host = whole_host(word)) {
      for (const VolumeName& volume : known_of_host(known, *host)) {
        if (undo ? expected.retired.contains(volume) : is_expected(expected, volume)) {
          chosen.insert(volume);
        }
      }
      continue;
    }
    const VolumeName volume = chosen_volume(context, known, word);
    if (undo && !expected.retired.contains(volume)) {
      throw Error(ErrorKind::NotFound,
                  fmt::format("{}: is not retired; 'snapferry check' counts it already",
                              printable(volume.text())));
    }
    chosen.insert(volume);
  }
  return chosen;
}

// In each set that has it or asked for it.
void retire(const VolumeName& volume, const Expected& expected, ExpectationChange& change) {
  if (const auto found = expected.counted.find(volume); found != expected.counted.end()) {
    for (const auto& [set, arrival] : found->second) change.retire[set][volume.path] = arrival;
  }
  if (const auto found = expected.missing.find(volume); found != expected.missing.end()) {
    for (const auto& set : found->second.sets) change.retire[set].emplace(volume.path, Arrival{});
  }
}

Changes changes_for(const Expected& expected, const std::set<VolumeName>& chosen, bool undo) {
  Changes changes;
  for (const VolumeName& volume : chosen) {
    ExpectationChange& change = changes[volume.host];
    if (const auto found = expected.ended.find(volume.host); found != expected.ended.end()) {
      change.ended = found->second;
    }
    if (!undo) {
      retire(volume, expected, change);
    } else if (const auto found = expected.retired.find(volume); found != expected.retired.end()) {
      for (const auto& set : found->second) change.expect_again[set].insert(volume.path);
    }
  }
  return changes;
}

// Takes what was refused out of `chosen`; true if nothing was.
bool carry_out(Context& context, stores::SnapshotStore& store, const Changes& changes,
               std::set<VolumeName>& chosen) {
  bool all = true;
  for (const auto& [host, change] : changes) {
    const auto failures = store.change_expectations(host, change);
    report_failures(context, failures);
    for (const auto& failure : failures) chosen.erase({host, failure.volume});
    all = all && failures.empty();
  }
  return all;
}

std::string_view done_word(bool undo, bool dry_run) {
  if (undo) return dry_run ? "would be expected again" : "is expected again";
  return dry_run ? "would be retired" : "is retired";
}

ExitCode run_retire(Context& context) {
  const auto store = open_store(context);
  const auto snapshots = list_or_expect(context, *store);
  const Expected expected = expected_of(context, *store);
  auto chosen = chosen_volumes(context, with_expected(snapshots, expected), expected);
  const bool undo = context.options.has("--undo");
  const bool dry_run = context.options.has("--dry-run");
  const bool all =
      dry_run || carry_out(context, *store, changes_for(expected, chosen, undo), chosen);
  const auto set = context.options.given("--set");
  const std::string in_set = set ? " in set " + printable(*set) : "";
  for (const VolumeName& volume : chosen) {
    context.console.say(
        fmt::format("{} {}{}\n", printable(volume.text()), done_word(undo, dry_run), in_set));
    JsonObject object = JsonObject::line(undo ? "expected_again" : "retired");
    object.text("volume", volume.text()).boolean("dry_run", dry_run);
    if (set) object.text("set", *set);
    context.console.emit(object);
  }
  if (all) return ExitCode::Success;
  return chosen.empty() ? ExitCode::Failure : ExitCode::SomeFilesFailed;
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
          "prune treats them by its rules like any others; 'forget --all' removes them, and the "
          "retirement with them.\n\n"
          "Without --set it is retired in each set that has it or asked for it, with --set in that "
          "one alone: where a weekly job has ended and the hourly one goes on. The next backup of "
          "the volume in a set ends that there by itself; --undo does, too. What never arrived "
          "stays retired though jobs of that set ask for it again, and --undo has it expected at "
          "once. A name that the store does not know, of this host where it says no other, is an "
          "error, and then nothing is changed; what there is no "
          "room for in the record of its host is named, and stays expected. Volumes of native "
          "stores are retired on the machine of the store: no key of an agent can.",
      .arguments = {{.name = "VOLUME",
                     .help = "a volume, a name that 'check' says was asked for, or HOST:* for all "
                             "of a host",
                     .kind = WordKind::Volume,
                     .repeatable = true}},
      .options = {{.name = "--undo", .help = "expect backups of the volumes again"},
                  {.name = "--dry-run",
                   .letter = 'n',
                   .help = "name the volumes, and change nothing"}},
      .examples = {{"snapferry retire web1:/srv/old --store repo:/srv/backups",
                    "a directory that is gone for good"},
                   {"snapferry retire web1:/srv --set weekly", "its weekly job has ended"},
                   {"snapferry retire 'web1:*'", "a machine that is gone"},
                   {"snapferry retire web1:zfs:tank/db --undo --store zfs:backup/snapferry",
                    "it is to be backed up again"}},
      .filters_sets = true,
      .own_volumes_only = true,
      .run = run_retire};
  return spec;
}

}  // namespace snapferry::cli
