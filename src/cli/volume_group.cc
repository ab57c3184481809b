#include "cli/volume_group.h"

#include <algorithm>

#include "core/volume_pattern.h"

namespace snapferry::cli {

VolumeAddress VolumeGroup::address_of(std::string_view local) const {
  VolumeAddress address = machine;
  address.name = split_local_name(local).name;
  return address;
}

std::vector<VolumeGroup> grouped(const std::vector<VolumeAddress>& volumes) {
  std::vector<VolumeGroup> groups;
  for (const auto& volume : volumes) {
    const auto same = [&](const VolumeGroup& group) {
      return group.machine.remote == volume.remote && group.machine.kind == volume.kind;
    };
    auto group = std::find_if(groups.begin(), groups.end(), same);
    if (group == groups.end()) group = groups.insert(groups.end(), {volume, {}});
    group->patterns.push_back(VolumePattern::parse(volume.local_text()).text());
  }
  return groups;
}

}  // namespace snapferry::cli
