#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/cancellation.h"
#include "core/error.h"
#include "core/expectation.h"
#include "core/progress.h"
#include "core/snapshot.h"
#include "core/snapshot_view.h"
#include "core/turn.h"
#include "core/volume.h"
#include "core/volume_properties.h"

namespace snapferry {

// An interrupted receive that can go on. Decoded from the resume token, so that the plan can
// check it: a token whose snapshot is gone is stale, and the partial state is discarded.
struct Partial {
  std::string token;
  Guid to;
  std::string to_name;       // behind the '@'
  std::optional<Guid> base;  // nullopt: of a full stream
  std::uint64_t bytes = 0;   // received so far
  bool raw = false;
  bool operator==(const Partial&) const = default;
};

// The copy of one volume in a store.
struct ReplicaState {
  VolumeName volume;  // {"web1", "zfs:tank/home"}
  VolumeType type = VolumeType::Filesystem;
  bool raw = false;           // received raw: encrypted with the source's key
  std::vector<Point> points;  // ascending by order; snapshots only
  std::optional<Partial> partial;
  // When a run last found the volume unchanged since its newest snapshot here; seconds since
  // 1970; by set, ascending.
  std::vector<std::pair<std::string, std::int64_t>> seen_unchanged;
  std::uint64_t bytes = 0;  // that it takes in the store; 0 unless the listing has it for free
  // Snapshots of it that are not as they were received, in words and by their names: somebody made
  // them writable and changed them, or verify found them damaged. They are no base of anything.
  // Empty: none, or the listing cannot know, as that of a store behind an agent of an older
  // version; then receive() is where it shows.
  std::string changed;
  bool operator==(const ReplicaState&) const = default;
};

struct ReplicaDescription {
  VolumeName volume;
  VolumeProperties properties;
  bool operator==(const ReplicaDescription&) const = default;
};

struct ReceiveRequest {
  VolumeName volume;  // the replica; made if it is not there and the stream is full
  VolumeType type = VolumeType::Filesystem;
  StreamRequest stream;          // what was asked of the source; what comes is checked against it
  Progress* progress = nullptr;  // counts bytes as they pass; may be shared by several
  const Cancellation* cancellation = nullptr;
  Turn* turn = nullptr;  // that the calling thread has; a store may give it back meanwhile
};

// What `verify` found out about one snapshot.
struct ReplicaDamage {
  VolumeName volume;
  std::string snapshot;
  std::string message;
};

// NotFound for the store itself: nothing of it is there, which is another thing than being empty.
class NoSuchStore : public Error {
 public:
  explicit NoSuchStore(std::string message) : Error(ErrorKind::NotFound, std::move(message)) {}
};

// The side of a backup that keeps it, as native snapshots: a ZFS dataset or a btrfs directory.
// Implemented by zfs::ZfsStore, btrfs::BtrfsStore and agent::RemoteStore; tests use
// testing::FakeStore. (A repository is not one of these: it keeps trees, not streams.)
//
// Every method throws Error; identity() and inventory() throw NoSuchStore where there is none.
// receive() and send() may be called from several threads at once for different volumes; the
// others from one thread at a time.
class Store {
 public:
  virtual ~Store() = default;

  // For messages and as --store takes it: "zfs:backup/snapferry".
  virtual std::string name() const = 0;
  // Different for every store, the same from run to run; 16 or 32 hexadecimal digits. Cursors
  // carry the first eight.
  virtual std::string identity() = 0;
  virtual StreamFeatures features() = 0;

  // The replicas of `host`, or of all hosts if it is empty, ascending by volume. Asks the
  // system each time. A half-received snapshot is in `partial`, never in `points`.
  virtual std::vector<ReplicaState> inventory(const std::string& host) = 0;

  // Takes the stream in, checks it on the way before anything else sees it, and returns when its
  // last snapshot is complete and durable. Never rolls back, never forces, never mounts. Throws
  // Conflict where the stream does not fit what is there, Corrupt (with offset and record) for a
  // stream that is not what was asked for, NoSpace; then no snapshot was added, except that of
  // several the first ones may be, and a partial state may be left that `inventory` shows.
  virtual void receive(const ReceiveRequest& request, Stream& stream) = 0;

