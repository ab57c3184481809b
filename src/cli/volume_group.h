#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/volume_address.h"

namespace snapferry::cli {

// The volumes of one kind on one machine.
struct VolumeGroup {
  VolumeAddress machine;              // with the name of the first
  std::vector<std::string> patterns;  // core/volume_pattern.h

  // Of what is called `local` there, "zfs:tank/home", as the command line takes it.
  VolumeAddress address_of(std::string_view local) const;
};

// In the order in which machine and kind occur first. Throws InvalidArgument for what is no
// pattern.
std::vector<VolumeGroup> grouped(const std::vector<VolumeAddress>& volumes);

}  // namespace snapferry::cli
