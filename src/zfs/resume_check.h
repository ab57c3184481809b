#pragma once

#include <string>

#include "core/volume.h"
#include "platform/command.h"

namespace snapferry::zfs {

// Makes sure that `zfs send -t` with the token of `request` sends the snapshot request.to of
// `dataset`, from request.base, and nothing else. libzfs takes the name in a token for a hint and
// looks for the guid in the whole pool (OpenZFS 2.1, guid_to_name() in lib/libzfs/
// libzfs_sendrecv.c), so that a forged token could name one volume and mean another: the guid must
// be that of the snapshot here. One process. Throws Conflict; Corrupt for a token that is none.
void check_resumable(platform::Commands& commands, const std::string& dataset,
                     const StreamRequest& request);

}  // namespace snapferry::zfs
