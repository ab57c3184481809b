#include "zfs/store_layout.h"

#include "core/error.h"
#include "zfs/dataset_name.h"

namespace snapferry::zfs {
StoreLayout::StoreLayout(std::string store) : store_(std::move(store)) {
  if (!is_dataset_name(store_)) {
    throw Error(ErrorKind::InvalidArgument, "zfs:" + store_ + ": is no name of a ZFS dataset");
  }
}

std::string StoreLayout::host_dataset(const std::string& host) const {
  if (!is_name_part(host) || host == "." || host == "..") {
    throw Error(ErrorKind::InvalidArgument,
                "'" + host + "': is no name for a host here; letters, digits and -_.: are allowed");
  }
  return store_ + "/" + host;
}

std::string StoreLayout::replica(const VolumeName& volume) const {
  auto dataset = host_dataset(volume.host) + "/" + dataset_of_volume(volume.path);
  if (!is_dataset_name(dataset)) {
    throw Error(ErrorKind::InvalidArgument,
                dataset + ": is too long for ZFS; choose a store with a shorter name");
  }
  return dataset;
}

std::optional<std::string> StoreLayout::host_of(std::string_view dataset) const {
  if (!dataset.starts_with(store_ + "/")) return std::nullopt;
  dataset.remove_prefix(store_.size() + 1);
  return std::string(dataset.substr(0, dataset.find_first_of("/@#")));
}

std::optional<VolumeName> StoreLayout::volume_of(std::string_view dataset) const {
  const auto host = host_of(dataset);
  const auto below = store_.size() + 1 + (host ? host->size() : 0) + 1;
  if (!host || dataset.size() <= below) return std::nullopt;
  return VolumeName{*host, volume_of_dataset(without_incoming(dataset.substr(below)))};
}

std::string without_incoming(std::string_view dataset) {
  std::string result;
  while (true) {
    const auto slash = dataset.find('/');
    auto part = dataset.substr(0, slash);
    if (part.ends_with(kIncoming)) part.remove_suffix(kIncoming.size());
    result += part;
    if (slash == dataset.npos) return result;
    result += '/';
    dataset.remove_prefix(slash + 1);
  }
}

bool is_incoming(std::string_view dataset) { return without_incoming(dataset) != dataset; }

}  // namespace snapferry::zfs
