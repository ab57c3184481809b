#include "zfs/zfs_store.h"

#include <algorithm>
#include <map>
#include <mutex>

#include "core/error.h"
#include "core/wall_time.h"
#include "zfs/arguments.h"
#include "zfs/child_stream.h"
#include "zfs/command_failure.h"
#include "zfs/dataset_name.h"
#include "zfs/expected_record.h"
#include "zfs/partial_mark.h"
#include "zfs/pool_features.h"
#include "zfs/property_rules.h"
#include "zfs/read_back.h"
#include "zfs/record_keeper.h"
#include "zfs/replica_head.h"
#include "zfs/resume_check.h"
#include "zfs/settler.h"
#include "zfs/snapshot_mount.h"
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

}  // namespace

ZfsStore::ZfsStore(platform::Commands& commands, PoolCalls& calls, std::string dataset,
                   platform::Clock& clock, ZfsStoreOptions options)
    : commands_(commands),
      calls_(calls),
      layout_(std::move(dataset)),
      clock_(clock),
      privilege_(options.privilege),
      version_(options.version),
      known_(layout_),
      places_(commands, calls, layout_, known_, options.privilege) {}

std::string ZfsStore::name() const { return volume_of_dataset(layout_.store()); }

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
  if (known_.identity().empty()) look_at_store();
  return known_.identity();
}

void ZfsStore::look_at_store() {
  // With the datasets of its hosts, which may have keys of their own.
  const auto listing =
      run_list(commands_, {.columns = {"name", "guid", kIdentityProperty, "encryption"},
                           .types = "filesystem",
                           .depth = 1,
                           .roots = {layout_.store()}});
  if (!listing.missing.empty()) no_such_store(layout_);
  for (const auto& row : listing.rows) {
    if (is_encryption(row[3])) known_.remember_encryption();
  }
  const auto guid = listing.rows.empty() ? std::nullopt : parse_number(listing.rows[0][1]);
  if (!guid) throw Error(ErrorKind::NotFound, name() + ": is no filesystem; name another store");
  const auto identity = Guid::from_number(*guid).hex();
  known_.remember_identity(identity);
  // Without it each run asks once more; so it is no failure where it cannot be written.
  const auto property = identity + "@" + layout_.store();
  if (listing.rows[0][2] != property) {
    commands_.run({"zfs", "set", std::string(kIdentityProperty) + "=" + property, layout_.store()});
  }
}

StoreContents ZfsStore::list(const std::string& root) {
  const auto listing = run_list(commands_, store_listing(root));
  auto contents = parse_store_rows(listing.rows, layout_);
  known_.take(root, contents);
  return contents;
}

std::vector<ReplicaState> ZfsStore::inventory(const std::string& host) {
  const auto root = host.empty() ? layout_.store() : layout_.host_dataset(host);
  const auto contents = list(root);
  // A host without backups, or no store?
  if (contents.datasets.empty()) look_at_store();
  return replicas_of(contents, layout_);
}

std::optional<StoreDataset> ZfsStore::look_again(const VolumeName& volume) {
  const auto known = known_.replica(volume);
  auto request = store_listing(layout_.replica(volume));
  request.depth = 1;
  request.roots.push_back(layout_.replica(volume) + std::string(kIncoming));
  if (known && known->name != request.roots[0] && known->name != request.roots[1]) {
    request.roots.push_back(known->name);
  }
  const auto listing = run_list(commands_, request);
  for (const auto& missing : listing.missing) known_.forget_tree(missing);
  for (auto& [name, dataset] : parse_store_rows(listing.rows, layout_).datasets) {
    // Of those one level below the listing has no snapshots.
    if (std::find(request.roots.begin(), request.roots.end(), name) != request.roots.end()) {
      known_.remember(std::move(dataset));
    }
  }
  return known_.replica(volume);
}

