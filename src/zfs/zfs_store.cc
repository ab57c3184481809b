#include "zfs/zfs_store.h"

#include <algorithm>
#include <mutex>

#include "core/error.h"
#include "core/wall_time.h"
#include "zfs/arguments.h"
#include "zfs/child_stream.h"
#include "zfs/command_failure.h"
#include "zfs/dataset_name.h"
#include "zfs/partial_mark.h"
#include "zfs/pool_features.h"
#include "zfs/read_back.h"
#include "zfs/record_keeper.h"
#include "zfs/replica_head.h"
#include "zfs/resume_check.h"
#include "zfs/settler.h"
#include "zfs/snapshot_mount.h"

namespace snapferry::zfs {
namespace {

using Names = std::vector<std::string>;

// And leaves others.
bool takes_newest(const StoreDataset& replica, const std::vector<Point>& snapshots) {
  if (replica.points.size() < 2 || snapshots.size() >= replica.points.size()) return false;
  const Guid& newest = replica.points.back().guid;
  return std::ranges::find(snapshots, newest, &Point::guid) != snapshots.end();
}

bool takes_all(const StoreDataset& replica, const std::vector<Point>& snapshots) {
  return std::ranges::all_of(replica.points, [&](const Point& point) {
    return std::ranges::find(snapshots, point.guid, &Point::guid) != snapshots.end();
  });
}

// With the snapshots that are still there: others were forgotten since it was listed.
ReplicaState without_forgotten(ReplicaState replica, const StoreDataset& dataset) {
  std::erase_if(replica.points, [&](const Point& point) {
    return std::ranges::none_of(dataset.points, [&](const Point& one) {
      return one.name == point.name && one.guid == point.guid;
    });
  });
  return replica;
}

}  // namespace

ZfsStore::ZfsStore(platform::Commands& commands, PoolCalls& calls, std::string dataset,
                   platform::Clock& clock, ZfsStoreOptions options)
    : commands_(commands),
      calls_(calls),
      layout_(std::move(dataset)),
      clock_(clock),
      version_(options.version),
      known_(layout_),
      look_(commands, layout_, known_),
      places_(commands, calls, layout_, known_, options.privilege),
      receiver_(commands, layout_, known_, places_, look_, options.privilege),
      memory_(commands, layout_, known_, places_, look_) {}

std::string ZfsStore::name() const { return look_.name(); }

StreamFeatures ZfsStore::features() {
  if (!version_) version_ = installed_version(commands_);
  if (!receivable_) {
    const std::string pool(pool_of(layout_.store()));
    receivable_ = receivable(commands_, pool, features_of(*version_));
  }
  auto features = *receivable_;
  features.embedded &= !known_.encrypts();
  return features;
}

std::string ZfsStore::identity() {
  if (known_.identity().empty()) look_.look_at_store();
  return known_.identity();
}

std::vector<ReplicaState> ZfsStore::inventory(const std::string& host) {
  const auto root = host.empty() ? layout_.store() : layout_.host_dataset(host);
  const auto contents = look_.list(root);
  // A host without backups, or no store?
  if (contents.datasets.empty()) look_.look_at_store();
  return replicas_of(contents, layout_);
}

void ZfsStore::receive(const ReceiveRequest& request, Stream& stream) {
  if (request.cancellation != nullptr) request.cancellation->check();
  const auto place = layout_.replica(request.volume);
  if (!request.stream.base && places_.has_waiting(place)) {
    const std::unique_lock lock(renames_);
    places_.put_in_place(place + std::string(kIncoming));
  }
  std::string dataset;
  {
    const std::shared_lock lock(renames_);
    dataset = receiver_.receive(request, stream);
  }
  if (!is_incoming(dataset)) return;
  const std::unique_lock lock(renames_);
  places_.put_in_place(dataset);
}

void ZfsStore::describe(const std::vector<ReplicaDescription>& replicas) {
  receiver_.describe(replicas);
}

VolumeProperties ZfsStore::description(const VolumeName& volume, const Point& snapshot) {
  return recorded_description(commands_, volume.path, look_.needed(volume), snapshot);
}

void ZfsStore::abort_partial(const VolumeName& volume) {
  const auto replica = look_.look_again(volume);
  if (!replica) return;
  if (!replica->token.empty()) run_command(commands_, {"zfs", "receive", "-A", replica->name});
  const auto rest = look_.look_again(volume);
  if (rest && !rest->is_replica() && !rest->placeholder) {
    // Without -r: what has children or snapshots stays.
    commands_.run({"zfs", "destroy", rest->name});
    known_.forget_tree(rest->name);
  }
}

bool ZfsStore::give_up_partial(const VolumeName& volume) {
  const auto replica = look_.look_again(volume);
  if (!replica || replica->token.empty()) return false;
  const auto partial = partial_of(*replica);
  const auto now = clock_.now().seconds;
  switch (age_of_partial(partial, replica->partial_mark, now)) {
    case PartialAge::Unmarked:
      run_command(commands_,
                  {"zfs", "set", std::string(kPartialProperty) + "=" + partial_mark(partial, now),
                   replica->name});
      return false;
    case PartialAge::Waiting:
      return false;
    case PartialAge::GivenUp:
      break;
  }
  abort_partial(volume);
  return true;
}

VolumeName ZfsStore::set_aside(const VolumeName& volume) {
  const std::unique_lock lock(renames_);
  const auto replica = look_.needed(volume);
  const auto time = format_utc(clock_.now());
  VolumeName aside{volume.host, volume.path + ".diverged-" + time};
  for (int number = 2;; ++number) {
    try {
      places_.rename(replica.name, layout_.replica(aside));
      break;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::AlreadyExists || number > 99) throw;
    }
    aside.path = volume.path + ".diverged-" + time + "." + std::to_string(number);
  }
  if (!replica.record.empty()) keep_description_of(volume, aside, layout_.replica(aside));
  return aside;
}

