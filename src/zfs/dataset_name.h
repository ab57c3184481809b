#pragma once

#include <string>
#include <string_view>

namespace snapferry::zfs {

inline constexpr std::string_view kVolumePrefix = "zfs:";

// Whether zfs(8) allows it as the name of a dataset: parts of letters, digits and "-_.: " between
// slashes, none of them empty, "." or "..", the first beginning with a letter; shorter than 256.
bool is_dataset_name(std::string_view name);
// Likewise what stands behind '@' or '#', or between slashes.
bool is_name_part(std::string_view name);

// "tank/home" of "zfs:tank/home". Throws InvalidArgument.
std::string dataset_of_volume(std::string_view volume);
std::string volume_of_dataset(std::string_view dataset);

// "tank" of "tank/home".
std::string_view pool_of(std::string_view dataset);
// "tank" of "tank/home", "" of "tank".
std::string_view parent_of(std::string_view dataset);

}  // namespace snapferry::zfs
