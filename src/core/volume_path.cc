#include "core/volume_path.h"

#include <algorithm>

#include "core/volume_kind.h"

namespace snapferry {

std::string host_path(const VolumeName& volume) {
  std::string_view path = volume.path;
  if (native_kind_of(path) == VolumeKind::Btrfs) path = split_local_name(path).name;
  return path.starts_with('/') ? std::string(path) : std::string();
}

std::string tidy_path(std::string_view path) {
  std::string tidy;
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view part = path.substr(begin, end - begin);
    begin = end + 1;
    if (part.empty() || part == ".") continue;
    if (!tidy.empty()) tidy += '/';
    tidy += part;
  }
  return tidy;
}

}  // namespace snapferry
