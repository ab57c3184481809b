#include "zfs/store_look.h"

#include <algorithm>
#include <map>

#include "core/error.h"
#include "zfs/dataset_name.h"
#include "zfs/listing.h"
#include "zfs/replica_safety.h"
#include "zfs/store_places.h"

namespace snapferry::zfs {

std::string StoreLook::name() const { return volume_of_dataset(layout_.store()); }

void StoreLook::look_at_store() {
  // With the datasets of its hosts, which may have keys of their own.
  const auto listing =
      run_list(commands_, {.columns = {"name", "guid", kIdentityProperty, "encryption"},
                           .types = "filesystem",
                           .depth = 1,
                           .roots = {layout_.store()}});
  if (!listing.missing.empty()) no_such_store(layout_);
  for (const auto& row : listing.rows) {
    if (is_encryption(row[3])) known_.remember_encryption();
  }
  const auto guid = listing.rows.empty() ? std::nullopt : parse_number(listing.rows[0][1]);
  if (!guid) throw Error(ErrorKind::NotFound, name() + ": is no filesystem; name another store");
  const auto identity = Guid::from_number(*guid).hex();
  known_.remember_identity(identity);
  // Without it each run asks once more; so it is no failure where it cannot be written.
  const auto property = identity + "@" + layout_.store();
  if (listing.rows[0][2] != property) {
    commands_.run({"zfs", "set", std::string(kIdentityProperty) + "=" + property, layout_.store()});
  }
}

StoreContents StoreLook::list(const std::string& root) {
  const auto listing = run_list(commands_, store_listing(root));
  auto contents = parse_store_rows(listing.rows, layout_);
  known_.take(root, contents);
  return contents;
}

std::optional<StoreDataset> StoreLook::look_again(const VolumeName& volume) {
  const auto known = known_.replica(volume);
  auto request = store_listing(layout_.replica(volume));
  request.depth = 1;
  request.roots.push_back(layout_.replica(volume) + std::string(kIncoming));
  if (known && known->name != request.roots[0] && known->name != request.roots[1]) {
    request.roots.push_back(known->name);
  }
  const auto listing = run_list(commands_, request);
  for (const auto& missing : listing.missing) known_.forget_tree(missing);
  for (auto& [name, dataset] : parse_store_rows(listing.rows, layout_).datasets) {
    // Of those one level below the listing has no snapshots.
    if (std::find(request.roots.begin(), request.roots.end(), name) != request.roots.end()) {
      known_.remember(std::move(dataset));
    }
  }
  return known_.replica(volume);
}

StoreDataset StoreLook::needed(const VolumeName& volume) {
  auto found = known_.replica(volume);
  if (!found || !found->is_replica()) found = look_again(volume);
  if (!found) {
    throw Error(ErrorKind::NotFound, volume.text() + ": " + name() + " has no backup of it");
  }
  return *found;
}

std::vector<std::string> StoreLook::what_is_unsafe(VolumeType type, const std::string& dataset) {
  const auto columns = safety_columns();
  const auto listing = run_list(
      commands_,
      {.columns = columns, .types = "filesystem,volume", .recursive = false, .roots = {dataset}});
  std::map<std::string, std::string> values;
  for (const auto& row : listing.rows) {
    for (std::size_t i = 0; i < columns.size(); ++i) values[columns[i]] = row[i];
  }
  return unsafe_properties(type, values);
}

}  // namespace snapferry::zfs
