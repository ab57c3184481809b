#pragma once

#include "agent/policy.h"
#include "agent/sandbox.h"

namespace snapferry::agent {

// What an agent with this policy needs of its machine, by the kinds of its volumes and store:
//
//   zfs     the program zfs, /dev/zfs and CAP_SYS_ADMIN; no file of any volume, and no call that
//           changes one. A source's ioctls
//           cannot receive, rename, set properties or destroy a dataset, a store's cannot destroy
//           a snapshot or roll back; a target's can receive and do nothing else; none can touch a
//           pool, nor mount what it received.
//   btrfs   no program; listing below the mount points of its volumes or store (an ioctl on a
//           directory needs it open); CAP_SYS_ADMIN for the ioctls, CAP_FOWNER and CAP_DAC_* for
//           directories of others. A source reads no file and makes nothing but directories. A
//           store writes below STORE/HOST alone, and has CAP_CHOWN, CAP_FSETID, CAP_MKNOD and
//           CAP_SETFCAP for what it receives. So has a target, which writes below the directory of
//           the snapshots of the one volume that it may make, if VolumeTarget::prepare() has made
//           it; with a pattern that covers several, everywhere below that. It cannot send.
//   both    its own part of /proc, /dev/null and the time zone, read-only; with a program the
//           shared libraries.
//
// A process that is not root has none of the capabilities to begin with. Looks at the mount points
// and for the programs of this machine; makes the directory STORE/HOST of a btrfs store, so that
// it can be named alone. Throws what making it throws.
SandboxPlan plan_sandbox(const Policy& policy);

// Likewise for what is called as simplesnapwrap: a source of every ZFS volume, which also sets
// properties.
SandboxPlan plan_simplesnap_sandbox();

// What the broker needs that makes the files of this policy's store readable (view_broker.h):
//
//   zfs     the program zfs, /dev/zfs, requests that list and no others, and detached mounts
//   btrfs   no program; requests that find and describe subvolumes
//   both    CAP_SYS_ADMIN and CAP_DAC_READ_SEARCH, and reading anything: its children contain
//           themselves to one snapshot each, and none of them could read it if this process could
//           not. It can write nowhere.
SandboxPlan plan_view_broker(const Policy& policy);

}  // namespace snapferry::agent
