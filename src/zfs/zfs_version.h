#pragma once

#include <compare>
#include <string>

#include "core/volume.h"
#include "platform/command.h"

namespace snapferry::zfs {

struct ZfsVersion {
  unsigned major = 0;
  unsigned minor = 0;
  auto operator<=>(const ZfsVersion&) const = default;
};

// "2.1.11-1", "zfs-2.3.2-2", "0.8.3-1ubuntu12". Throws Corrupt.
ZfsVersion parse_version(const std::string& text);

// That of the loaded kernel module, which costs no process; where it is not to be had that way,
// what `zfs version` says. Throws Unavailable if there is no ZFS here.
ZfsVersion installed_version(platform::Commands& commands,
                             const std::string& module_file = "/sys/module/zfs/version");

// What `zfs send` and `zfs receive` of that version can do (OpenZFS release notes: all of it since
// 0.8; older ones are not supported). Throws Unsupported.
StreamFeatures features_of(ZfsVersion version);

}  // namespace snapferry::zfs
