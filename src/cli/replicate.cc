#include "cli/replicate.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "cli/format.h"
#include "cli/status_line.h"
#include "cli/store.h"
#include "cli/volume_group.h"
#include "core/wall_time.h"
#include "replication/snapshot_name.h"
#include "replication/store_source.h"
#include "stores/endpoints.h"
#include "stores/open.h"
#include "stores/store_recognition.h"

namespace snapferry::cli {
namespace {

using replication::RunOptions;
using replication::RunReport;
using replication::VolumeOutcome;

void require_same_kind(const std::string& origin, std::optional<VolumeKind> kind,
                       const StoreAddress& store) {
  if (!kind || kind == native_kind_of(store.kind)) return;
  throw Error(ErrorKind::Unsupported,
              fmt::format("{}: a stream of kind {} needs a store of that kind; give --store {}:…",
                          printable(origin), kind_name(*kind), kind_name(*kind)));
}

void require_same_kind(const std::vector<VolumeAddress>& volumes, const StoreAddress& store) {
  for (const auto& volume : volumes) require_same_kind(volume.text(), volume.kind, store);
}

std::uint64_t parallel_of(const Invocation& options) {
  const std::uint64_t parallel = options.number("--parallel").value_or(2);
  if (parallel >= 1 && parallel <= 64) return parallel;
  throw Error(ErrorKind::InvalidArgument, "--parallel: give a number from 1 to 64");
}

replication::History parse_history(std::string_view text) {
  if (text == "all") return replication::History::All;
  if (text == "new") return replication::History::SinceFirst;
  if (text == "own") return replication::History::Own;
  throw Error(ErrorKind::InvalidArgument,
              fmt::format("--history: '{}' is none; give all, new or own", printable(text)));
}

RunOptions run_options(Context& context) {
  const Invocation& given = context.options;
  RunOptions options;
  options.set = given.text("--set");
  replication::check_set_name(options.set);
  options.parallel = static_cast<unsigned>(parallel_of(given));
  if (const auto rate = given.given("--limit-rate")) options.bytes_per_second = parse_rate(*rate);
  options.dry_run = given.has("--dry-run");
  options.history = parse_history(given.text("--history"));
  options.take_nothing = given.has("--no-snapshot") || given.has("--from");
  options.allow_empty = given.has("--allow-empty");
  if (given.has("--raw") && given.has("--decrypt")) {
    throw Error(ErrorKind::InvalidArgument, "--raw and --decrypt: give one of them");
  }
  if (given.has("--raw")) options.raw = replication::RawPolicy::Raw;
  if (given.has("--decrypt")) options.raw = replication::RawPolicy::Decrypt;
  options.start_anew = given.has("--start-anew");
  options.clock = &context.io.clock;
  options.cancellation = &context.io.cancellation;
  return options;
}

std::string host_of(const Context& context, const VolumeAddress& machine) {
  if (machine.is_remote()) return machine.host();
  return own_host(context);
}

bool is_successful(const VolumeOutcome& volume) {
  return volume.outcome != replication::Outcome::Failed &&
         volume.outcome != replication::Outcome::Conflict;
}

std::string in_words(const VolumeOutcome& volume) {
  switch (volume.outcome) {
    case replication::Outcome::Sent:
      return fmt::format(
          "snapshot {}, {} in {:.1f} s, {}", printable(volume.snapshot), human_size(volume.bytes),
          volume.seconds,
          volume.base.empty() ? "full" : "incremental from " + printable(volume.base));
    case replication::Outcome::Unchanged:
      return fmt::format("unchanged since {}", printable(volume.snapshot));
    case replication::Outcome::Planned:
    case replication::Outcome::Skipped:
    case replication::Outcome::Conflict:
    case replication::Outcome::Failed:
      break;
  }
  return volume.reason;
}

void report(Context& context, const std::string& host, const VolumeOutcome& volume) {
  const std::string source = host + ":" + volume.volume;
  if (is_successful(volume)) {
    std::string text = fmt::format("{}: {}\n", printable(source), in_words(volume));
    if (volume.outcome == replication::Outcome::Planned || context.console.verbose()) {
      if (volume.outcome != replication::Outcome::Planned)
        text += fmt::format("  {}\n", one_line(volume.reason));
      for (const auto& step : volume.steps) text += fmt::format("  {}\n", one_line(step));
    }
    context.console.say(text);
  } else {
    context.console.warn(volume.reason);
  }
  if (!volume.renamed_from.empty()) {
    context.console.say(
        fmt::format("{}: was named {} before; the store has it by its new name{}\n",
                    printable(source), printable(volume.renamed_from),
                    volume.outcome == replication::Outcome::Planned ? " then" : ""));
  }
  if (!volume.warning.empty()) context.console.warn(volume.warning);
  JsonObject object = JsonObject::line("volume");
  object.text("volume", source)
      .text("replica", volume.replica.text())
      .text("outcome", replication::to_string(volume.outcome))
      .text("reason", volume.reason)
      .number("bytes", volume.bytes)
      .real("seconds", volume.seconds)
      .list("steps", volume.steps);
  if (!volume.renamed_from.empty()) object.text("renamed_from", volume.renamed_from);
  if (!volume.snapshot.empty()) object.text("snapshot", volume.snapshot);
  if (!volume.base.empty()) object.text("base", volume.base);
  if (!volume.warning.empty()) object.text("warning", volume.warning);
  if (volume.outcome == replication::Outcome::Failed) object.text("kind", to_string(volume.error));
  if (volume.outcome == replication::Outcome::Conflict) {
    object.text("conflict", replication::to_string(volume.conflict));
  }
  context.console.emit(object);
}

// How the volumes of all groups came out.
struct Sum {
  std::map<replication::Outcome, std::size_t> volumes;
  std::uint64_t bytes = 0;
  std::size_t failed_groups = 0;
  bool cancelled = false;
  std::optional<ErrorKind> failure;  // the first

