#include "stores/native_store.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/aside.h"
#include "core/claimed_time.h"
#include "core/printable.h"
#include "core/store_address.h"
#include "replication/arrivals.h"
#include "replication/snapshot_name.h"

namespace snapferry::stores {
namespace {

// What a name says of a snapshot.
void fill_in_name(const Point& point, Snapshot& snapshot) {
  if (const auto name = replication::parse_snapshot_name(point.name)) {
    snapshot.set = name->set;
    snapshot.time = {name->time, 0};
  } else {
    snapshot.time = {point.created, 0};
  }
  snapshot.finished = snapshot.time;
}

}  // namespace

NativeStore::NativeStore(std::unique_ptr<Store> store, platform::Clock& clock, std::string host)
    : store_(std::move(store)), clock_(clock), host_(std::move(host)) {}

std::vector<Snapshot> NativeStore::snapshots(std::vector<DamagedObject>*) {
  refresh();
  std::vector<Snapshot> snapshots;
  const CopyIds ids(replicas_);
  for (std::size_t i = 0; i < replicas_.size(); ++i) add(i, ids, snapshots);
  // Within a volume the store's own order decides, which time_for_rules() keeps to.
  std::stable_sort(snapshots.begin(), snapshots.end(), [&](const Snapshot& a, const Snapshot& b) {
    return time_for_rules(a).time < time_for_rules(b).time;
  });
  return snapshots;
}

void NativeStore::refresh() {
  const std::lock_guard lock(store_mutex_);
  try {
    shown_.clear();
    replicas_ = store_->inventory(shown_);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::PermissionDenied) throw;
    shown_ = host_;
    replicas_ = store_->inventory(shown_);
  }
  known_.clear();
}

void NativeStore::add(std::size_t replica, const CopyIds& ids, std::vector<Snapshot>& snapshots) {
  const VolumeName& volume = replicas_[replica].volume;
  const std::size_t first = snapshots.size();
  for (const Point& point : replicas_[replica].points) {
    Snapshot snapshot;
    snapshot.id = ids.id(volume, point.guid);
    snapshot.volume = volume;
    fill_in_name(point, snapshot);
    snapshot.root.type =
        replicas_[replica].type == VolumeType::Zvol ? EntryType::BlockDevice : EntryType::Directory;
    snapshot.root.mode = 0700;
    snapshot.root.mtime = snapshot.time;
    snapshot.root.tree = objects_.add(volume.text(), point.name + " " + point.guid.hex(),
                                      [this, volume, point]() -> std::unique_ptr<SnapshotView> {
                                        const std::lock_guard lock(store_mutex_);
                                        return store_->browse(volume, point);
                                      });
    known_.insert_or_assign({volume, snapshot.id}, Known{replica, point, {}});
    snapshots.push_back(std::move(snapshot));
  }
  judge_times(std::span(snapshots).subspan(first));
}

// The store's order holds for the volume, whatever sets its snapshots are of.
void NativeStore::judge_times(std::span<Snapshot> of_volume) {
  std::vector<ClaimedTime> claims;
  for (const Snapshot& snapshot : of_volume) {
    claims.push_back({snapshot.time, {point_of(snapshot).seen, 0}});
  }
  const Timestamp now = clock_.now();
  const auto seen = contradicted_claims(claims, now);
  std::vector<const Snapshot*> chain;
  for (std::size_t i = 0; i < of_volume.size(); ++i) {
    of_volume[i].seen = seen[i];
    chain.push_back(&of_volume[i]);
  }
  const auto times = effective_times_of_chain(chain, now);
  for (std::size_t i = 0; i < times.size(); ++i) {
    known(of_volume[i]).time_for_rules = times[i];
    if (of_volume[i].time != Timestamp{}) continue;
    of_volume[i].time = of_volume[i].finished = of_volume[i].root.mtime = times[i].time;
  }
}

NativeStore::Known& NativeStore::known(const Snapshot& snapshot) {
  const auto found = known_.find({snapshot.volume, snapshot.id});
  if (found == known_.end()) {
    throw Error(ErrorKind::NotFound,
                fmt::format("{}: snapshot {} is not in the store any more; list it again",
                            snapshot.volume.text(), snapshot.id.short_hex()));
  }
  return found->second;
}

const ReplicaState& NativeStore::replica_of(const Snapshot& snapshot) {
  return replicas_[known(snapshot).replica];
}

const Point& NativeStore::point_of(const Snapshot& snapshot) { return known(snapshot).point; }

EffectiveTime NativeStore::time_for_rules(const Snapshot& snapshot) {
  return known(snapshot).time_for_rules;
}

bool NativeStore::has_files(const Snapshot& snapshot) {
  const ReplicaState& replica = replica_of(snapshot);
  return replica.type != VolumeType::Zvol && !replica.raw;
}

void NativeStore::complete(Snapshot& snapshot) {
  if (!has_files(snapshot)) {
    const bool zvol = replica_of(snapshot).type == VolumeType::Zvol;
    throw Error(ErrorKind::Unsupported,
                fmt::format("{}: {}; restore it whole with --target zfs:POOL/NAME",
                            printable(snapshot.volume.text()),
                            zvol ? "a zvol has no files to look at"
                                 : "was received encrypted, and its key is not here"));
  }
  snapshot.root = objects_.root(snapshot.root.tree);
}

