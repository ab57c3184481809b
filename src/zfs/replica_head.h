#pragma once

#include <string>

#include "core/volume.h"
#include "platform/command.h"

namespace snapferry::zfs {

// The head of a replica is its state behind its newest snapshot. Where that is destroyed, the head
// holds what it held, and no stream is received on an older snapshot then.

// Whether nothing was written since the newest snapshot. Throws as the command fails.
bool is_head_as_received(platform::Commands& commands, const std::string& dataset);

// Brings the head back to `newest`, which is the newest snapshot; only what is_head_as_received()
// was true of before has nothing to lose.
void bring_head_back(platform::Commands& commands, const std::string& dataset, const Point& newest);

}  // namespace snapferry::zfs