  std::size_t of(replication::Outcome outcome) const {
    const auto found = volumes.find(outcome);
    return found == volumes.end() ? 0 : found->second;
  }
  std::size_t well() const {
    return of(replication::Outcome::Sent) + of(replication::Outcome::Unchanged) +
           of(replication::Outcome::Planned) + of(replication::Outcome::Skipped);
  }
  std::size_t badly() const {
    return of(replication::Outcome::Conflict) + of(replication::Outcome::Failed) + failed_groups;
  }

  void add(const RunReport& run) {
    for (const auto& volume : run.volumes) {
      ++volumes[volume.outcome];
      if (is_successful(volume) || failure) continue;
      failure =
          volume.outcome == replication::Outcome::Conflict ? ErrorKind::Conflict : volume.error;
    }
    bytes += run.bytes();
    cancelled = cancelled || run.cancelled;
  }

  ExitCode exit_code() const {
    if (cancelled) return ExitCode::Interrupted;
    if (badly() == 0) return ExitCode::Success;
    return well() > 0 ? ExitCode::SomeFilesFailed : exit_code_for(*failure);
  }
};

void report_sum(Context& context, const Sum& sum, bool dry_run) {
  if (dry_run) {
    context.console.say(fmt::format("planned for {}: nothing was changed\n",
                                    counted(sum.well() + sum.badly(), "volume", "volumes")));
  } else {
    context.console.say(
        fmt::format("{} sent, {}; {} unchanged, {} excluded, {} not backed up\n",
                    counted(sum.of(replication::Outcome::Sent), "volume", "volumes"),
                    human_size(sum.bytes), human_count(sum.of(replication::Outcome::Unchanged)),
                    human_count(sum.of(replication::Outcome::Skipped)), human_count(sum.badly())));
  }
  context.console.emit(
      JsonObject::line(dry_run ? "run_plan" : "run")
          .number("sent", sum.of(replication::Outcome::Sent))
          .number("unchanged", sum.of(replication::Outcome::Unchanged))
          .number("planned", sum.of(replication::Outcome::Planned))
          .number("skipped", sum.of(replication::Outcome::Skipped))
          .number("conflicts", sum.of(replication::Outcome::Conflict))
          .number("failed", sum.of(replication::Outcome::Failed) + sum.failed_groups)
          .number("bytes", sum.bytes)
          .boolean("cancelled", sum.cancelled));
}

// Where the volumes are: on machines, or in a store, for a second tier.
struct Origin {
  stores::Endpoints& endpoints;
  Store* tier = nullptr;  // of --from

