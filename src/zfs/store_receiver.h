#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/store.h"
#include "platform/command.h"
#include "zfs/known_store.h"
#include "zfs/replica_safety.h"
#include "zfs/store_layout.h"
#include "zfs/store_look.h"
#include "zfs/store_places.h"

namespace snapferry::zfs {

// Takes streams into replicas, with what their volumes are beside their files. Safe from several
// threads; nobody may rename datasets meanwhile.
class StoreReceiver {
 public:
  // Borrows everything.
  StoreReceiver(platform::Commands& commands, const StoreLayout& layout, KnownStore& known,
                StorePlaces& places, StoreLook& look, Privilege privilege)
      : commands_(commands),
        layout_(layout),
        known_(known),
        places_(places),
        look_(look),
        privilege_(privilege) {}

  // As Store::describe() says.
  void describe(const std::vector<ReplicaDescription>& replicas);
  // As Store::receive() says; returns the dataset that the stream went into, which may stand beside
  // its place (store_layout.h).
  std::string receive(const ReceiveRequest& request, Stream& stream);

 private:
  std::string target_of(const ReceiveRequest& request);
  void check_base(const ReceiveRequest& request);
  void check_features(const ReceiveRequest& request, const std::string& dataset);
  std::optional<VolumeProperties> told(const VolumeName& volume);
  void keep_description(const ReceiveRequest& request, StoreDataset& replica);
  std::vector<std::string> first_receive_options(const ReceiveRequest& request);
  void run_receive(const ReceiveRequest& request, const std::string& dataset, Stream& stream);
  void look_at_first(const ReceiveRequest& request, const std::string& dataset);
  void remember_added(StoreDataset dataset, const StreamRequest& stream);

  platform::Commands& commands_;
  const StoreLayout& layout_;
  KnownStore& known_;
  StorePlaces& places_;
  StoreLook& look_;
  const Privilege privilege_;
  std::mutex descriptions_mutex_;
  std::map<VolumeName, VolumeProperties> descriptions_;  // as describe() told
};

}  // namespace snapferry::zfs
