#include "zfs/dataset_name.h"

#include <algorithm>
#include <cctype>

#include "core/error.h"

namespace snapferry::zfs {
namespace {

constexpr std::size_t kMaxName = 255;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

}  // namespace

bool is_name_part(std::string_view name) {
  return !name.empty() && name.size() <= kMaxName &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return is_letter(c) || (c >= '0' && c <= '9') ||
                  std::string_view("-_.: ").find(c) != std::string_view::npos;
         });
}

bool is_dataset_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxName || !is_letter(name.front())) return false;
  while (true) {
    const auto slash = name.find('/');
    const auto part = name.substr(0, slash);
    if (!is_name_part(part) || part == "." || part == "..") return false;
    if (slash == name.npos) return true;
    name.remove_prefix(slash + 1);
  }
}

std::string dataset_of_volume(std::string_view volume) {
  const bool known = volume.starts_with(kVolumePrefix);
  const auto dataset = known ? volume.substr(kVolumePrefix.size()) : std::string_view();
  if (!is_dataset_name(dataset)) {
    throw Error(ErrorKind::InvalidArgument,
                std::string(volume) + ": is no ZFS volume; they are named as in zfs:tank/home");
  }
  return std::string(dataset);
}

std::string volume_of_dataset(std::string_view dataset) {
  return std::string(kVolumePrefix) + std::string(dataset);
}

std::string_view pool_of(std::string_view dataset) {
  return dataset.substr(0, dataset.find_first_of("/@#"));
}

std::string_view parent_of(std::string_view dataset) {
  const auto slash = dataset.rfind('/');
  return slash == dataset.npos ? std::string_view() : dataset.substr(0, slash);
}

}  // namespace snapferry::zfs