// What is described goes first: a move that ends early is made again, and then nothing is missing.
void ZfsStore::move(const VolumeName& from, const VolumeName& to) {
  const std::unique_lock lock(renames_);
  const auto replica = look_.needed(from);
  const auto place = layout_.replica(to);
  // What a move that ended early has left below it may belong where it goes.
  if (replica.name.ends_with(kIncoming)) places_.give_back_below(replica.name);
  auto there = look_.look_again(to);
  if (places_.has_waiting(place)) {
    places_.put_in_place(place + std::string(kIncoming));
    there = look_.look_again(to);
  }
  if (there && there->name != replica.name && !there->placeholder) {
    throw Error(ErrorKind::AlreadyExists, name() + ": has " + to.text() + " already");
  }
  if (!replica.record.empty()) keep_description_of(from, to, replica.name);
  auto now = replica.name;
  const auto go = [&](const std::string& next) {
    places_.rename(now, next);
    now = next;
  };
  // Nothing goes below itself, and what makes room is still known as the same volume.
  if (place.starts_with(now + "/") && !is_incoming(now)) go(now + std::string(kIncoming));
  if (there && there->placeholder) {
    go(place + std::string(kIncoming));
    places_.put_in_place(now);
  } else {
    places_.make_parents(place);
    go(place);
  }
}

// A record counts for the name that it was made with. What the volume was is less than its
// snapshots, and the next run records it anew.
void ZfsStore::keep_description_of(const VolumeName& from, const VolumeName& to,
                                   const std::string& dataset) {
  try {
    rename_records(commands_, from.path, to.path, dataset);
  } catch (const Error&) {
  }
}

void ZfsStore::record_unchanged(const std::string& set, std::int64_t time,
                                const std::vector<VolumeName>& volumes) {
  memory_.record_unchanged(set, time, volumes);
}

Expectations ZfsStore::expectations(const std::string& host) { return memory_.expectations(host); }

std::vector<VolumeFailure> ZfsStore::change_expectations(const std::string& host,
                                                         const ExpectationChange& change) {
  return memory_.change_expectations(host, change);
}

std::unique_ptr<Stream> ZfsStore::send(const VolumeName& volume, const StreamRequest& request) {
  const auto replica = look_.needed(volume);
  if (!request.resume_token.empty()) check_resumable(commands_, replica.name, request);
  auto argv = send_arguments(replica.name, request);
  return std::make_unique<ChildStream>(commands_.start(argv, {.output = true}), argv);
}

std::unique_ptr<SnapshotView> ZfsStore::browse(const VolumeName& volume, const Point& snapshot) {
  auto replica = look_.needed(volume);
  const auto found = [&] { return std::ranges::find(replica.points, snapshot.guid, &Point::guid); };
  if (found() == replica.points.end()) replica = look_.look_again(volume).value_or(StoreDataset{});
  if (found() == replica.points.end()) {
    throw Error(ErrorKind::NotFound, volume.text() + "@" + snapshot.name +
                                         ": no such snapshot; `snapferry list` shows which there "
                                         "are");
  }
  if (replica.type == VolumeType::Zvol) {
    throw Error(ErrorKind::Unsupported,
                volume.text() + ": is a zvol, which has no files; restore it as a whole");
  }
  if (!replica.key_loaded) {
    throw Error(ErrorKind::Unsupported, volume.text() +
                                            ": is encrypted and its key is not here; load it with "
                                            "zfs load-key, or restore it as a whole");
  }
  return mount_snapshot(point_name(replica.name, *found()), volume.text() + "@" + snapshot.name);
}

