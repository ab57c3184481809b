#include "cli/snapshots.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "cli/format.h"
#include "cli/source_path.h"
#include "core/volume_path.h"

namespace snapferry::cli {

Standpoint standpoint(const Context& context) {
  std::error_code error;
  return {.host = own_host(context),
          .directory = std::filesystem::current_path(error).string(),
          .without_host = context.options.command->own_volumes_only ? WithoutHost::OwnHost
                                                                    : WithoutHost::AnyHost,
          .led_to = path_led_to};
}

const Snapshot& choose_snapshot(Context& context, const std::vector<Snapshot>& snapshots,
                                const std::string& selector) {
  const Standpoint here = standpoint(context);
  const Snapshot& snapshot = select_snapshot(snapshots, selector, here);
  // Full paths alone are taken for other hosts' volumes.
  const VolumeName& volume = snapshot.volume;
  if (volume.host != here.host && selector.starts_with(volume.path) && !context.console.quiet()) {
    context.console.warn_once(
        fmt::format("{}: this host, {}, has no volume of that name; this is {}",
                    printable(volume.path), printable(here.host), printable(volume.text())));
  }
  return snapshot;
}

Snapshot find_snapshot(Context& context, stores::SnapshotStore& store,
                       const std::string& selector) {
  const auto snapshots = list_snapshots(context, store);
  Snapshot snapshot = choose_snapshot(context, snapshots, selector);
  store.complete(snapshot);
  return snapshot;
}

std::string path_in_volume(const TreeReader& reader, const Snapshot& snapshot,
                           const std::string& path) {
  const std::string root = host_path(snapshot.volume);
  if (root.empty() || !path.starts_with('/')) return path;
  const std::string volume = tidy_path(root);
  const std::string full = tidy_path(path);
  if (!full.starts_with(volume)) return path;
  const std::string rest = full.substr(volume.size());
  if (!rest.empty() && rest[0] != '/' && !volume.empty()) return path;
  return reader.resolve(snapshot.root, rest) ? rest : path;
}

std::map<VolumeName, std::vector<Snapshot>> by_volume(Context& context,
                                                      const std::vector<Snapshot>& snapshots,
                                                      const std::string& selector) {
  std::map<VolumeName, std::vector<Snapshot>> volumes;
  for (const auto& snapshot : snapshots) volumes[snapshot.volume].push_back(snapshot);
  if (selector.empty()) return volumes;
  const VolumeName wanted = select_volume(snapshots, selector, standpoint(context));
  return {{wanted, std::move(volumes.at(wanted))}};
}

bool warn_of_doubt(Context& context, stores::SnapshotStore& store, const Snapshot& snapshot) {
  if (store.proves_content()) return false;
  const std::string against = store.known_against(snapshot);
  if (against.empty()) return false;
  context.console.warn(
      fmt::format("{}: {}; what was restored may not be what was backed up: compare it, or restore "
                  "an earlier snapshot",
                  printable(snapshot.volume.text()), printable(against)));
  return true;
}

void report_failures(Context& context, const std::vector<VolumeFailure>& failures) {
  for (const auto& failure : failures) {
    context.console.warn(fmt::format("{}: {}", printable(failure.volume), failure.message));
    context.console.emit(JsonObject::line("volume_failed")
                             .text("volume", failure.volume)
                             .text("message", failure.message));
  }
}

std::string OwnerNames::of(std::uint32_t id) const {
  const auto found =
      std::lower_bound(names_.begin(), names_.end(), id,
                       [](const OwnerName& name, std::uint32_t value) { return name.id < value; });
  if (found == names_.end() || found->id != id) return std::to_string(id);
  return printable(found->name);
}

}  // namespace snapferry::cli
