#include "stores/endpoints.h"

#include <map>
#include <utility>

#include <fmt/format.h>

#include "btrfs/create_store.h"
#include "btrfs/reach.h"
#include "btrfs/source.h"
#include "btrfs/store.h"
#include "btrfs/target.h"
#include "core/error.h"
#include "core/printable.h"
#include "platform/clock.h"
#include "platform/command.h"
#include "remote/remote_end.h"
#include "wire/ssh_transport.h"
#include "zfs/zfs_source.h"
#include "zfs/zfs_store.h"
#include "zfs/zfs_target.h"

namespace snapferry::stores {
namespace {

class SystemEndpoints : public Endpoints {
 public:
  explicit SystemEndpoints(EndpointOptions options) : options_(std::move(options)) {}

  std::unique_ptr<Source> source(const VolumeAddress& address) override {
    require_native(address);
    if (address.is_remote()) {
      return remote::remote_source(
          line_to(address.remote, {"--allow", "source", "--set", options_.set, "--volume", "zfs:**",
                                   "--volume", "btrfs:/**"}),
          address);
    }
    if (address.kind == VolumeKind::Btrfs) return std::make_unique<btrfs::BtrfsSource>();
    return std::make_unique<zfs::ZfsSource>(commands_, calls_);
  }

  std::unique_ptr<Store> store(const StoreAddress& address) override {
    require_native(address);
    if (address.is_remote()) {
      return remote::remote_store(line_to(address.remote, store_policy(address)), address);
    }
    if (address.kind == StoreKind::Zfs) {
      // Whether it is there, its first listing says, without a process of its own.
      return std::make_unique<zfs::ZfsStore>(commands_, calls_, address.name, clock_);
    }
    return std::make_unique<btrfs::BtrfsStore>(address.name);
  }

  void create_store(const StoreAddress& address) override {
    require_native(address);
    if (address.is_remote()) {
      return remote::make_remote_store(*line_to(address.remote, store_policy(address)), address);
    }
    if (address.kind == StoreKind::Zfs) {
      return zfs::create_store(commands_, calls_, clock_, address.name);
    }
    btrfs::create_store(address.name);
  }

  std::unique_ptr<VolumeTarget> target(const VolumeAddress& address) override {
    require_native(address);
    if (address.is_remote()) {
      return remote::remote_target(
          line_to(address.remote,
                  {"--allow", "target", "--volume", address.local_text(), "--set", options_.set}),
          address);
    }
    if (address.kind == VolumeKind::Zfs) return std::make_unique<zfs::ZfsTarget>(commands_);
    return std::make_unique<btrfs::BtrfsTarget>();
  }

  std::vector<ReachedPath> reach_of_source(VolumeKind kind,
                                           const std::vector<std::string>& patterns) override {
    if (kind != VolumeKind::Btrfs) return {};
    return btrfs::reach_of_source(patterns);
  }

  std::vector<ReachedPath> reach_of_target(VolumeKind kind,
                                           const std::vector<std::string>& patterns) override {
    if (kind != VolumeKind::Btrfs) return {};
    return btrfs::reach_of_target(patterns);
  }

  std::vector<ReachedPath> reach_of_store(const StoreAddress& address,
                                          const std::string& host) override {
    if (address.kind != StoreKind::Btrfs) return {};
    return btrfs::reach_of_store(address.name, host);
  }

  void prepare_store(const StoreAddress& address, const std::string& host) override {
    if (address.kind == StoreKind::Btrfs) btrfs::BtrfsStore(address.name).prepare(host);
  }

  std::vector<std::string> store_warnings(const StoreAddress& address) override {
    if (address.kind != StoreKind::Btrfs || address.is_remote()) return {};
    return btrfs::BtrfsStore(address.name).warnings();
  }

  std::vector<VolumeFailure> rehearse_freeze(VolumeKind kind,
                                             const std::vector<std::string>& volumes) override {
    if (kind != VolumeKind::Btrfs) return {};
    return btrfs::BtrfsSource::rehearse(volumes);
  }

 private:
  static void require_native(const VolumeAddress& address) {
    if (!is_native(address.kind)) refuse(address.text());
  }
  static void require_native(const StoreAddress& address) {
    if (!address.is_native()) refuse(address.text());
  }
  [[noreturn]] static void refuse(const std::string& address) {
    throw Error(ErrorKind::InvalidArgument,
                fmt::format("{}: has no native snapshots; give zfs:DATASET or btrfs:DIR",
                            printable(address)));
  }

  std::vector<std::string> store_policy(const StoreAddress& address) const {
    return {"--allow", "store",      "--allow", "restore",    "--store", address.local_text(),
            "--set",   options_.set, "--host",  options_.host};
  }

  // One connection for each host, role and run. `policy` is for a key without a command of its own,
  // which can do all of it anyway: an agent that is contained still does no more than it is meant
  // to.
  std::shared_ptr<remote::RemoteLine> line_to(const std::string& remote,
                                              const std::vector<std::string>& policy) {
    auto& known = lines_[{remote, policy}];
    if (auto line = known.lock()) return line;
    wire::SshOptions ssh;
    ssh.command = options_.ssh_command;
    ssh.remote_command.insert(ssh.remote_command.end(), policy.begin(), policy.end());
    // Outlives this: the ends connect again where they lost the connection.
    const auto connect = [&commands = commands_, remote, ssh] {
      return std::shared_ptr(wire::SshTransport::open(commands, remote, ssh));
    };
    auto line = std::make_shared<remote::RemoteLine>(connect);
    known = line;
    return line;
  }

  const EndpointOptions options_;
  platform::Commands& commands_ = platform::system_commands();
  zfs::PoolCalls& calls_ = zfs::system_pool_calls();
  platform::Clock& clock_ = platform::system_clock();
  std::map<std::pair<std::string, std::vector<std::string>>, std::weak_ptr<remote::RemoteLine>>
      lines_;
};

}  // namespace

std::unique_ptr<Endpoints> system_endpoints(EndpointOptions options) {
  return std::make_unique<SystemEndpoints>(std::move(options));
}

}  // namespace snapferry::stores
