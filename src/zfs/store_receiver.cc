#include "zfs/store_receiver.h"

#include <algorithm>

#include "core/error.h"
#include "zfs/arguments.h"
#include "zfs/command_failure.h"
#include "zfs/dataset_name.h"
#include "zfs/listing.h"
#include "zfs/pool_features.h"
#include "zfs/property_rules.h"
#include "zfs/record_keeper.h"
#include "zfs/source_record.h"
#include "zfs/stream_transfer.h"

namespace snapferry::zfs {
namespace {

using Names = std::vector<std::string>;

[[noreturn]] void conflict(const VolumeName& volume, const std::string& cause) {
  throw Error(ErrorKind::Conflict, volume.text() + ": " + cause);
}

// What is not there, or there already, is so on one side only: the two do not fit.
Error receive_failure(const VolumeName& volume, const StreamFeatures& used,
                      const std::vector<std::string>& argv, const platform::ExitReport& exit) {
  if (exit.errors.find("must be upgraded to receive") != std::string::npos) {
    return Error(ErrorKind::Unsupported,
                 volume.text() + ": the store cannot receive a stream with " + names_of(used) +
                     "; see 'zpool get all' there for features of the pool that are disabled, and "
                     "enable them with zpool upgrade");
  }
  const auto error = command_failure(argv, exit);
  const bool misfit =
      error.kind() == ErrorKind::NotFound || error.kind() == ErrorKind::AlreadyExists;
  return Error(misfit ? ErrorKind::Conflict : error.kind(), volume.text() + ": " + error.message());
}

}  // namespace

void StoreReceiver::describe(const std::vector<ReplicaDescription>& replicas) {
  const std::scoped_lock lock(descriptions_mutex_);
  for (const auto& replica : replicas) descriptions_[replica.volume] = replica.properties;
}

std::string StoreReceiver::receive(const ReceiveRequest& request, Stream& stream) {
  auto dataset = target_of(request);
  auto before = known_.dataset(dataset);
  check_features(request, dataset);
  if (request.stream.base && before) keep_description(request, *before);
  run_receive(request, dataset, stream);
  if (!request.stream.base) {
    look_at_first(request, dataset);
  } else if (before) {
    remember_added(*before, request.stream);
  }
  return dataset;
}

// The dataset that the stream goes into.
std::string StoreReceiver::target_of(const ReceiveRequest& request) {
  const auto place = layout_.replica(request.volume);
  if (!request.stream.resume_token.empty()) {
    auto known = known_.replica(request.volume);
    if (!known || known->token != request.stream.resume_token)
      known = look_.look_again(request.volume);
    if (!known || known->token != request.stream.resume_token) {
      conflict(request.volume, "there is no such interrupted receive any more; plan again");
    }
    return known->name;
  }
  if (request.stream.base) {
    check_base(request);
    return known_.replica(request.volume)->name;
  }
  const auto known = known_.has_listing_of(place) ? known_.replica(request.volume)
                                                  : look_.look_again(request.volume);
  if (!known) {
    places_.make_parents(place);
    return place;
  }
  if (known->is_replica()) {
    conflict(request.volume, known->points.empty()
                                 ? "an interrupted receive is there; go on with it, or discard it"
                                 : "the store has it already; set the replica aside to begin anew");
  }
  if (!known->placeholder) {
    conflict(request.volume, known->name + " is there and is no backup; rename it with zfs rename");
  }
  return place + std::string(kIncoming);
}

void StoreReceiver::check_base(const ReceiveRequest& request) {
  auto matches = [&](const std::optional<StoreDataset>& replica) {
    return replica && !replica->points.empty() &&
           replica->points.back().guid == request.stream.base->guid;
  };
  if (matches(known_.replica(request.volume))) return;
  const auto replica = look_.look_again(request.volume);
  if (matches(replica)) return;
  if (!replica || replica->points.empty()) {
    conflict(request.volume, "the store has nothing that the stream could add to; send all of it");
  }
  conflict(request.volume,
           "the newest snapshot in the store is " + replica->points.back().name +
               ", not the base of the stream; plan again, or set the replica aside");
}

std::optional<VolumeProperties> StoreReceiver::told(const VolumeName& volume) {
  const std::scoped_lock lock(descriptions_mutex_);
  const auto found = descriptions_.find(volume);
  return found == descriptions_.end() ? std::nullopt : std::optional(found->second);
}

// The snapshots come in all the same where this fails; the next run does it again then.
void StoreReceiver::keep_description(const ReceiveRequest& request, StoreDataset& replica) {
  const auto properties = told(request.volume);
  if (!properties) return;
  auto hash = SourceRecord(request.volume.path, *properties).hash();
  if (hash == replica.record) return;
  try {
    supersede_description(commands_, request.volume.path, replica, *properties);
    replica.record = std::move(hash);
  } catch (const Error&) {
  }
}

// Set as the dataset is made, so that nobody ever sees it otherwise.
std::vector<std::string> StoreReceiver::first_receive_options(const ReceiveRequest& request) {
  auto options = safe_receive_options(request.type, privilege_);
  const auto add = [&](const std::vector<std::string>& assignments) {
    for (const auto& assignment : assignments) options.insert(options.end(), {"-o", assignment});
  };
  const auto properties = told(request.volume);
  if (privilege_ == Privilege::Root) {
    add(reading_assignments(request.type, properties ? &*properties : nullptr));
  }
  if (properties) add(SourceRecord(request.volume.path, *properties).assignments());
  return options;
}

// The kernel's own words for it blame its modules.
void StoreReceiver::check_features(const ReceiveRequest& request, const std::string& dataset) {
  if (!request.stream.features.embedded || request.stream.features.raw) return;
  const auto place = request.stream.base ? dataset : std::string(parent_of(dataset));
  const auto known = known_.dataset(place);
  if (!known || !known->encrypted) return;
  throw Error(ErrorKind::Unsupported,
              request.volume.text() + ": " + place +
                  " is encrypted, and OpenZFS takes no embedded data (-e) into it; run it again "
                  "with this version of the program at both ends");
}

void StoreReceiver::run_receive(const ReceiveRequest& request, const std::string& dataset,
                                Stream& stream) {
  Names argv = {"zfs", "receive", "-s", "-u"};
  if (!request.stream.base) {
    const auto options = first_receive_options(request);
    argv.insert(argv.end(), options.begin(), options.end());
  }
  // A package brings the names of its snapshots; a single one is named here.
  argv.push_back(request.stream.intermediates.empty() ? point_name(dataset, request.stream.to)
                                                      : dataset);
  StreamInspector inspector(request.stream, request.type, ChecksumMode::Skip);
  const auto child = commands_.start(argv, {.input = true});
  // Until all is well, a listing is what tells.
  known_.forget(dataset);
  auto end = TransferEnd::Whole;
  try {
    end = transfer(stream, inspector, *child, request.progress, request.cancellation);
  } catch (const Error&) {
    // At the end of its input it keeps what came so far, so that the next run can go on.
    child->wait();
    throw;
  }
  const auto exit = [&] {
    const Rest rest(request.turn);  // the pool writes
    return child->wait();
  }();
  if (!exit.ok()) throw receive_failure(request.volume, request.stream.features, argv, exit);
  if (end == TransferEnd::ReceiverStopped) {
    throw Error(ErrorKind::Unavailable,
                request.volume.text() + ": zfs receive stopped early; run the backup again");
  }
}

void StoreReceiver::look_at_first(const ReceiveRequest& request, const std::string& dataset) {
  const auto snapshot = point_name(dataset, request.stream.to);
  auto columns = Names{"name", "guid", "createtxg"};
  for (auto& column : safety_columns()) columns.push_back(std::move(column));
  const auto listing = run_list(commands_, {.columns = columns,
                                            .types = "filesystem,volume,snapshot",
                                            .recursive = false,
                                            .roots = {dataset, snapshot}});
  StoreDataset result;
  result.name = dataset;
  result.type = request.type;
  std::map<std::string, std::string> values;
  for (const auto& row : listing.rows) {
    const auto guid = Guid::from_number(parse_number(row[1]).value_or(0));
    if (row[0] == dataset) {
      result.guid = guid;
      for (std::size_t i = 0; i < columns.size(); ++i) values[columns[i]] = row[i];
    } else if (guid == request.stream.to.guid) {
      auto point = request.stream.to;
      point.order = parse_number(row[2]).value_or(0);
      result.points.push_back(std::move(point));
    }
  }
  if (result.points.empty()) {
    known_.forget_tree(dataset);
    throw Error(ErrorKind::Unavailable,
                snapshot + ": zfs receive ended well and the snapshot is not there; run it again");
  }
  const auto properties = told(request.volume);
  if (properties) result.record = SourceRecord(request.volume.path, *properties).hash();
  known_.remember(std::move(result));
  if (privilege_ == Privilege::Delegated && request.type != VolumeType::Zvol) {
    // May be more than was delegated. What it would show otherwise, verify says.
    Names assign = {"zfs", "set"};
    for (auto& one : reading_assignments(request.type, properties ? &*properties : nullptr)) {
      assign.push_back(std::move(one));
    }
    assign.push_back(dataset);
    commands_.run(assign);
  }
  if (unsafe_properties(request.type, values).empty()) return;
  Names argv = {"zfs", "set"};
  for (auto& assignment : safe_assignments(request.type)) argv.push_back(std::move(assignment));
  argv.push_back(dataset);
  commands_.run(argv);
  const auto wrong = look_.what_is_unsafe(request.type, dataset);
  if (wrong.empty()) return;
  throw Error(ErrorKind::PermissionDenied, dataset + ": was received, but " + wrong.front() +
                                               "; as root, correct that on " + layout_.store() +
                                               ", from which it inherits");
}

// `zfs receive` has ended well and the inspector has seen which snapshots came, so nobody need look
// again.
void StoreReceiver::remember_added(StoreDataset dataset, const StreamRequest& stream) {
  auto order = dataset.points.empty() ? 0 : dataset.points.back().order;
  const auto add = [&](Point point) {
    point.order = ++order;
    dataset.points.push_back(std::move(point));
  };
  for (const auto& point : stream.intermediates) add(point);
  add(stream.to);
  dataset.token.clear();
  known_.remember(std::move(dataset));
}

}  // namespace snapferry::zfs
