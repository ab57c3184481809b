#pragma once

#include <map>
#include <string>

namespace snapferry {

// What a volume is beside its files: native properties ("acltype", "recordsize", "quota") and user
// properties ("com.example:owner"), by name, as the system writes them. Only ZFS has such. Those
// with their default value are left out.
using VolumeProperties = std::map<std::string, std::string>;

struct VolumeDescription {
  std::string volume;  // as in VolumeState::name
  VolumeProperties properties;
  bool operator==(const VolumeDescription&) const = default;
};

}  // namespace snapferry
