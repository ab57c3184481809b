#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/guid.h"
#include "core/stream.h"
#include "core/volume_properties.h"

namespace snapferry {

enum class VolumeType : std::uint8_t { Filesystem = 1, Zvol = 2, Subvolume = 3 };

enum class PointKind : std::uint8_t {
  Snapshot = 1,
  Bookmark = 2,  // remembers where a snapshot was, holds no data; ZFS only
};

// A snapshot or bookmark of one volume on one machine. Its identity is `guid`, never `name`.
struct Point {
  PointKind kind = PointKind::Snapshot;
  std::string name;          // what stands behind '@' or '#'; of btrfs the name in the directory
  Guid guid;                 // of a bookmark: that of its snapshot
  std::uint64_t order = 0;   // ascends in the history of one volume on one machine: createtxg, or
                             // the btrfs generation it was taken at; of a bookmark its snapshot's
  std::int64_t created = 0;  // seconds since 1970 by the clock of whoever took the snapshot; 0:
                             // unknown (`zfs list` pays dearly for it; names hold it, too)
  std::uint32_t holds = 0;   // how many holds keep it from being destroyed
  std::int64_t seen = 0;     // of what a store received: when, by the store's clock, the run that
                             // brought it began to store; seconds since 1970 (core/claimed_time.h);
                             // 0: unknown, as in all that comes over the wire
  bool operator==(const Point&) const = default;
};

// One volume of a source, as one listing shows it.
struct VolumeState {
  std::string name;  // "zfs:tank/home", "btrfs:/mnt/data/home"
  VolumeType type = VolumeType::Filesystem;
  Guid guid;               // of the volume itself; another one after it was made anew
  bool excluded = false;   // by a user property; listed so that a run can say so
  bool encrypted = false;  // natively; `key_loaded` says whether a non-raw send is possible
  bool key_loaded = true;
  // Bytes written since the newest snapshot: 0 means that nothing changed. nullopt: the system
  // cannot tell cheaply, and a snapshot must be taken to know.
  std::optional<std::uint64_t> written;
  std::vector<Point> points;  // ascending by order, bookmarks among them
  // Why nothing of it is to be sent on: it is a copy that is not what was backed up
  // (ReplicaState::changed). Empty: all may be. Of a Source that is a store alone; an agent's has
  // none.
  std::string unfit = {};
  // When the volume itself was last found unchanged since the newest of `points`, as far as a store
  // that is the Source knows; 0: never. nullopt: the Source has the volume itself, and its listing
  // finds that out.
  std::optional<std::int64_t> last_unchanged = {};
  bool operator==(const VolumeState&) const = default;
};

// What one end can do with streams; a feature is used where both ends can.
struct StreamFeatures {
  bool large_blocks = false;   // zfs send -L
  bool embedded = false;       // zfs send -e
  bool compressed = false;     // zfs send -c, btrfs send --proto 2 --compressed-data
  bool raw = false;            // zfs send --raw
  bool resumable = false;      // zfs receive -s
  bool bookmarks = false;      // incremental from a bookmark
  bool atomic_freeze = false;  // several volumes of one pool in one point of time
  bool operator==(const StreamFeatures&) const = default;
};

// Which bytes a stream shall have. The receiver checks what comes against the same request.
struct StreamRequest {
  std::string volume;                // as in VolumeState::name
  Point to;                          // a snapshot
  std::optional<Point> base;         // nullopt: a full stream
  std::vector<Point> intermediates;  // the snapshots between base and to that come along, oldest
                                     // first; needs a base that is a snapshot. Empty: none
  std::vector<Point> clone_sources;  // btrfs: further snapshots that both sides have
  std::string resume_token;          // ZFS: not empty to go on with a partial receive of `to`
  StreamFeatures features;           // those both ends have and this stream shall use
};

// What a run asks a source to do with one volume once `common` is durable on the store. All of
// it was decided by the plan; each part may be empty. The order is that of the members, so that
// a crash between any two leaves nothing that the next run cannot see and mend.
struct Settlement {
  std::string volume;
  std::string cursor;                // the tag of holds; the plan puts set and store into it
  std::optional<Point> hold;         // gets a hold named `cursor`, unless it has it
  std::optional<Point> bookmark_of;  // gets a bookmark named `bookmark`
  std::string bookmark;
  std::vector<Point> release;  // their holds named `cursor` go; no such hold is no error
  std::vector<Point> destroy;  // snapshots of the run's own set and bookmarks of `cursor`;
                               // each only while name and guid both match. One that is held
                               // by others stays until they release it
};

// A failure that concerns one volume and does not stop the others.
struct VolumeFailure {
  std::string volume;
  std::string message;
};

struct Freeze {
  // What was frozen: for each volume the new snapshot.
  struct Frozen {
    std::string volume;
    Point snapshot;
  };
  std::vector<Frozen> frozen;
  std::vector<VolumeFailure> failed;
};

// The side of a backup that is backed up: the volumes of one kind on one machine. Implemented
// by zfs::ZfsSource, btrfs::BtrfsSource and agent::RemoteSource; tests use testing::FakeSource.
//
// Every method throws Error. send() may be called, and its streams read, from several threads at
// once; the others from one thread at a time.
class Source {
 public:
  virtual ~Source() = default;

  virtual StreamFeatures features() = 0;

  // The volumes that `patterns` cover (core/volume_pattern.h) with their points, ascending by
  // name. Asks the system each time, in as few processes as it takes. Throws NotFound if a
  // pattern without wildcards names no volume, Unavailable if the listing failed: a failed
  // listing is never an empty one.
  virtual std::vector<VolumeState> inventory(const std::vector<std::string>& patterns) = 0;

  // Takes a snapshot `name` of each of `volumes`; those of one pool at one point of time where
  // features().atomic_freeze. Throws AlreadyExists, and has taken none then.
  virtual Freeze freeze(const std::vector<std::string>& volumes, const std::string& name) = 0;

  virtual std::unique_ptr<Stream> send(const StreamRequest& request) = 0;

  // What each of `volumes` is beside its files, in their order; one that cannot be described is
  // left out. Nothing where volumes have no properties.
  virtual std::vector<VolumeDescription> describe(const std::vector<std::string>& volumes) {
    (void)volumes;
    return {};
  }

  // Carries out all settlements in as few processes as it takes, and returns what could not be
  // done. A source agent refuses to destroy what is not of its set.
  virtual std::vector<VolumeFailure> settle(const std::vector<Settlement>& settlements) = 0;
};

}  // namespace snapferry
