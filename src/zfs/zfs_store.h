#pragma once

#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

#include "core/store.h"
#include "platform/clock.h"
#include "platform/command.h"
#include "zfs/host_memory.h"
#include "zfs/known_store.h"
#include "zfs/pool_calls.h"
#include "zfs/replica_safety.h"
#include "zfs/store_layout.h"
#include "zfs/store_look.h"
#include "zfs/store_places.h"
#include "zfs/store_receiver.h"
#include "zfs/zfs_version.h"

namespace snapferry::zfs {

struct ZfsStoreOptions {
  Privilege privilege = own_privilege();
  std::optional<ZfsVersion> version{};  // nullopt: asks the system when it is needed first
};

// A ZFS dataset as a store, through the `zfs` command and PoolCalls; names as in
// zfs/store_layout.h. Threads, errors and effects as Store says.
//
// Processes: one for features(), once; one for inventory(), which tells the identity, too (two
// where there is nothing yet);
// for receive() `zfs receive`, for a first stream also a listing; for destroy() three listings, and
// one more process where that takes the last snapshot; for record_unchanged() one; for
// change_expectations() three where that changes anything, since others may write at the same time.
// What inventory() found is remembered (known_store.h), so that receive() need not look again; the
// kernel checks it all the same.
class ZfsStore : public Store {
 public:
  // `dataset` as in "backup/snapferry". Borrows the others. Throws InvalidArgument.
  ZfsStore(platform::Commands& commands, PoolCalls& calls, std::string dataset,
           platform::Clock& clock, ZfsStoreOptions options = {});

  std::string name() const override;
  std::string identity() override;
  StreamFeatures features() override;
  std::vector<ReplicaState> inventory(const std::string& host) override;
  void receive(const ReceiveRequest& request, Stream& stream) override;
  void describe(const std::vector<ReplicaDescription>& replicas) override;
  VolumeProperties description(const VolumeName& volume, const Point& snapshot) override;
  void abort_partial(const VolumeName& volume) override;
  bool give_up_partial(const VolumeName& volume) override;
  VolumeName set_aside(const VolumeName& volume) override;
  void move(const VolumeName& from, const VolumeName& to) override;
  void record_unchanged(const std::string& set, std::int64_t time,
                        const std::vector<VolumeName>& volumes) override;
  Expectations expectations(const std::string& host) override;
  std::vector<VolumeFailure> change_expectations(const std::string& host,
                                                 const ExpectationChange& change) override;
  std::unique_ptr<Stream> send(const VolumeName& volume, const StreamRequest& request) override;
  std::unique_ptr<SnapshotView> browse(const VolumeName& volume, const Point& snapshot) override;
  std::vector<VolumeFailure> destroy(const VolumeName& volume,
                                     const std::vector<Point>& snapshots) override;
  std::vector<ReplicaDamage> verify(const ReplicaState& replica, bool read_data, Progress* progress,
                                    const Cancellation* cancellation) override;

 private:
  void mark_as_empty(const std::string& dataset);
  void keep_description_of(const VolumeName& from, const VolumeName& to,
                           const std::string& dataset);

  platform::Commands& commands_;
  PoolCalls& calls_;
  const StoreLayout layout_;
  platform::Clock& clock_;
  std::optional<ZfsVersion> version_;
  std::optional<StreamFeatures> receivable_;  // by the pool

  KnownStore known_;
  StoreLook look_;
  StorePlaces places_;
  StoreReceiver receiver_;
  HostMemory memory_;
  // Held shared by receives, and alone where datasets are renamed under them.
  std::shared_mutex renames_;
};

// Makes `dataset` with its parents as a new store that never mounts. Throws AlreadyExists if there
// is such a dataset, NotFound if its pool is not there.
void create_store(platform::Commands& commands, PoolCalls& calls, platform::Clock& clock,
                  const std::string& dataset);

}  // namespace snapferry::zfs
