#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "btrfs/group_commit.h"
#include "btrfs/replica_directory.h"
#include "btrfs/run_begin.h"
#include "core/store.h"
#include "platform/fd.h"

namespace snapferry::btrfs {

// A directory on a btrfs as a store; store_layout.h says what lies where. Every snapshot is
// a read-only subvolume whose received_uuid is the identity it has on its source. No process is
// started for anything, all is done by ioctl and needs root; receives are confined to the
// directory of their volume (subvolume_writer.h).
//
// What was received keeps its owners, modes, set-user-id bits and device nodes; only root can reach
// them, because every directory above is of mode 0700. The filesystem is best mounted
// nosuid,nodev all the same: warnings() says where it is not.
//
// A receive cannot be resumed: ReplicaState::partial has no token and says nothing more than that
// there is something, be it left by a receive that was interrupted, or of one that is under way.
// The next receive of that volume removes it, and so does abort_partial(), which throws Busy while
// another process is receiving; so does a second receive of one volume at once. The kernel knows
// who is receiving, by a lock that ends with its process: no age and no clock decide.
class BtrfsStore : public Store {
 public:
  // `directory` is absolute. Looks at nothing yet; what needs it throws NoSuchStore where there is
  // none that create_store() made.
  explicit BtrfsStore(std::string directory);

  std::string name() const override { return "btrfs:" + directory_; }
  std::string identity() override;
  // As they are when first asked for.
  StreamFeatures features() override;
  std::vector<ReplicaState> inventory(const std::string& host) override;
  void receive(const ReceiveRequest& request, Stream& stream) override;
  void abort_partial(const VolumeName& volume) override;
  // "btrfs:/home" becomes "btrfs:/home.diverged-1".
  VolumeName set_aside(const VolumeName& volume) override;
  void move(const VolumeName& from, const VolumeName& to) override;
  // What the store does not have is passed over.
  void record_unchanged(const std::string& set, std::int64_t time,
                        const std::vector<VolumeName>& volumes) override;
  Expectations expectations(const std::string& host) override;
  std::vector<VolumeFailure> change_expectations(const std::string& host,
                                                 const ExpectationChange& change) override;
  std::unique_ptr<Stream> send(const VolumeName& volume, const StreamRequest& request) override;
  std::unique_ptr<SnapshotView> browse(const VolumeName& volume, const Point& snapshot) override;
  std::vector<VolumeFailure> destroy(const VolumeName& volume,
                                     const std::vector<Point>& snapshots) override;
  // With `read_data` every file is read from the disk, past the page cache, so that btrfs checks
  // its checksums; damaged ones are named, and their snapshots are noted in the store
  // (damage_note.h), to be no base of what is received later.
  std::vector<ReplicaDamage> verify(const ReplicaState& replica, bool read_data, Progress* progress,
                                    const Cancellation* cancellation) override;

  // Makes the directory of `host`, as receive() does, so that a process can then reduce itself to
  // working in that (core/reach.h). Never makes the store: throws NoSuchStore where there is none.
  void prepare(const std::string& host);

  // What is no damage but could be safer, each as one line. Throws PermissionDenied where nothing
  // can be made in the store.
  std::vector<std::string> warnings();

 private:
  platform::Fd open_store() const;
  ReplicaDirectory open_replica(const VolumeName& volume) const;
  ReplicaDirectory make_replica(const VolumeName& volume) const;

  std::string directory_;
  std::optional<StreamFeatures> features_;
  GroupCommit commits_;
  RunBegin run_;
};

}  // namespace snapferry::btrfs
