#pragma once

#include <vector>

#include "agent/policy.h"
#include "core/reach.h"
#include "sandbox/sandbox.h"

namespace snapferry::agent {

// What an agent with this policy needs of its machine, by the kinds of its volumes and store:
//
//   zfs     the program zfs, /dev/zfs and CAP_SYS_ADMIN; no file of any volume, and no call that
//           changes one. A source's ioctls
//           cannot receive, rename, set properties or destroy a dataset, a store's cannot destroy
//           a snapshot or roll back; a target's can receive and do nothing else; none can touch a
//           pool, nor mount what it received.
//   btrfs   no program; the paths of `reached`; CAP_SYS_ADMIN for the ioctls, CAP_FOWNER and
//           CAP_DAC_* for directories of others. A source reads no file and makes nothing but
//           directories and snapshots. What receives has CAP_CHOWN, CAP_FSETID, CAP_MKNOD and
//           CAP_SETFCAP for what it receives, and no request that names a subvolume by its id and
//           changes it: it works on those that it can open.
//   both    its own part of /proc, /dev/null and the time zone, read-only; with a program the
//           shared libraries.
//
// A store on btrfs has mounts of its own besides: what it received may hold device nodes, which
// cannot be opened then, and other mounts would show the files of others. Where the kernel has no
// Landlock those are all that guards files, and where mounts cannot say what an end needs (a source
// and a target on btrfs) an agent does not begin.
//
// `reached` is what the drivers say that they open (core/reach.h). A process that is not root has
// none of the capabilities to begin with. Looks for the programs of this machine; makes nothing.
sandbox::SandboxPlan plan_sandbox(const Policy& policy, const std::vector<ReachedPath>& reached);

// Likewise for what is called as simplesnapwrap: a source of every ZFS volume, which also sets
// properties.
sandbox::SandboxPlan plan_simplesnap_sandbox();

// What the broker needs that makes the files of this policy's store readable (view_broker.h):
//
//   zfs     the program zfs, /dev/zfs, requests that list and no others, and detached mounts
//   btrfs   no program; requests that find and describe subvolumes
//   both    CAP_SYS_ADMIN and CAP_DAC_READ_SEARCH, and reading anything: its children contain
//           themselves to one snapshot each, and none of them could read it if this process could
//           not. It can write nowhere.
sandbox::SandboxPlan plan_view_broker(const Policy& policy);

}  // namespace snapferry::agent