  std::unique_ptr<Source> source(const VolumeAddress& machine, const std::string& host) const {
    if (tier != nullptr) return std::make_unique<replication::StoreSource>(*tier, host);
    return endpoints.source(machine);
  }
};

// What nobody can be asked about was asked for all the same.
std::unique_ptr<Source> source_or_say_so(const Origin& origin, const VolumeGroup& group,
                                         Store& store, const RunOptions& options) {
  try {
    return origin.source(group.machine, options.host);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::Cancelled || options.dry_run) throw;
    const std::string trouble = replication::record_unreached(store, options);
    if (trouble.empty()) throw;
    throw Error(error.kind(), error.message() + "; and " + trouble);
  }
}

RunReport run_group(Context& context, const Origin& origin, const VolumeGroup& group, Store& store,
                    RunOptions options) {
  replication::RunProgress progress;
  options.host = host_of(context, group.machine);
  options.patterns = group.patterns;
  options.progress = &progress;
  options.name_not_covered = origin.tier == nullptr;
  const auto began = std::chrono::steady_clock::now();
  const StatusLine status(context, [&](std::size_t width) {
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - began;
    return render_run(progress, passed.count(), width);
  });
  const auto source = source_or_say_so(origin, group, store, options);
  return replication::run(*source, store, options);
}

// Not a warning: a disk that lies elsewhere for a season is no trouble.
void report_absent(Context& context, const VolumeGroup& group,
                   const replication::AbsentStore& store) {
  const std::string since = format_utc({store.time, 0});
  std::string words;
  for (const auto& pattern : group.patterns) {
    words += fmt::format(" '{}'", printable(group.address_of(pattern).text()));
  }
  context.console.say(fmt::format(
      "for the store {} of set {}, last backed up to at {}, {} snapshots; if it never comes back: "
      "snapferry cursors --release {} --set {}{}\n",
      store.store, store.set, since, counted(store.volumes, "volume keeps", "volumes keep"),
      store.store, store.set, words));
  context.console.emit(JsonObject::line("absent_store")
                           .text("set", store.set)
                           .text("store", store.store)
                           .time("time", {store.time, 0})
                           .number("volumes", store.volumes));
}

// Not a warning: who does not want them is told, but not bothered.
void report_not_covered(Context& context, const std::vector<std::string>& volumes) {
  constexpr std::size_t kNamed = 10;
  if (volumes.empty()) return;
  std::string names;
  for (std::size_t i = 0; i < std::min(kNamed, volumes.size()); ++i) {
    names += (i == 0 ? "" : ", ") + printable(volumes[i]);
  }
  if (volumes.size() > kNamed) names += ", …";
  context.console.say(fmt::format("not in the copy: {} ({}); name them, too, to take them along\n",
                                  counted(volumes.size(), "nested volume", "nested volumes"),
                                  names));
  context.console.emit(JsonObject::line("not_covered").list("volumes", volumes));
}

void back_up(Context& context, const Origin& origin, const VolumeGroup& group, Store& store,
             const RunOptions& options, bool alone, Sum& sum) {
  try {
    const RunReport run = run_group(context, origin, group, store, options);
    for (const auto& volume : run.volumes) report(context, host_of(context, group.machine), volume);
    for (const auto& warning : run.warnings) context.console.warn(warning);
    for (const auto& note : run.notes) context.console.explain(note);
    for (const auto& absent : run.absent) report_absent(context, group, absent);
    report_not_covered(context, run.not_covered);
    sum.add(run);
  } catch (const NoSuchStore&) {
    throw;
  } catch (const Error& error) {
    if (alone || error.kind() == ErrorKind::Cancelled) throw;
    ++sum.failed_groups;
    if (!sum.failure) sum.failure = error.kind();
    context.console.warn(error.message());
    context.console.emit(JsonObject::line("volume_failed")
                             .text("volume", group.machine.text())
                             .text("kind", to_string(error.kind()))
                             .text("message", error.message()));
  }
  context.console.flush();
}

}  // namespace