  // Tells what the volumes of these replicas are beside their files. receive() then keeps that with
  // the snapshots it adds, and sets what is needed to read them; nothing is done before, and what
  // was told is gone with this instance. Nothing where volumes have no properties.
  virtual void describe(const std::vector<ReplicaDescription>& replicas) { (void)replicas; }

  // What the volume was beside its files when the snapshot came in. Empty: not known.
  virtual VolumeProperties description(const VolumeName& volume, const Point& snapshot) {
    (void)volume;
    (void)snapshot;
    return {};
  }

  // Discards the partial state of a replica, and the replica if it holds nothing else.
  virtual void abort_partial(const VolumeName& volume) = 0;

  // Discards a partial state that could go on, once nobody went on with it for two weeks by the
  // store's own clock; before that it is noted that it was seen, so that two calls at least are
  // needed. True: it is gone. Throws Busy while somebody is receiving. A store that keeps no such
  // states, or may not discard them, does nothing.
  virtual bool give_up_partial(const VolumeName& volume) {
    (void)volume;
    return false;
  }

  // Moves a diverged replica aside, under a name of its own that says so, so that a full stream
  // can start beside it. Nothing is destroyed. Returns its new name.
  virtual VolumeName set_aside(const VolumeName& volume) = 0;

  // Gives the replica `from` the name `to`, of the same host, because its volume was renamed.
  // Nothing is destroyed, and replicas below it, which are of other volumes, stay where they are.
  // Throws AlreadyExists where there is a replica of that name, NotFound without one to move, Busy
  // while somebody receives into it, Unsupported where the far end does not know this.
  virtual void move(const VolumeName& from, const VolumeName& to) = 0;

  // Remembers that a run of `set` found these volumes unchanged at `time`; all in one go. They
  // are of one host.
  virtual void record_unchanged(const std::string& set, std::int64_t time,
                                const std::vector<VolumeName>& volumes) = 0;

  // What is expected of `host`, or of all hosts if it is empty, beside what its snapshots say. What
  // is torn of that expects nothing; where it cannot be read, that is a failure. As of the last
  // inventory() of these hosts where that told it; empty where a store cannot keep it.
  virtual Expectations expectations(const std::string& host) {
    (void)host;
    return {};
  }

  // Makes the change to what is expected of the host, as changed() does, whatever others write at
  // the same time, and returns what was not taken in. Writes nothing where that changes nothing,
  // and nothing over what could not be read. Throws Unsupported where the far end does not know
  // this.
  virtual std::vector<VolumeFailure> change_expectations(const std::string& host,
                                                         const ExpectationChange& change) {
    (void)host;
    (void)change;
    return {};
  }

  // The replica's snapshot `request.to` as a stream, for a restore or for another store; relative
  // to `request.base` and with `request.intermediates` where there are any. `request.volume` is
  // VolumeName::path of `volume`.
  virtual std::unique_ptr<Stream> send(const VolumeName& volume, const StreamRequest& request) = 0;

  // The files of a snapshot, found by its guid. Throws NotFound if it is gone, Unsupported where
  // there are none to show (a zvol, a replica whose key is not here). The view may outlive the
  // store.
  virtual std::unique_ptr<SnapshotView> browse(const VolumeName& volume, const Point& snapshot) = 0;

  // Destroys each snapshot while name and guid both still match; a replica without any snapshot
  // left goes, too. Returns what could not be destroyed.
  virtual std::vector<VolumeFailure> destroy(const VolumeName& volume,
                                             const std::vector<Point>& snapshots) = 0;

  // Checks that the replica is safe and whole (read-only, not mounted by itself, complete), and
  // with `read_data` that all its data can be read back. Damage is returned, not thrown.
  virtual std::vector<ReplicaDamage> verify(const ReplicaState& replica, bool read_data,
                                            Progress* progress,
                                            const Cancellation* cancellation) = 0;
};

}  // namespace snapferry