std::vector<VolumeFailure> ZfsStore::destroy(const VolumeName& volume,
                                             const std::vector<Point>& snapshots) {
  const std::unique_lock lock(renames_);
  const auto before = look_.needed(volume);
  std::vector<Doomed> doomed;
  for (const auto& snapshot : snapshots) doomed.push_back({before.name, snapshot});
  // Whatever somebody changed there stays.
  const bool head_follows =
      takes_newest(before, snapshots) && is_head_as_received(commands_, before.name);
  if (takes_all(before, snapshots)) mark_as_empty(before.name);
  auto failures = destroy_points(commands_, calls_, doomed);
  for (auto& failure : failures) failure.volume = volume.path;
  const auto rest = look_.look_again(volume);
  if (!rest) return failures;
  if (head_follows && !rest->points.empty() && rest->points.back() != before.points.back()) {
    try {
      bring_head_back(commands_, rest->name, rest->points.back());
    } catch (const Error& error) {
      failures.push_back({volume.path, error.message()});
    }
  }
  for (const auto& point : rest->points) {
    const bool wanted = std::any_of(snapshots.begin(), snapshots.end(), [&](const Point& one) {
      return one.guid == point.guid && one.name == point.name;
    });
    if (wanted && failures.empty()) {
      failures.push_back(
          {volume.path, point_name(rest->name, point) + ": is held; zfs holds shows by whom"});
    }
  }
  if (rest->is_replica() || before.placeholder || snapshots.empty()) return failures;
  try {
    places_.destroy_alone(rest->name);
  } catch (const Error& error) {
    failures.push_back({volume.path, error.message()});
    known_.forget_tree(rest->name);
  }
  return failures;
}

// So that it stands in nobody's way where this ends early. Nothing of it counts before the last
// snapshot is gone, and it may be more than was delegated.
void ZfsStore::mark_as_empty(const std::string& dataset) {
  commands_.run(
      {"zfs", "set", std::string(kPlaceholderProperty) + "=" + without_incoming(dataset), dataset});
}

std::vector<ReplicaDamage> ZfsStore::verify(const ReplicaState& replica, bool read_data,
                                            Progress* progress, const Cancellation* cancellation) {
  std::vector<ReplicaDamage> damages;
  const auto dataset = look_.look_again(replica.volume);
  if (!dataset) return {};  // forgotten since it was listed
  for (const auto& cause : look_.what_is_unsafe(dataset->type, dataset->name)) {
    damages.push_back({replica.volume, "", cause});
  }
  if (!dataset->record.empty()) {
    for (const auto& cause : misread_properties(commands_, replica.volume.path, *dataset)) {
      damages.push_back({replica.volume, "", cause});
    }
  }
  if (!read_data || !damages.empty()) return damages;
  const ReplicaState left = without_forgotten(replica, *dataset);
  auto read = read_back(commands_, left, *dataset, progress, cancellation);
  if (!read.damages.empty()) {
    // What was forgotten meanwhile looks like what cannot be read.
    const auto again = look_.look_again(replica.volume);
    if (!again) return {};
    const ReplicaState still = without_forgotten(left, *again);
    if (still.points != left.points) return verify(still, read_data, progress, cancellation);
  }
  if (!read.newest_is_damaged || *read.newest_is_damaged == dataset->damaged) return read.damages;
  try {
    note_damage(commands_, point_name(dataset->name, left.points.back()), *read.newest_is_damaged,
                clock_.now());
    known_.forget(dataset->name);
  } catch (const Error& error) {
    read.damages.push_back({replica.volume, left.points.back().name,
                            "whether it is damaged could not be noted, so that the next backup "
                            "does not know: " +
                                error.message()});
  }
  return read.damages;
}

void create_store(platform::Commands& commands, PoolCalls& calls, platform::Clock& clock,
                  const std::string& dataset) {
  ZfsStore store(commands, calls, dataset, clock);
  const auto listing = run_list(
      commands,
      {.columns = {"name"}, .types = "filesystem,volume", .recursive = false, .roots = {dataset}});
  if (!listing.rows.empty()) {
    throw Error(ErrorKind::AlreadyExists,
                store.name() + ": is there already; a backup can use it as it is");
  }
  run_command(commands,
              {"zfs", "create", "-p", "-o", "canmount=off", "-o", "mountpoint=none", dataset});
  store.identity();
}

}  // namespace snapferry::zfs
