#include "cli/restore_volume.h"

#include <chrono>

#include <fmt/format.h>

#include "cli/format.h"
#include "cli/progress_display.h"
#include "cli/snapshots.h"
#include "cli/store.h"
#include "core/snapshot_selector.h"
#include "core/wall_time.h"
#include "stores/native_store.h"
#include "stores/open.h"

namespace snapferry::cli {
namespace {

void refuse_what_chooses_files(const Invocation& options) {
  const auto refuse = [](std::string_view what) {
    throw Error(ErrorKind::InvalidArgument,
                fmt::format("{}: a whole volume is restored as it was; leave it out, or give "
                            "--target DIR to restore files",
                            what));
  };
  if (options.arguments.size() > 1) refuse(printable(options.argument(1)));
  for (const auto* option : {"--overwrite", "--delete", "--numeric-owner"}) {
    if (options.has(option)) refuse(option);
  }
}

StoreAddress native_store_address(Context& context, const VolumeAddress& target) {
  const std::string text = store_text(context);
  if (is_native_address(text)) {
    auto address = StoreAddress::parse(text);
    if (native_kind_of(address.kind) == target.kind) return address;
  }
  throw Error(ErrorKind::Unsupported,
              fmt::format("{}: a whole volume of kind {} comes out of a store of that kind, and {} "
                          "is none; give --target DIR to restore files",
                          printable(target.text()), kind_name(target.kind), printable(text)));
}

StreamFeatures common(const StreamFeatures& a, const StreamFeatures& b) {
  StreamFeatures both;
  both.large_blocks = a.large_blocks && b.large_blocks;
  both.embedded = a.embedded && b.embedded;
  both.compressed = a.compressed && b.compressed;
  both.raw = a.raw && b.raw;
  return both;
}

StreamRequest request_for(stores::NativeStore& store, VolumeTarget& target,
                          const std::string& volume, const Snapshot& snapshot) {
  StreamRequest request;
  request.volume = snapshot.volume.path;
  request.to = store.point_of(snapshot);
  request.features = common(store.store().features(), target.features(volume));
  const bool raw = store.replica_of(snapshot).raw;
  if (raw && !request.features.raw) {
    throw Error(ErrorKind::Unsupported,
                fmt::format("{}: was received encrypted, and the other end cannot take it so",
                            printable(snapshot.volume.text())));
  }
  request.features.raw = raw;
  return request;
}

void report(Context& context, const Snapshot& snapshot, const VolumeAddress& target,
            std::uint64_t bytes, double seconds) {
  const bool dry_run = context.options.has("--dry-run");
  const std::string volume = printable(snapshot.volume.text());
  const std::string place = printable(target.text());
  if (dry_run) {
    context.console.say(fmt::format("would restore snapshot {} of {} of {} to {}\n",
                                    snapshot.id.short_hex(), volume, format_local(snapshot.time),
                                    place));
  } else {
    context.console.say(fmt::format("restored snapshot {} of {} of {} to {}: {} in {:.1f} s\n",
                                    snapshot.id.short_hex(), volume, format_local(snapshot.time),
                                    place, human_size(bytes), seconds));
  }
  context.console.emit(JsonObject::line(dry_run ? "restore_plan" : "restore")
                           .text("snapshot", snapshot.id.hex())
                           .text("volume", snapshot.volume.text())
                           .text("target", target.text())
                           .number("bytes", bytes)
                           .real("seconds", seconds));
}

// What it was beside its files; nothing where the store has no word of it.
VolumeProperties description_of(Context& context, stores::NativeStore& store,
                                const Snapshot& snapshot) {
  try {
    return store.store().description(snapshot.volume, store.point_of(snapshot));
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::Cancelled) throw;
    context.console.warn(fmt::format("{}: its properties cannot be restored: {}",
                                     printable(snapshot.volume.text()), error.message()));
    return {};
  }
}

std::string comma_list(const std::vector<std::string>& parts) {
  std::string text;
  for (const auto& part : parts) text += (text.empty() ? "" : ", ") + printable(part);
  return text;
}

// False: some of it could not be restored.
bool complete(Context& context, VolumeTarget& place, const VolumeAddress& target, VolumeType type,
              const VolumeProperties& properties) {
  const auto completion = place.complete(target.local_text(), type, properties);
  if (!completion.left.empty()) {
    context.console.say(fmt::format(
        "  not restored, as it mounts, shares or runs something: {}; set it with zfs set where you "
        "want it\n",
        comma_list(completion.left)));
  }
  for (const auto& failure : completion.failed) {
    context.console.warn(fmt::format("{}: could not be given back {}", printable(target.text()),
                                     printable(failure)));
  }
  return completion.failed.empty();
}

void say_what_is_left_to_do(Context& context, const VolumeAddress& target, VolumeType type) {
  if (context.options.has("--dry-run")) return;
  // A stream tells of them only where they changed (Linux 6.18, fs/btrfs/send.c).
  if (target.kind == VolumeKind::Btrfs) {
    context.console.say(
        "  flags of files (immutable, append-only, no copy-on-write) are not part of btrfs streams "
        "and were not restored; set them with chattr where you want them\n");
  }
  // The agent that made it may mount nothing, so that its key can put nothing over a directory
  // there.
  if (!target.is_remote() || target.kind != VolumeKind::Zfs || type != VolumeType::Filesystem)
    return;
  context.console.say(
      fmt::format("  it is not mounted yet; run 'zfs mount {}' there\n", printable(target.name)));
}

}  // namespace

ExitCode restore_volume(Context& context, const VolumeAddress& target) {
  refuse_what_chooses_files(context.options);
  const StoreAddress address = native_store_address(context, target);
  const auto endpoints = endpoints_of(context);
  const auto surroundings = surroundings_for(context, address);
  stores::NativeStore store(stores::open_native(address, surroundings, *endpoints),
                            context.io.clock, own_host(context));
  const auto snapshots = list_snapshots(context, store);
  const Snapshot& snapshot = choose_snapshot(context, snapshots, context.options.argument(0));
  const auto place = endpoints->target(target);
  place->require_free(target.local_text());
  const StreamRequest request = request_for(store, *place, target.local_text(), snapshot);
  const VolumeType type = store.replica_of(snapshot).type;
  const auto properties = description_of(context, store, snapshot);
  Progress progress;
  progress.begin("restoring");
  const auto began = std::chrono::steady_clock::now();
  if (!context.options.has("--dry-run")) {
    const ProgressDisplay display(context, progress);
    const auto stream = store.store().send(snapshot.volume, request);
    place->describe(target.local_text(), type, properties);
    place->restore(target.local_text(), type, request, *stream, &progress,
                   &context.io.cancellation);
  }
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - began;
  report(context, snapshot, target, progress.bytes, passed.count());
  bool whole = true;
  if (!context.options.has("--dry-run")) {
    whole = complete(context, *place, target, type, properties);
  }
  say_what_is_left_to_do(context, target, type);
  whole &= !warn_of_doubt(context, store, snapshot);
  return whole ? ExitCode::Success : ExitCode::SomeFilesFailed;
}

}  // namespace snapferry::cli
