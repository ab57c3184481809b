#include "core/store_address.h"

#include <utility>

#include "core/error.h"
#include "core/printable.h"

namespace snapferry {
namespace {

constexpr std::string_view kRepositoryPrefix = "repo:";

[[noreturn]] void refuse_place(std::string_view text) {
  throw Error(ErrorKind::Unsupported,
              printable(text) +
                  ": this version stores in a directory of this machine only; give "
                  "--store repo:DIR");
}

StoreAddress parse_repository(std::string_view text) {
  std::string_view directory = text;
  if (directory.starts_with(kRepositoryPrefix)) {
    directory.remove_prefix(kRepositoryPrefix.size());
    if (directory.find("://") != directory.npos) refuse_place(text);
  } else if (directory.substr(0, directory.find('/')).find(':') != directory.npos) {
    refuse_place(text);
  }
  if (directory.empty()) {
    throw Error(ErrorKind::InvalidArgument, "the store is empty; give --store repo:DIR");
  }
  return {.kind = StoreKind::Repository, .name = std::string(directory)};
}

}  // namespace

std::string_view kind_name(StoreKind kind) {
  const auto native = native_kind_of(kind);
  return native ? kind_name(*native) : "repo";
}

std::optional<VolumeKind> native_kind_of(StoreKind kind) {
  switch (kind) {
    case StoreKind::Zfs:
      return VolumeKind::Zfs;
    case StoreKind::Btrfs:
      return VolumeKind::Btrfs;
    case StoreKind::Repository:
      break;
  }
  return std::nullopt;
}

std::string StoreAddress::local_text() const { return std::string(kind_name(kind)) + ":" + name; }

StoreAddress StoreAddress::parse(std::string_view text) {
  return is_native_address(text) ? at(VolumeAddress::parse(text)) : parse_repository(text);
}

StoreAddress StoreAddress::at(const VolumeAddress& volume) {
  if (!snapferry::is_native(volume.kind)) {
    throw Error(ErrorKind::InvalidArgument,
                volume.text() + ": has no native snapshots; give zfs:DATASET or btrfs:DIR");
  }
  return {volume.remote, volume.kind == VolumeKind::Zfs ? StoreKind::Zfs : StoreKind::Btrfs,
          volume.name};
}

}  // namespace snapferry
