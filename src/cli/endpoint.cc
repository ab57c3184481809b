#include "cli/endpoint.h"

#include <fmt/format.h>
#include <unistd.h>

#include "btrfs/source.h"
#include "btrfs/store.h"
#include "cli/format.h"
#include "cli/remote_ends.h"
#include "core/error.h"
#include "zfs/zfs_source.h"
#include "zfs/zfs_store.h"

namespace snapferry::cli {
namespace {

[[noreturn]] void refuse(const Address& address, std::string_view cause) {
  throw Error(ErrorKind::Unsupported, fmt::format("{}: {}", printable(address.text()), cause));
}

void require_native(const Address& address) {
  if (is_native(address.kind)) return;
  refuse(address, "has no native snapshots; give zfs:DATASET or btrfs:DIRECTORY");
}

class SystemEndpoints : public Endpoints {
 public:
  explicit SystemEndpoints(const EndpointOptions& options) : remote_(options.ssh_command) {}

  std::unique_ptr<Source> source(const Address& address) override {
    require_native(address);
    if (address.is_remote()) return remote_.source(address);
    if (address.kind == AddressKind::Btrfs) return std::make_unique<btrfs::BtrfsSource>();
    return std::make_unique<zfs::ZfsSource>(platform::system_commands());
  }

  std::unique_ptr<Store> store(const Address& address) override {
    require_native(address);
    if (address.is_remote()) return remote_.store(address);
    if (address.kind == AddressKind::Btrfs) {
      return std::make_unique<btrfs::BtrfsStore>(address.name);
    }
    zfs::ZfsStoreOptions options;
    if (::geteuid() != 0) options.privilege = zfs::Privilege::Delegated;
    return std::make_unique<zfs::ZfsStore>(platform::system_commands(), address.name,
                                           platform::system_clock(), options);
  }

  void create_store(const Address& address) override {
    require_native(address);
    refuse(address, "is made by the first backup into it; there is nothing to prepare");
  }
  std::unique_ptr<VolumeTarget> target(const Address& address) override {
    require_native(address);
    refuse(address, "this program cannot restore whole volumes there yet; restore files");
  }

 private:
  RemoteEnds remote_;
};

}  // namespace

bool is_native(AddressKind kind) { return kind == AddressKind::Zfs || kind == AddressKind::Btrfs; }

std::string_view kind_name(AddressKind kind) {
  switch (kind) {
    case AddressKind::Zfs:
      return "zfs";
    case AddressKind::Btrfs:
      return "btrfs";
    case AddressKind::Tree:
      return "tree";
    case AddressKind::Repository:
      return "repo";
    case AddressKind::Path:
      break;
  }
  return "path";
}

std::unique_ptr<Endpoints> system_endpoints(const EndpointOptions& options) {
  return std::make_unique<SystemEndpoints>(options);
}

}  // namespace snapferry::cli
