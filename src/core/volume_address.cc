#include "core/volume_address.h"

#include <utility>

#include "core/error.h"

namespace snapferry {

std::string VolumeAddress::local_text() const {
  if (kind == VolumeKind::Tree && !looks_like_address(name)) return name;
  return std::string(kind_name(kind)) + ":" + name;
}

VolumeAddress VolumeAddress::of(AddressParts parts) {
  if (parts.kind == "repo") {
    throw Error(ErrorKind::InvalidArgument,
                "repo:" + parts.name +
                    ": is a store and no volume; give a path, zfs:DATASET or "
                    "btrfs:DIR");
  }
  return {std::move(parts.remote), find_native_kind(parts.kind).value_or(VolumeKind::Tree),
          std::move(parts.name)};
}

VolumeAddress VolumeAddress::parse(std::string_view text) { return of(AddressParts::parse(text)); }

}  // namespace snapferry
