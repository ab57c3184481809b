#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/reach.h"
#include "core/store.h"
#include "core/store_address.h"
#include "core/volume.h"
#include "core/volume_address.h"
#include "core/volume_target.h"

namespace snapferry::stores {

// How ends on other machines are reached.
struct EndpointOptions {
  std::vector<std::string> ssh_command = {};  // argv that host and remote command follow; empty:
                                              // the system's ssh
  // What the agent on another machine is started with where the key names no command of its own.
  std::string set = "default";
  std::string host = "localhost";  // this one's name there
  const Cancellation* cancellation = nullptr;
};

// From an address to the end that it means. The one place that knows which room serves which
// kind: zfs:: and btrfs:: on this machine, agent:: over wire:: on others. Tests put fakes in
// its place (Surroundings::endpoints).
//
// Every method throws InvalidArgument for an address without native snapshots (tree, repo, a
// path), Unsupported where this program was built without the kind, Unavailable where a host
// cannot be reached. Use from one thread at a time. The ends outlive the Endpoints.
class Endpoints {
 public:
  virtual ~Endpoints() = default;

  // The volumes of the kind of `address` on its machine; its name says nothing here.
  virtual std::unique_ptr<Source> source(const VolumeAddress& address) = 0;

  // Throws NoSuchStore where that shows at once; else the store's own methods do.
  virtual std::unique_ptr<Store> store(const StoreAddress& address) = 0;

  // Makes the dataset or directory of a store, such that nothing in it mounts or runs by itself.
  // Throws AlreadyExists where it is a store already, Conflict where something else is there,
  // NotFound for a missing pool or filesystem.
  virtual void create_store(const StoreAddress& address) = 0;

  // What an end of this machine opens (core/reach.h): a source of these patterns, which are of one
  // kind, a target of such, a store for the replicas of `host`. Nothing for kinds that work without
  // files of their own.
  virtual std::vector<ReachedPath> reach_of_source(VolumeKind kind,
                                                   const std::vector<std::string>& patterns) {
    (void)kind, (void)patterns;
    return {};
  }
  virtual std::vector<ReachedPath> reach_of_target(VolumeKind kind,
                                                   const std::vector<std::string>& patterns) {
    (void)kind, (void)patterns;
    return {};
  }
  virtual std::vector<ReachedPath> reach_of_store(const StoreAddress& address,
                                                  const std::string& host) {
    (void)address, (void)host;
    return {};
  }

  // Makes what a store of this machine would receive the volumes of `host` in, where it is not a
  // part of what a contained process may make. Throws NoSuchStore where there is no store.
  virtual void prepare_store(const StoreAddress& address, const std::string& host) {
    (void)address, (void)host;
  }

  // What of a store of this machine is no damage but could be safer, each as one line.
  virtual std::vector<std::string> store_warnings(const StoreAddress& address) {
    (void)address;
    return {};
  }

  // Of which of these volumes of this machine, all of one kind, no snapshot could be taken, as far
  // as that shows without changing anything.
  virtual std::vector<VolumeFailure> rehearse_freeze(VolumeKind kind,
                                                     const std::vector<std::string>& volumes) {
    (void)kind, (void)volumes;
    return {};
  }

  // Where whole volumes of the kind of `address` are restored to on its machine.
  virtual std::unique_ptr<VolumeTarget> target(const VolumeAddress& address) = 0;
};

// Those of the system.
std::unique_ptr<Endpoints> system_endpoints(EndpointOptions options);

}  // namespace snapferry::stores
