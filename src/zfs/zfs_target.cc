#include "zfs/zfs_target.h"

#include <algorithm>

#include "core/error.h"
#include "zfs/arguments.h"
#include "zfs/command_failure.h"
#include "zfs/dataset_name.h"
#include "zfs/listing.h"
#include "zfs/stream_transfer.h"
#include "zfs/zfs_version.h"

namespace snapferry::zfs {
namespace {

Listing look_at(platform::Commands& commands, const std::string& types,
                std::vector<std::string> names) {
  return run_list(
      commands,
      {.columns = {"name", "guid"}, .types = types, .recursive = false, .roots = std::move(names)});
}

}  // namespace

StreamFeatures ZfsTarget::features() { return features_of(installed_version(commands_)); }

void ZfsTarget::require_free(const std::string& volume) {
  const auto dataset = dataset_of_volume(volume);
  const std::string parent(parent_of(dataset));
  if (parent.empty()) {
    throw Error(ErrorKind::InvalidArgument,
                volume + ": is a whole pool; restore to a dataset within one");
  }
  const auto listing = look_at(commands_, "filesystem,volume", {parent, dataset});
  auto is_there = [&](const std::string& name) {
    return std::any_of(listing.rows.begin(), listing.rows.end(),
                       [&](const auto& row) { return row[0] == name; });
  };
  if (is_there(dataset)) {
    throw Error(
        ErrorKind::AlreadyExists,
        volume + ": is there already; restore to another name, or rename it with zfs rename");
  }
  if (!is_there(parent)) {
    throw Error(ErrorKind::NotFound, volume_of_dataset(parent) +
                                         ": no such dataset; make it with zfs create, or import "
                                         "its pool");
  }
}

void ZfsTarget::restore(const std::string& volume, VolumeType type, const StreamRequest& request,
                        Stream& stream, Progress* progress, const Cancellation* cancellation) {
  require_free(volume);
  const auto dataset = dataset_of_volume(volume);
  const auto snapshot = point_name(dataset, request.to);
  const std::vector<std::string> argv = {"zfs", "receive", "-u", snapshot};
  StreamInspector inspector(request, type, ChecksumMode::Skip);
  const auto child = commands_.start(argv, {.input = true});
  auto end = TransferEnd::Whole;
  try {
    end = transfer(stream, inspector, *child, progress, cancellation);
  } catch (const Error&) {
    child->wait();
    throw;
  }
  const auto exit = child->wait();
  if (!exit.ok()) throw command_failure(argv, exit);
  const auto listing = look_at(commands_, "snapshot", {snapshot});
  const bool whole = end == TransferEnd::Whole && !listing.rows.empty() &&
                     parse_number(listing.rows[0][1]) == request.to.guid.number();
  if (!whole) {
    throw Error(ErrorKind::Unavailable,
                snapshot + ": zfs receive ended well and the snapshot is not there; run it again");
  }
  // One that has no place to be mounted, or no key here, waits for its administrator.
  if (type == VolumeType::Filesystem) commands_.run({"zfs", "mount", dataset});
}

}  // namespace snapferry::zfs
