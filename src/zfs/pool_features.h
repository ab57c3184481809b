#pragma once

#include <string>
#include <string_view>

#include "core/volume.h"
#include "platform/command.h"

namespace snapferry::zfs {

// Takes out of `features` what a pool cannot receive, after zpool-features(7): a stream with blocks
// beyond 128 KiB, with embedded or compressed ones, or with encrypted ones needs the pool to have
// that. `text`: what `zpool get -H -o property,value all` says of it.
StreamFeatures without_missing(StreamFeatures features, std::string_view text);

// The same of `pool`; one process. All of it where the pool does not say: the kernel checks it too.
StreamFeatures receivable(platform::Commands& commands, const std::string& pool,
                          const StreamFeatures& features);

// "large blocks, embedded data": those a stream of `features` may use, for people.
std::string names_of(const StreamFeatures& features);

}  // namespace snapferry::zfs
