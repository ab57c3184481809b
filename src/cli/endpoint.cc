#include "cli/endpoint.h"

#include <fmt/format.h>

#include "cli/format.h"
#include "core/error.h"

namespace snapferry::cli {
namespace {

class SystemEndpoints : public Endpoints {
 public:
  explicit SystemEndpoints(EndpointOptions options) : options_(std::move(options)) {}

  std::unique_ptr<Source> source(const Address& address) override { refuse(address); }
  std::unique_ptr<Store> store(const Address& address) override { refuse(address); }
  void create_store(const Address& address) override { refuse(address); }
  std::unique_ptr<VolumeTarget> target(const Address& address) override { refuse(address); }

 private:
  [[noreturn]] void refuse(const Address& address) {
    throw Error(ErrorKind::Unsupported,
                fmt::format("{}: this program was built without native snapshots of this kind; "
                            "give --store repo:DIR",
                            printable(address.text())));
  }

  const EndpointOptions options_;
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

std::unique_ptr<Endpoints> system_endpoints(EndpointOptions options) {
  return std::make_unique<SystemEndpoints>(std::move(options));
}

}  // namespace snapferry::cli
