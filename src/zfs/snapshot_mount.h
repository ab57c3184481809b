#pragma once

#include <memory>
#include <string>

#include "core/snapshot_view.h"

namespace snapferry::zfs {

// The files of a snapshot ("backup/web1/tank/home@a"): mounted read-only, without set-uid, devices
// and programs, and attached to nothing (fsmount(2), Linux 5.2), so that no other process sees it
// and the end of this one, however it comes, leaves nothing behind. `name` for messages. Needs
// CAP_SYS_ADMIN: throws PermissionDenied; Unsupported where the kernel cannot; NotFound.
std::unique_ptr<SnapshotView> mount_snapshot(const std::string& snapshot, const std::string& name);

}  // namespace snapferry::zfs