StoreDataset ZfsStore::needed(const VolumeName& volume) {
  auto found = known_.replica(volume);
  if (!found || !found->is_replica()) found = look_again(volume);
  if (!found) {
    throw Error(ErrorKind::NotFound, volume.text() + ": " + name() + " has no backup of it");
  }
  return *found;
}

void ZfsStore::check_base(const ReceiveRequest& request) {
  auto matches = [&](const std::optional<StoreDataset>& replica) {
    return replica && !replica->points.empty() &&
           replica->points.back().guid == request.stream.base->guid;
  };
  if (matches(known_.replica(request.volume))) return;
  const auto replica = look_again(request.volume);
  if (matches(replica)) return;
  if (!replica || replica->points.empty()) {
    conflict(request.volume, "the store has nothing that the stream could add to; send all of it");
  }
  conflict(request.volume,
           "the newest snapshot in the store is " + replica->points.back().name +
               ", not the base of the stream; plan again, or set the replica aside");
}

// The dataset that the stream goes into.
std::string ZfsStore::target_of(const ReceiveRequest& request) {
  const auto place = layout_.replica(request.volume);
  if (!request.stream.resume_token.empty()) {
    auto known = known_.replica(request.volume);
    if (!known || known->token != request.stream.resume_token) known = look_again(request.volume);
    if (!known || known->token != request.stream.resume_token) {
      conflict(request.volume, "there is no such interrupted receive any more; plan again");
    }
    return known->name;
  }
  if (request.stream.base) {
    check_base(request);
    return known_.replica(request.volume)->name;
  }
  const auto known =
      known_.has_listing_of(place) ? known_.replica(request.volume) : look_again(request.volume);
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
    dataset = target_of(request);
    auto before = known_.dataset(dataset);
    check_features(request, dataset);
    if (request.stream.base && before) keep_description(request, *before);
    run_receive(request, dataset, stream);
    if (!request.stream.base) {
      look_at_first(request, dataset);
    } else if (before) {
      remember_added(*before, request.stream);
    }
  }
  if (!is_incoming(dataset)) return;
  const std::unique_lock lock(renames_);
  places_.put_in_place(dataset);
}

void ZfsStore::describe(const std::vector<ReplicaDescription>& replicas) {
  const std::scoped_lock lock(descriptions_mutex_);
  for (const auto& replica : replicas) descriptions_[replica.volume] = replica.properties;
}

std::optional<VolumeProperties> ZfsStore::told(const VolumeName& volume) {
  const std::scoped_lock lock(descriptions_mutex_);
  const auto found = descriptions_.find(volume);
  return found == descriptions_.end() ? std::nullopt : std::optional(found->second);
}

VolumeProperties ZfsStore::description(const VolumeName& volume, const Point& snapshot) {
  return recorded_description(commands_, volume.path, needed(volume), snapshot);
}

