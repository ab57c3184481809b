#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/snapshot.h"
#include "core/volume.h"
#include "platform/command.h"
#include "zfs/known_store.h"
#include "zfs/store_layout.h"
#include "zfs/store_listing.h"

namespace snapferry::zfs {

// Asks the system what is in a store, and has it known from then on. Each call but name() is one
// process, needed() none where it is known already. Throws as `zfs list` fails.
class StoreLook {
 public:
  // Borrows everything.
  StoreLook(platform::Commands& commands, const StoreLayout& layout, KnownStore& known)
      : commands_(commands), layout_(layout), known_(known) {}

  // "zfs:backup/snapferry"
  std::string name() const;
  // What the store is, and which encryption there is in it; writes down its identity where a
  // listing would not tell it. Throws NoSuchStore.
  void look_at_store();
  // `root` and all that is below it.
  StoreContents list(const std::string& root);
  // The replica of the volume, or what else is in its place.
  std::optional<StoreDataset> look_again(const VolumeName& volume);
  // The same, known or not. Throws NotFound.
  StoreDataset needed(const VolumeName& volume);
  // As unsafe_properties() says it of a dataset.
  std::vector<std::string> what_is_unsafe(VolumeType type, const std::string& dataset);

 private:
  platform::Commands& commands_;
  const StoreLayout& layout_;
  KnownStore& known_;
};

}  // namespace snapferry::zfs
