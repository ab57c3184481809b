#include "cli/volume_group.h"

#include <algorithm>

#include "core/volume_pattern.h"

namespace snapferry::cli {

Address VolumeGroup::address_of(std::string_view local) const {
  Address address = machine;
  address.name = local.substr(local.find(':') + 1);
  return address;
}

std::vector<VolumeGroup> grouped(const std::vector<Address>& volumes) {
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