// The snapshots come in all the same where this fails; the next run does it again then.
void ZfsStore::keep_description(const ReceiveRequest& request, StoreDataset& replica) {
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
std::vector<std::string> ZfsStore::first_receive_options(const ReceiveRequest& request) {
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
void ZfsStore::check_features(const ReceiveRequest& request, const std::string& dataset) {
  if (!request.stream.features.embedded || request.stream.features.raw) return;
  const auto place = request.stream.base ? dataset : std::string(parent_of(dataset));
  const auto known = known_.dataset(place);
  if (!known || !known->encrypted) return;
  throw Error(ErrorKind::Unsupported,
              request.volume.text() + ": " + place +
                  " is encrypted, and OpenZFS takes no embedded data (-e) into it; run it again "
                  "with this version of the program at both ends");
}

void ZfsStore::run_receive(const ReceiveRequest& request, const std::string& dataset,
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

std::vector<std::string> ZfsStore::unsafe(VolumeType type, const std::string& dataset) {
  const auto columns = safety_columns();
  const auto listing = run_list(
      commands_,
      {.columns = columns, .types = "filesystem,volume", .recursive = false, .roots = {dataset}});
  std::map<std::string, std::string> values;
  for (const auto& row : listing.rows) {
    for (std::size_t i = 0; i < columns.size(); ++i) values[columns[i]] = row[i];
  }
  return unsafe_properties(type, values);
}

void ZfsStore::look_at_first(const ReceiveRequest& request, const std::string& dataset) {
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
  const auto wrong = unsafe(request.type, dataset);
  if (wrong.empty()) return;
  throw Error(ErrorKind::PermissionDenied, dataset + ": was received, but " + wrong.front() +
                                               "; as root, correct that on " + layout_.store() +
                                               ", from which it inherits");
}

// `zfs receive` has ended well and the inspector has seen which snapshots came, so nobody need look
// again.
void ZfsStore::remember_added(StoreDataset dataset, const StreamRequest& stream) {
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

void ZfsStore::abort_partial(const VolumeName& volume) {
  const auto replica = look_again(volume);
  if (!replica) return;
  if (!replica->token.empty()) run_command(commands_, {"zfs", "receive", "-A", replica->name});
  const auto rest = look_again(volume);
  if (rest && !rest->is_replica() && !rest->placeholder) {
    // Without -r: what has children or snapshots stays.
    commands_.run({"zfs", "destroy", rest->name});
    known_.forget_tree(rest->name);
  }
}

bool ZfsStore::give_up_partial(const VolumeName& volume) {
  const auto replica = look_again(volume);
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
  const auto replica = needed(volume);
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
  const auto replica = needed(from);
  const auto place = layout_.replica(to);
  // What a move that ended early has left below it may belong where it goes.
  if (replica.name.ends_with(kIncoming)) places_.give_back_below(replica.name);
  auto there = look_again(to);
  if (places_.has_waiting(place)) {
    places_.put_in_place(place + std::string(kIncoming));
    there = look_again(to);
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
  if (volumes.empty()) return;
  const auto& host = volumes.front().host;
  const auto dataset = layout_.host_dataset(host);
  std::vector<Guid> unchanged;
  for (const auto& volume : volumes) {
    auto replica = known_.replica(volume);
    if (!replica || replica->points.empty()) {
      list(dataset);
      replica = known_.replica(volume);
    }
    if (!replica || replica->points.empty()) {
      throw Error(ErrorKind::NotFound, volume.text() + ": " + name() + " has no backup of it");
    }
    unchanged.push_back(replica->points.back().guid);
  }
  const auto before = known_.memory(host);
  auto record = before.value_or(UnchangedRecord{});
  record.record(set, time, unchanged, known_.newest_snapshots(host));
  auto parts = record.parts();
  if (before) parts.resize(std::max(parts.size(), before->parts().size()));
  Names argv = {"zfs", before ? "set" : "snapshot"};
  for (std::size_t part = 0; part < parts.size(); ++part) {
    if (!before) argv.emplace_back("-o");
    argv.push_back(UnchangedRecord::property(part) + "=" + parts[part]);
  }
  argv.push_back(dataset + "@" + std::string(kMemory));
  run_command(commands_, argv);
  const auto expected = known_.expectations();
  known_.remember_memory(host, std::move(record),
                         expected.contains(host) ? expected.at(host) : HostExpectations());
}

Expectations ZfsStore::expectations(const std::string& host) {
  const auto root = host.empty() ? layout_.store() : layout_.host_dataset(host);
  if (!known_.has_listing_of(root)) list(root);
  auto found = known_.expectations();
  std::erase_if(found, [&](const auto& one) {
    return one.second.empty() || (!host.empty() && one.first != host);
  });
  return found;
}

// Whoever writes at the same time may take back what was written here: so it is looked at again.
void ZfsStore::change_expectations(const std::string& host, const ExpectationChange& change) {
  constexpr int kTries = 4;
  for (int tries = 0; tries < kTries; ++tries) {
    if (tries > 0 || known_.memory(host)) look_at_memory(host);
    const auto found = expectations(host);
    const auto before = found.contains(host) ? found.at(host) : HostExpectations();
    const auto after = changed(before, change);
    if (after == before) return;
    try {
      write_expected(host, before, after);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::AlreadyExists) throw;
    }
  }
}

void ZfsStore::look_at_memory(const std::string& host) {
  auto request = store_listing(layout_.host_dataset(host) + "@" + std::string(kMemory));
  request.recursive = false;
  const auto listing = run_list(commands_, request);
  const auto contents = parse_store_rows(listing.rows, layout_);
  for (const auto& [name, memory] : contents.memories) {
    known_.remember_memory(name, memory, contents.expectations.at(name));
  }
}

void ZfsStore::write_expected(const std::string& host, const HostExpectations& before,
                              const HostExpectations& after) {
  const auto dataset = layout_.host_dataset(host);
  const bool is_there = known_.memory(host).has_value();
  auto parts = ExpectedRecord::parts(after);
  parts.resize(std::max(parts.size(), ExpectedRecord::parts(before).size()));
  if (!is_there) places_.make_parents(dataset + "/volume");
  Names argv = {"zfs", is_there ? "set" : "snapshot"};
  for (std::size_t part = 0; part < parts.size(); ++part) {
    if (!is_there) argv.emplace_back("-o");
    argv.push_back(ExpectedRecord::property(part) + "=" + parts[part]);
  }
  argv.push_back(dataset + "@" + std::string(kMemory));
  run_command(commands_, argv);
}

std::unique_ptr<Stream> ZfsStore::send(const VolumeName& volume, const StreamRequest& request) {
  const auto replica = needed(volume);
  if (!request.resume_token.empty()) check_resumable(commands_, replica.name, request);
  auto argv = send_arguments(replica.name, request);
  return std::make_unique<ChildStream>(commands_.start(argv, {.output = true}), argv);
}

std::unique_ptr<SnapshotView> ZfsStore::browse(const VolumeName& volume, const Point& snapshot) {
  auto replica = needed(volume);
  const auto found = [&] { return std::ranges::find(replica.points, snapshot.guid, &Point::guid); };
  if (found() == replica.points.end()) replica = look_again(volume).value_or(StoreDataset{});
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
  const auto before = needed(volume);
  std::vector<Doomed> doomed;
  for (const auto& snapshot : snapshots) doomed.push_back({before.name, snapshot});
  // Whatever somebody changed there stays.
  const bool head_follows =
      takes_newest(before, snapshots) && is_head_as_received(commands_, before.name);
  if (takes_all(before, snapshots)) mark_as_empty(before.name);
  auto failures = destroy_points(commands_, calls_, doomed);
  for (auto& failure : failures) failure.volume = volume.path;
  const auto rest = look_again(volume);
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
  const auto dataset = look_again(replica.volume);
  if (!dataset) return {{replica.volume, "", "the replica is not there any more"}};
  for (const auto& cause : unsafe(dataset->type, dataset->name)) {
    damages.push_back({replica.volume, "", cause});
  }
  if (!dataset->record.empty()) {
    for (const auto& cause : misread_properties(commands_, replica.volume.path, *dataset)) {
      damages.push_back({replica.volume, "", cause});
    }
  }
  for (const auto& point : replica.points) {
    const bool there = std::any_of(
        dataset->points.begin(), dataset->points.end(),
        [&](const Point& one) { return one.name == point.name && one.guid == point.guid; });
    if (!there)
      damages.push_back({replica.volume, point.name, "the snapshot is not there any more"});
  }
  if (!read_data || !damages.empty()) return damages;
  auto read = read_back(commands_, replica, *dataset, progress, cancellation);
  if (!read.newest_is_damaged || *read.newest_is_damaged == dataset->damaged) return read.damages;
  try {
    note_damage(commands_, point_name(dataset->name, replica.points.back()),
                *read.newest_is_damaged, clock_.now());
    known_.forget(dataset->name);
  } catch (const Error& error) {
    read.damages.push_back({replica.volume, replica.points.back().name,
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
