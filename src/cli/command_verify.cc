#include <charconv>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/context.h"
#include "cli/format.h"
#include "cli/progress_display.h"
#include "cli/store.h"

namespace snapferry::cli {
namespace {

// The percentage of --read-data; 0 without it, 100 without a value.
double read_percent(const Invocation& options) {
  const auto text = options.given("--read-data");
  if (!text) return 0;
  if (text->empty()) return 100;
  std::string_view number = *text;
  if (number.ends_with('%')) number.remove_suffix(1);
  double percent = 0;
  const char* end = number.data() + number.size();
  const auto [rest, error] = std::from_chars(number.data(), end, percent);
  if (error != std::errc() || rest != end || !(percent > 0 && percent <= 100)) {
    throw Error(ErrorKind::InvalidArgument,
                fmt::format("--read-data: '{}' is no percentage; give a number above 0 and up to "
                            "100",
                            printable(*text)));
  }
  return percent;
}

std::string counts(const stores::VerifyFindings& found) {
  const std::string snapshots = counted(found.snapshots, "snapshot", "snapshots");
  if (!found.packs) {
    return fmt::format("{} of {}", snapshots, counted(found.objects, "volume", "volumes"));
  }
  return fmt::format("{}, {}, {}", snapshots, counted(*found.packs, "pack", "packs"),
                     counted(found.objects, "object", "objects"));
}

void report(Context& context, const stores::SnapshotStore& store,
            const stores::VerifyFindings& found) {
  for (const auto& damage : found.damages) {
    context.console.print(
        fmt::format("damaged: {}: {}\n", printable(damage.object), printable(damage.message)));
    context.console.emit(
        JsonObject::line("damage").text("object", damage.object).text("message", damage.message));
  }
  for (const auto& remark : found.remarks) {
    context.console.say(
        fmt::format("no loss: {}: {}\n", printable(remark.object), printable(remark.message)));
    context.console.emit(
        JsonObject::line("remark").text("object", remark.object).text("message", remark.message));
  }
  for (const auto& path : found.affected) {
    context.console.print(fmt::format("affected: snapshot {} of {}: {}\n",
                                      path.snapshot.short_hex(), printable(path.volume.text()),
                                      printable(path.path.empty() ? "/" : path.path)));
    context.console.emit(JsonObject::line("affected")
                             .text("snapshot", path.snapshot.hex())
                             .text("volume", path.volume.text())
                             .text("path", path.path));
  }
  context.console.say(fmt::format("{}: {}: {}, {} read\n", printable(store.name()),
                                  found.ok() ? "no damage" : "damaged", counts(found),
                                  human_size(found.bytes_read)));
  context.console.emit(JsonObject::line("verify")
                           .boolean("ok", found.ok())
                           .number("snapshots", found.snapshots)
                           .number("packs", found.packs.value_or(0))
                           .number("objects", found.objects)
                           .number("bytes_read", found.bytes_read)
                           .number("damages", found.damages.size())
                           .number("remarks", found.remarks.size())
                           .number("affected", found.affected.size()));
}

std::string next_step(stores::Remedy remedy) {
  const std::string new_copy =
      "where the newest snapshot of a volume is affected, the next backup sets that copy aside "
      "and begins a new one with a full stream";
  switch (remedy) {
    case stores::Remedy::Repair:
      return "the next backup of what is affected stores again what is still on its source; then "
             "run: snapferry repair";
    case stores::Remedy::ScrubThenNewCopy:
      return "'zpool scrub' repairs what the pool has twice, and verify again after it; else, " +
             new_copy;
    case stores::Remedy::NewCopy:
      break;
  }
  return new_copy;
}

ExitCode run_verify(Context& context) {
  stores::VerifyRequest request;
  request.read_data = read_percent(context.options);
  const auto store = open_store(context);
  Progress progress;
  request.progress = &progress;
  request.cancellation = &context.io.cancellation;
  stores::VerifyFindings found;
  {
    const ProgressDisplay display(context, progress);
    found = store->verify(request);
  }
  report(context, *store, found);
  if (found.ok()) return ExitCode::Success;
  const std::string next = next_step(store->remedy());
  context.console.warn(
      fmt::format("{}: {} damaged; what is not named above can still be restored; "
                  "{}",
                  store->name(), counted(found.damages.size(), "object is", "objects are"), next));
  return ExitCode::Damaged;
}

}  // namespace

const CommandSpec& verify_command() {
  static const CommandSpec spec = {
      .name = "verify",
      .summary = "verify that backups can be restored",
      .description =
          "Checks that everything that the snapshots reference is in the store, and that each pack "
          "is there, as long as it was written, and has its own table of contents. With "
          "--read-data "
          "it also reads contents back and checks every byte of them; with a percentage, of that "
          "part of the store, chosen anew each time. Damage is named together with the snapshots "
          "and files that it touches; the exit code is 13 then. What is damaged and stored "
          "elsewhere, too, is named and no loss.\n\n"
          "Nothing that is stored is changed. Which contents are damaged is recorded in the store, "
          "or in the cache where the store cannot be written, so that the next backup stores them "
          "again.\n\n"
          "Of native snapshots it checks that each is complete, read-only, and mounts and runs "
          "nothing by itself; --read-data reads all of their files. A btrfs store keeps a note of "
          "the "
          "snapshots with damaged files, until they are read without an error: they are no base of "
          "the next backup, which sets the copy aside and begins a new one.",
      .options = {{.name = "--read-data",
                   .value = "PERCENT",
                   .help = "read contents back, all of them or the given part",
                   .value_optional = true}},
      .examples = {{"snapferry verify --store repo:/srv/backups", "quick: structure and presence"},
                   {"snapferry verify --read-data=5", "and every twentieth pack, byte by byte"},
                   {"snapferry verify --read-data", "everything"}},
      .run = run_verify};
  return spec;
}

}  // namespace snapferry::cli
