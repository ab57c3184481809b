#include "zfs/zfs_target.h"

#include "core/error.h"
#include "zfs/arguments.h"
#include "zfs/command_failure.h"
#include "zfs/dataset_name.h"
#include "zfs/listing.h"
#include "zfs/store_layout.h"
#include "zfs/stream_inspector.h"
#include "zfs/stream_transfer.h"
#include "zfs/zfs_store.h"

namespace snapferry::zfs {
namespace {

using Names = std::vector<std::string>;

Listing look_at(platform::Commands& commands, Names columns, const Names& datasets) {
  return run_list(commands, {.columns = std::move(columns),
                             .types = "filesystem,volume",
                             .recursive = false,
                             .roots = datasets});
}

}  // namespace

StreamFeatures ZfsTarget::features() {
  if (!version_) version_ = installed_version(commands_);
  return features_of(*version_);
}

void ZfsTarget::require_free(const std::string& volume) {
  const std::string dataset = dataset_of_volume(volume);
  const std::string parent(parent_of(dataset));
  if (parent.empty()) {
    throw Error(ErrorKind::AlreadyExists,
                volume + ": is a pool; name a dataset in it that is not there yet");
  }
  for (const auto& row : look_at(commands_, {"name"}, {dataset, parent}).rows) {
    if (row[0] == dataset) {
      throw Error(ErrorKind::AlreadyExists,
                  volume + ": is there already, and nothing is ever replaced; give a new name");
    }
    if (row[0] == parent) return;
  }
  throw Error(ErrorKind::NotFound,
              volume + ": there is no dataset " + parent + " to make it in; make that first");
}

void ZfsTarget::restore(const std::string& volume, VolumeType type, const StreamRequest& request,
                        Stream& stream, Progress* progress, const Cancellation* cancellation) {
  require_free(volume);
  const std::string dataset = dataset_of_volume(volume);
  try {
    receive(dataset, type, request, stream, progress, cancellation);
  } catch (Error& error) {
    error.add_context(volume);
    throw;
  }
  if (type == VolumeType::Filesystem && !request.features.raw) mount(dataset);
}

void ZfsTarget::receive(const std::string& dataset, VolumeType type, const StreamRequest& request,
                        Stream& stream, Progress* progress, const Cancellation* cancellation) {
  const Names argv = {"zfs", "receive",      "-u",
                      "-o",  "readonly=off", point_name(dataset, request.to)};
  StreamInspector inspector(request, type, ChecksumMode::Skip);
  const auto child = commands_.start(argv, {.input = true});
  const TransferEnd end = transfer(stream, inspector, *child, progress, cancellation);
  const auto exit = child->wait();
  if (!exit.ok()) throw command_failure(argv, exit);
  if (end != TransferEnd::Whole) {
    throw Error(ErrorKind::Internal, dataset + ": zfs receive ended before its stream");
  }
}

void ZfsTarget::mount(const std::string& dataset) {
  const auto listing = look_at(commands_, {"mountpoint", "canmount", "mounted"}, {dataset});
  if (listing.rows.empty()) throw Error(ErrorKind::NotFound, dataset + ": has gone again");
  const auto& row = listing.rows.front();
  if (row[0] == "none" || row[0] == "legacy" || row[1] != "on" || row[2] == "yes") return;
  const Names argv = {"zfs", "mount", dataset};
  const auto output = commands_.run(argv);
  if (output.exit.ok()) return;
  throw Error(ErrorKind::Unavailable, dataset + ": is restored whole, but was not mounted: " +
                                          command_failure(argv, output.exit).message() +
                                          "; mount it by hand");
}

void create_store(platform::Commands& commands, platform::Clock& clock,
                  const std::string& dataset) {
  ZfsStore store(commands, dataset, clock);
  const auto listing = look_at(commands, {"name", kIdentityProperty}, {dataset});
  if (!listing.rows.empty()) {
    if (listing.rows.front()[1].ends_with("@" + dataset)) {
      throw Error(ErrorKind::AlreadyExists, store.name() + ": is a store already; use it as it is");
    }
    throw Error(ErrorKind::Conflict,
                store.name() +
                    ": is a dataset that was not made as a store; give a new name, or "
                    "back up into it as it is, if it is that of simplesnap");
  }
  store.identity();
}

}  // namespace snapferry::zfs
