#include "core/volume_kind.h"

namespace snapferry {

std::string_view kind_name(VolumeKind kind) {
  switch (kind) {
    case VolumeKind::Zfs:
      return "zfs";
    case VolumeKind::Btrfs:
      return "btrfs";
    case VolumeKind::Tree:
      break;
  }
  return "tree";
}

std::optional<VolumeKind> find_native_kind(std::string_view word) {
  for (const auto kind : {VolumeKind::Zfs, VolumeKind::Btrfs}) {
    if (kind_name(kind) == word) return kind;
  }
  return std::nullopt;
}

LocalName split_local_name(std::string_view local) {
  const auto colon = local.find(':');
  if (colon == local.npos) return {local, {}};
  return {local.substr(0, colon), local.substr(colon + 1)};
}

std::optional<VolumeKind> native_kind_of(std::string_view local) {
  const auto parts = split_local_name(local);
  return parts.kind.size() == local.size() ? std::nullopt : find_native_kind(parts.kind);
}

}  // namespace snapferry