Arrivals NativeStore::arrivals() {
  Arrivals arrivals;
  for (const auto& replica : replicas_) {
    auto of_sets = replication::arrivals_of(replica);
    if (!of_sets.empty()) arrivals.emplace(replica.volume, std::move(of_sets));
  }
  return arrivals;
}

bool NativeStore::may_be_arriving(const VolumeName& volume) {
  const auto replica = std::ranges::find(replicas_, volume, &ReplicaState::volume);
  return replica != replicas_.end() && replica->points.empty() && replica->partial;
}

Expectations NativeStore::expectations() {
  const std::lock_guard lock(store_mutex_);
  return store_->expectations(shown_);
}

std::vector<VolumeFailure> NativeStore::change_expectations(const std::string& host,
                                                            const ExpectationChange& change) {
  const std::lock_guard lock(store_mutex_);
  return store_->change_expectations(host, change);
}

std::string NativeStore::known_against(const Snapshot& snapshot) {
  return replica_of(snapshot).changed;
}

std::vector<VolumeFailure> NativeStore::forget(const std::vector<Snapshot>& snapshots) {
  std::map<VolumeName, std::vector<Point>> points;
  for (const auto& snapshot : snapshots) points[snapshot.volume].push_back(point_of(snapshot));
  std::vector<VolumeFailure> failures;
  const std::lock_guard lock(store_mutex_);
  for (const auto& [volume, gone] : points) {
    for (auto& failure : store_->destroy(volume, gone)) failures.push_back(std::move(failure));
  }
  return failures;
}

std::vector<Leftover> NativeStore::discard_leftovers() {
  std::vector<Leftover> discarded;
  const std::lock_guard lock(store_mutex_);
  for (const auto& replica : replicas_) {
    if (!replica.partial || !discard_partial(replica)) continue;
    discarded.push_back({replica.volume, replica.partial->bytes});
  }
  return discarded;
}

// What somebody is receiving right now is no leftover, and what the key may not touch is for
// another one to remove.
bool NativeStore::discard_partial(const ReplicaState& replica) {
  try {
    if (!replica.partial->token.empty()) return store_->give_up_partial(replica.volume);
    store_->abort_partial(replica.volume);
    return true;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Busy && error.kind() != ErrorKind::PermissionDenied) throw;
    return false;
  }
}

// What was set aside in favour of a new copy needs no new backup.
std::string NativeStore::message_about(const ReplicaDamage& damage) const {
  const auto before = path_before_aside(damage.volume.path);
  const auto takes_its_place = [&](const ReplicaState& replica) {
    return before && replica.volume == VolumeName{damage.volume.host, *before};
  };
  if (std::ranges::none_of(replicas_, takes_its_place)) return damage.message;
  return damage.message.substr(0, damage.message.find(';')) +
         "; it was set aside already, and goes with: snapferry forget --all '" +
         damage.volume.text() + "'";
}

// A pool may have twice what is damaged.
Remedy NativeStore::remedy() const {
  const bool is_zfs = StoreAddress::parse(name()).kind == StoreKind::Zfs;
  return is_zfs ? Remedy::ScrubThenNewCopy : Remedy::NewCopy;
}

VerifyFindings NativeStore::verify(const VerifyRequest& request) {
  if (request.read_data != 0 && request.read_data != 100) {
    throw Error(ErrorKind::InvalidArgument,
                fmt::format("{}: native snapshots are read back whole or not at all; give "
                            "--read-data without a percentage",
                            name()));
  }
  refresh();
  VerifyFindings findings;
  if (request.progress != nullptr) request.progress->begin("verifying");
  const std::lock_guard lock(store_mutex_);
  for (const auto& replica : replicas_) {
    if (request.cancellation != nullptr) request.cancellation->check();
    const bool read_data = request.read_data > 0;
    for (const auto& damage :
         store_->verify(replica, read_data, request.progress, request.cancellation)) {
      const std::string name =
          damage.volume.text() + (damage.snapshot.empty() ? "" : "@" + damage.snapshot);
      findings.damages.push_back({name, message_about(damage)});
    }
    findings.snapshots += replica.points.size();
    ++findings.objects;
  }
  if (request.progress != nullptr) findings.bytes_read = request.progress->bytes;
  return findings;
}

std::vector<StoreFigure> NativeStore::figures() {
  refresh();
  using Unit = StoreFigure::Unit;
  std::uint64_t snapshots = 0;
  std::uint64_t partial = 0;
  std::uint64_t bytes = 0;
  for (const auto& replica : replicas_) {
    snapshots += replica.points.size();
    bytes += replica.bytes;
    if (replica.partial) ++partial;
  }
  std::vector<StoreFigure> figures = {
      {.label = "", .key = "store_id", .unit = Unit::Text, .text = store_->identity()},
      {.label = "volumes", .key = "volumes", .number = replicas_.size()},
      {.label = "snapshots", .key = "snapshots", .number = snapshots},
      {.label = "received in part", .key = "partial", .number = partial}};
  // A store that would have to read all to know says nothing.
  if (bytes > 0) {
    figures.push_back({.label = "size of the store",
                       .key = "bytes_stored",
                       .unit = Unit::Bytes,
                       .number = bytes});
  }
  return figures;
}

}  // namespace snapferry::stores