std::uint64_t parse_rate(std::string_view text) {
  const std::string_view given = text;
  std::uint64_t unit = 1;
  if (!text.empty()) {
    const auto power = std::string_view("KMGT").find(static_cast<char>(text.back() & ~('a' - 'A')));
    if (power != std::string_view::npos && text.back() > '9') {
      unit <<= 10 * (power + 1);
      text.remove_suffix(1);
    }
  }
  double number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const double rate = number * static_cast<double>(unit);
  if (error != std::errc() || rest != text.data() + text.size() || !(rate >= 1 && rate < 1e18)) {
    throw Error(ErrorKind::InvalidArgument,
                fmt::format("--limit-rate: '{}' is no rate; give bytes per second such as 500K or "
                            "10M",
                            printable(given)));
  }
  return static_cast<std::uint64_t>(rate);
}

std::string render_run(const replication::RunProgress& progress, double seconds,
                       std::size_t width) {
  if (progress.volumes() == 0) return "looking at volumes";
  std::string line = fmt::format("{} of {}", progress.volumes_done(),
                                 counted(progress.volumes(), "volume", "volumes"));
  bool first = true;
  const auto add = [&](const std::string& part, std::string_view separator) {
    if (display_width(line) + separator.size() + display_width(part) > width) return false;
    line += std::string(separator) + part;
    return true;
  };
  const std::uint64_t bytes = progress.bytes();
  if (bytes > 0) add(human_size(bytes), "  ");
  if (bytes > 0 && seconds >= 1) {
    add(human_size(static_cast<std::uint64_t>(static_cast<double>(bytes) / seconds)) + "/s", "  ");
  }
  for (const auto& active : progress.active()) {
    const std::string part =
        fmt::format("{} {}", printable(active.volume), human_size(active.bytes));
    if (!add(part, first ? "  " : ", ")) break;
    first = false;
  }
  return line;
}

namespace {

ExitCode replicate_all(Context& context, const Origin& origin,
                       const std::vector<VolumeGroup>& groups, Store& target,
                       const RunOptions& options) {
  Sum sum;
  for (const auto& group : groups) {
    back_up(context, origin, group, target, options, groups.size() == 1, sum);
  }
  report_sum(context, sum, options.dry_run);
  return sum.exit_code();
}

// Everything that the store has, host by host.
std::vector<VolumeGroup> all_of(Store& tier, VolumeKind kind) {
  std::set<std::string> hosts;
  for (const auto& replica : tier.inventory("")) hosts.insert(replica.volume.host);
  std::vector<VolumeGroup> groups;
  const std::string everything = std::string(kind_name(kind)) + ":**";
  for (const auto& host : hosts) {
    VolumeGroup group;
    group.machine.kind = kind;
    group.machine.remote = host;
    group.patterns = {everything};
    groups.push_back(std::move(group));
  }
  return groups;
}

}  // namespace

ExitCode replicate(Context& context, const std::vector<VolumeAddress>& volumes,
                   const StoreAddress& store) {
  require_same_kind(volumes, store);
  const auto recognition =
      stores::StoreRecognition::of_native(surroundings_for(context, store), store);
  RunOptions options = run_options(context);
  // Its listing says which store it is, so that nothing more has to be asked.
  options.recognise = [&](const std::string& identity) { recognition.recognise(identity); };
  const auto endpoints = endpoints_of(context, options.set);
  const auto target = endpoints->store(store);
  try {
    return replicate_all(context, {*endpoints}, grouped(volumes), *target, options);
  } catch (const NoSuchStore& error) {
    throw recognition.missing(error.message());
  }
}

ExitCode replicate_store(Context& context, const StoreAddress& from,
                         const std::vector<VolumeAddress>& volumes, const StoreAddress& store) {
  const auto kind = native_kind_of(from.kind);
  require_same_kind(from.text(), kind, store);
  require_same_kind(volumes, store);
  RunOptions options = run_options(context);
  // What was received encrypted has its key elsewhere.
  options.raw = replication::RawPolicy::Raw;
  const auto endpoints = endpoints_of(context, options.set);
  const auto tier = stores::open_native(from, surroundings_for(context, from), *endpoints);
  const auto target = stores::open_native(store, surroundings_for(context, store), *endpoints);
  if (tier->identity() == target->identity()) {
    throw Error(
        ErrorKind::InvalidArgument,
        fmt::format("--from: {} is the store itself; name another one", printable(from.text())));
  }
  const auto groups = volumes.empty() ? all_of(*tier, kind.value()) : grouped(volumes);
  return replicate_all(context, {*endpoints, tier.get()}, groups, *target, options);
}

}  // namespace snapferry::cli
