#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/guid.h"
#include "platform/fd.h"

namespace snapferry::btrfs {

struct SubvolumeTime {
  std::int64_t seconds = 0;  // since 1970
  std::uint32_t nanoseconds = 0;
  auto operator<=>(const SubvolumeTime&) const = default;
};

// What the tree of roots says about one subvolume. Transaction ids count up over the whole
// filesystem (linux/btrfs_tree.h, struct btrfs_root_item).
struct Subvolume {
  std::uint64_t id = 0;
  std::uint64_t parent_id =
      0;  // the subvolume that its name is in; 0: of the top level, or deleted
  std::uint64_t directory = 0;  // the inode there of the directory that holds its name
  std::string name;             // in that directory
  Guid uuid;
  Guid parent_uuid;              // what it is a snapshot of; zero: of nothing
  Guid received_uuid;            // zero: was not received
  std::uint64_t generation = 0;  // the last transaction that changed its tree
  std::uint64_t ctransid = 0;    // the last that changed an inode
  std::uint64_t otransid = 0;    // made in
  std::uint64_t rtransid = 0;    // received in; 0: was not
  SubvolumeTime otime;           // made at
  SubvolumeTime rtime;           // received at
  SubvolumeTime stime;           // what the receiver set; run_begin.h; 0: nothing
  bool read_only = false;
  // A snapshot that is not what it was: it was made writable for a while, and something was
  // written (later_change.h).
  bool was_changed = false;

  bool was_received_last() const { return rtransid != 0 && rtransid >= otransid; }
  // When it got the state that it is to have.
  std::uint64_t made_in() const { return was_received_last() ? rtransid : otransid; }
  SubvolumeTime made_at() const { return was_received_last() ? rtime : otime; }
  // An inode of it was written since. A balance moves blocks, and raises `generation`, but writes
  // no inode; deduplication does, and so does the late write-back of a file that was received.
  bool may_have_changed() const { return read_only && ctransid > made_in(); }

  // Its received_uuid was not given to it, but came along with a snapshot: a read-only snapshot of
  // a received subvolume has that of its origin, also where the origin was made writable since and
  // holds something else. A snapshot commits its transaction, so that a received subvolume was
  // never made after it was marked as received.
  bool has_borrowed_identity() const { return !received_uuid.is_zero() && otransid > rtransid; }

  // The same on every machine that has this state; unless it is borrowed.
  const Guid& identity() const { return received_uuid.is_zero() ? uuid : received_uuid; }
};

// All of these throw as system_error; `subject` names the subvolume in messages. Snapshots,
// creation and destruction need root.

// Whether `fd` is the root directory of a subvolume of a btrfs.
bool is_subvolume(int fd);
bool is_btrfs(int fd);
// Throws Unsupported where the store `name` lies on another filesystem.
void require_btrfs(int fd, const std::string& name);
// The subvolume that `fd`, any file or directory, is in.
std::uint64_t subvolume_id_of(int fd, std::string_view subject);
// BTRFS_IOC_GET_SUBVOL_INFO (Linux 4.18): the state in memory, with changes that no transaction
// has written yet.
Subvolume describe(int fd, std::string_view subject);

void create_subvolume(int directory, const std::string& name, std::string_view subject);
// Why the kernel takes no snapshot of a subvolume, and what to do.
inline constexpr std::string_view kSwapFileInIt =
    "an active swap file is in the subvolume; put the swap file into a subvolume of its own, or "
    "switch it off with swapoff while backups are taken";
// Is durable on return: the kernel commits the transaction. Throws Busy where the source has an
// active swap file.
enum class Access { ReadOnly, ReadWrite };
void create_snapshot(int source, int directory, const std::string& name, Access access,
                     std::string_view subject);
// Its space comes back later, by a thread of the kernel.
void destroy_subvolume(int directory, const std::string& name, std::string_view subject);
void set_read_only(int fd, std::string_view subject);
void set_writable(int fd, std::string_view subject);
// The one with this id wherever its name is, below a mount or not; `fd` is any directory of the
// filesystem (BTRFS_IOC_SNAP_DESTROY_V2, Linux 5.7). No id is ever used twice.
void destroy_subvolume_by_id(int fd, std::uint64_t id, std::string_view subject);
// Marks it as the copy of `identity`, whose ctransid was `transaction` where it comes from, and
// sets Subvolume::stime.
void set_received(int fd, const Guid& identity, std::uint64_t transaction, SubvolumeTime stime,
                  std::string_view subject);
// Makes the removal of destroyed subvolumes durable and wakes the thread that gives their space
// back (BTRFS_IOC_SYNC); otherwise it sleeps up to half a minute. Says nothing where it fails.
void reclaim_space(int fd);
// Makes everything of the filesystem durable that was written before, delayed data included.
void sync_filesystem(int fd, std::string_view subject);

}  // namespace snapferry::btrfs
