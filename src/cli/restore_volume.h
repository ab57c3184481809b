#pragma once

#include "cli/context.h"
#include "cli/exit_code.h"
#include "core/volume_address.h"

namespace snapferry::cli {

// `restore` of a whole volume: the chosen native snapshot becomes the new volume `target`, on this
// machine or another, by the reverse stream.
ExitCode restore_volume(Context& context, const VolumeAddress& target);

}  // namespace snapferry::cli
