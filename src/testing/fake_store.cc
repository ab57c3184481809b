#include "testing/fake_store.h"

#include <algorithm>
#include <set>

#include "core/aside.h"
#include "core/error.h"
#include "testing/fake_stream.h"
#include "testing/fake_view.h"

namespace snapferry::testing {
namespace {

constexpr std::size_t kPiece = 16;

[[noreturn]] void conflict(const VolumeName& volume, const std::string& what) {
  throw Error(ErrorKind::Conflict, volume.text() + ": " + what);
}

std::string token_of(const Guid& to, const Guid& base, std::size_t bytes) {
  return to.hex() + "-" + base.hex() + "-" + std::to_string(bytes);
}

// The snapshots that may come, in this order; some of the intermediates may be gone by now.
class Expected {
 public:
  explicit Expected(const StreamRequest& request) : points_(request.intermediates) {
    if (!request.resume_token.empty()) points_.clear();
    points_.push_back(request.to);
  }

  void accept(const FakeRecord& record) {
    while (next_ < points_.size() && points_[next_].guid != record.to) ++next_;
    if (next_ == points_.size() || points_[next_].name != record.name) {
      throw Error(ErrorKind::Corrupt, "@" + record.name + " was not asked for");
    }
    ++next_;
  }
  bool complete() const { return next_ == points_.size(); }

 private:
  std::vector<Point> points_;
  std::size_t next_ = 0;
};

}  // namespace

FakeDisk::FakeDisk(FakeKind kind) : kind_(kind), identity_(next_fake_guid().hex()) {}

FakeDisk::Replica& FakeDisk::find(const VolumeName& name) {
  const auto found = replicas_.find(name);
  if (found == replicas_.end()) throw Error(ErrorKind::NotFound, name.text() + ": no such replica");
  return found->second;
}

std::vector<VolumeName> FakeDisk::replicas() const {
  const std::lock_guard lock(mutex_);
  std::vector<VolumeName> names;
  for (const auto& [name, replica] : replicas_) names.push_back(name);
  return names;
}

std::vector<Point> FakeDisk::points(const VolumeName& replica) const {
  const std::lock_guard lock(mutex_);
  std::vector<Point> points;
  const auto found = replicas_.find(replica);
  if (found == replicas_.end()) return points;
  for (const State& state : found->second.states) points.push_back(state.point);
  return points;
}

PlaceFiles FakeDisk::files_of(const VolumeName& replica, const std::string& snapshot) const {
  const std::lock_guard lock(mutex_);
  for (const State& state : replicas_.at(replica).states) {
    if (state.point.name == snapshot) return state.files;
  }
  throw Error(ErrorKind::NotFound, replica.text() + "@" + snapshot + ": no such snapshot");
}

bool FakeDisk::has_partial(const VolumeName& replica) const {
  const std::lock_guard lock(mutex_);
  const auto found = replicas_.find(replica);
  return found != replicas_.end() && found->second.half;
}

void FakeDisk::remove(const VolumeName& replica, const std::string& snapshot) {
  const std::lock_guard lock(mutex_);
  std::erase_if(find(replica).states,
                [&](const State& state) { return state.point.name == snapshot; });
}

void FakeDisk::let_weeks_pass() {
  const std::lock_guard lock(mutex_);
  for (auto& [name, replica] : replicas_) {
    if (replica.half) replica.half->weeks_since = replica.half->looks > 0;
  }
}

void FakeDisk::change(const VolumeName& replica, const std::string& what) {
  const std::lock_guard lock(mutex_);
  find(replica).changed = what;
}

void FakeDisk::snapshot(const VolumeName& replica, const std::string& name) {
  const std::lock_guard lock(mutex_);
  Replica& found = find(replica);
  State state;
  state.point.name = name;
  state.point.guid = next_fake_guid();
  state.point.order = next_fake_number();
  if (!found.states.empty()) state.files = found.states.back().files;
  found.states.push_back(std::move(state));
}

std::vector<ReplicaState> FakeStore::inventory(const std::string& host) {
  const std::lock_guard lock(disk_.mutex_);
  std::vector<ReplicaState> result;
  for (const auto& [name, replica] : disk_.replicas_) {
    if (!host.empty() && name.host != host) continue;
    ReplicaState listing;
    listing.volume = name;
    listing.type = replica.type;
    listing.raw = replica.raw;
    listing.changed = replica.changed;
    for (const auto& state : replica.states) listing.points.push_back(state.point);
    if (replica.half) {
      Partial partial;
      const auto& half = *replica.half;
      if (disk_.kind() == FakeKind::Zfs) {
        partial.token = token_of(half.to, half.base, half.payload.size());
      }
      partial.to = half.to;
      partial.to_name = half.name;
      if (!half.base.is_zero()) partial.base = half.base;
      partial.bytes = half.payload.size();
      partial.raw = half.raw;
      listing.partial = partial;
    }
    for (const auto& [set, seen] : disk_.unchanged_) {
      const auto since = seen.second.find(name);
      if (since != seen.second.end() && !listing.points.empty() &&
          since->second == listing.points.back().guid) {
        listing.seen_unchanged.emplace_back(set, seen.first);
      }
    }
    result.push_back(std::move(listing));
  }
  return result;
}

void FakeStore::check_fits(const ReceiveRequest& request) const {
  const StreamRequest& stream = request.stream;
  const auto found = disk_.replicas_.find(request.volume);
  if (found == disk_.replicas_.end()) {
    if (stream.base) conflict(request.volume, "there is no base for an incremental stream");
    return;
  }
  const FakeDisk::Replica& replica = found->second;
  if (replica.half.has_value() == stream.resume_token.empty()) {
    conflict(request.volume, "a half-received snapshot has to be carried on or discarded first");
  }
  if (replica.half && stream.resume_token != token_of(replica.half->to, replica.half->base,
                                                      replica.half->payload.size())) {
    conflict(request.volume, "the resume token is of another state");
  }
  if (replica.states.empty()) {
    if (stream.base) conflict(request.volume, "there is no base for an incremental stream");
    return;
  }
  if (!stream.base) conflict(request.volume, "it has snapshots, and the stream is full");
  const bool linear = disk_.kind() == FakeKind::Zfs;
  const bool has_base =
      linear ? replica.states.back().point.guid == stream.base->guid
             : std::any_of(replica.states.begin(), replica.states.end(),
                           [&](const auto& one) { return one.point.guid == stream.base->guid; });
  if (!has_base) conflict(request.volume, "its newest snapshot is not the base of the stream");
  if (replica.raw != stream.features.raw) conflict(request.volume, "raw and non-raw do not mix");
}

// One receive: takes a record in half by half, and adds its snapshot once the next record, or the
// end, has been seen.
class FakeStore::Receiver {
 public:
  Receiver(FakeDisk& disk, const ReceiveRequest& request, const VolumeProperties& properties,
           Stream& stream)
      : disk_(disk),
        request_(request),
        reader_(stream),
        expected_(request.stream),
        properties_(properties) {
    if (request.stream.base) base_ = request.stream.base->guid;
  }

  void receive() {
    auto record = reader_.next();
    while (record) {
      begin(*record);
      try {
        take_payload(record->payload_size);
        record = reader_.next();
      } catch (const Error&) {
        keep_half();
        throw;
      }
      commit();
    }
    if (!expected_.complete()) throw Error(ErrorKind::Corrupt, "the stream ends early");
  }

 private:
  void begin(const FakeRecord& record) {
    const std::lock_guard lock(disk_.mutex_);
    half_ = {};
    const auto found = disk_.replicas_.find(request_.volume);
    if (found != disk_.replicas_.end()) {
      for (const auto& state : found->second.states) {
        if (state.point.name == record.name) {
          conflict(request_.volume, "it has another snapshot named @" + record.name);
        }
      }
      if (found->second.half) half_ = *found->second.half;
    }
    expected_.accept(record);
    if (record.base != base_) throw Error(ErrorKind::Corrupt, "a record with another base");
    if (record.raw != request_.stream.features.raw) {
      throw Error(ErrorKind::Corrupt, "a record that is raw and should not be, or the reverse");
    }
    half_.looks = 0;
    half_.weeks_since = false;
    if (record.offset != half_.payload.size()) {
      throw Error(ErrorKind::Corrupt, "a record from another offset");
    }
    half_.to = record.to;
    half_.base = record.base;
    half_.name = record.name;
    half_.raw = record.raw;
  }

  void take_payload(std::uint64_t size) {
    while (half_.payload.size() < size) {
      if (request_.cancellation != nullptr) request_.cancellation->check();
      const Bytes piece = reader_.payload(
          std::min<std::uint64_t>(kPiece + (size >> 8), size - half_.payload.size()));
      half_.payload.insert(half_.payload.end(), piece.begin(), piece.end());
      if (request_.progress != nullptr) request_.progress->bytes += reader_.position() - counted_;
      counted_ = reader_.position();
    }
  }

  void keep_half() {
    if (half_.payload.empty()) return;
    const std::lock_guard lock(disk_.mutex_);
    FakeDisk::Replica& replica = disk_.replicas_[request_.volume];
    replica.type = request_.type;
    replica.half = std::move(half_);
  }

  void commit() {
    const std::lock_guard lock(disk_.mutex_);
    FakeDisk::Replica& replica = disk_.replicas_[request_.volume];
    PlaceFiles files;
    for (const auto& state : replica.states) {
      if (state.point.guid == half_.base) files = state.files;
    }
    FakeDisk::State state;
    state.files = fake_apply(files, half_.payload);
    state.point.name = half_.name;
    state.point.guid = half_.to;
    state.point.order = next_fake_number();
    state.properties = properties_;
    replica.type = request_.type;
    replica.raw = half_.raw;
    replica.half.reset();
    replica.states.push_back(std::move(state));
    base_ = half_.to;
  }

  FakeDisk& disk_;
  const ReceiveRequest& request_;
  FakeStreamReader reader_;
  Expected expected_;
  Guid base_;
  FakeDisk::Half half_;
  std::uint64_t counted_ = 0;
  const VolumeProperties& properties_;
};

void FakeStore::describe(const std::vector<ReplicaDescription>& replicas) {
  const std::lock_guard lock(disk_.mutex_);
  for (const auto& replica : replicas) descriptions_[replica.volume] = replica.properties;
}

VolumeProperties FakeStore::description(const VolumeName& volume, const Point& snapshot) {
  const std::lock_guard lock(disk_.mutex_);
  for (const auto& state : disk_.find(volume).states) {
    if (state.point.guid == snapshot.guid) return state.properties;
  }
  return {};
}

void FakeStore::receive(const ReceiveRequest& request, Stream& stream) {
  VolumeProperties properties;
  {
    const std::lock_guard lock(disk_.mutex_);
    check_fits(request);
    properties = descriptions_[request.volume];
  }
  if (request.cancellation != nullptr) request.cancellation->check();
  Receiver(disk_, request, properties, stream).receive();
  stream.finish();
}

void FakeStore::abort_partial(const VolumeName& volume) {
  const std::lock_guard lock(disk_.mutex_);
  const auto found = disk_.replicas_.find(volume);
  if (found == disk_.replicas_.end()) return;
  found->second.half.reset();
  if (found->second.states.empty()) disk_.replicas_.erase(found);
}

bool FakeStore::give_up_partial(const VolumeName& volume) {
  {
    const std::lock_guard lock(disk_.mutex_);
    const auto found = disk_.replicas_.find(volume);
    if (disk_.kind() != FakeKind::Zfs || found == disk_.replicas_.end() || !found->second.half) {
      return false;
    }
    ++found->second.half->looks;
    if (!found->second.half->weeks_since) return false;
  }
  abort_partial(volume);
  return true;
}

VolumeName FakeStore::set_aside(const VolumeName& volume) {
  const std::lock_guard lock(disk_.mutex_);
  FakeDisk::Replica moved = std::move(disk_.find(volume));
  disk_.replicas_.erase(volume);
  VolumeName aside = volume;
  int number = 0;
  do {
    aside.path = volume.path + std::string(kAsideMark) + std::to_string(++number);
  } while (disk_.replicas_.contains(aside));
  disk_.replicas_.emplace(aside, std::move(moved));
  return aside;
}

void FakeStore::move(const VolumeName& from, const VolumeName& to) {
  const std::lock_guard lock(disk_.mutex_);
  if (disk_.replicas_.contains(to)) {
    throw Error(ErrorKind::AlreadyExists, to.text() + ": is there already");
  }
  FakeDisk::Replica moved = std::move(disk_.find(from));
  disk_.replicas_.erase(from);
  disk_.replicas_.emplace(to, std::move(moved));
}

void FakeStore::record_unchanged(const std::string& set, std::int64_t time,
                                 const std::vector<VolumeName>& volumes) {
  const std::lock_guard lock(disk_.mutex_);
  auto& note = disk_.unchanged_[set];
  note = {time, {}};
  for (const VolumeName& volume : volumes) {
    const auto found = disk_.replicas_.find(volume);
    if (found == disk_.replicas_.end() || found->second.states.empty()) continue;
    note.second[volume] = found->second.states.back().point.guid;
  }
}

Expectations FakeStore::expectations(const std::string& host) {
  const std::lock_guard lock(disk_.mutex_);
  Expectations found = disk_.expectations_;
  std::erase_if(found, [&](const auto& one) { return !host.empty() && one.first != host; });
  return found;
}

std::vector<VolumeFailure> FakeStore::change_expectations(const std::string& host,
                                                          const ExpectationChange& change) {
  const std::lock_guard lock(disk_.mutex_);
  auto [now, left_out] = changed(disk_.expectations_[host], change);
  disk_.expectations_[host] = std::move(now);
  if (disk_.expectations_[host].empty()) disk_.expectations_.erase(host);
  return left_out;
}

std::unique_ptr<Stream> FakeStore::send(const VolumeName& volume, const StreamRequest& request) {
  const std::lock_guard lock(disk_.mutex_);
  const FakeDisk::Replica& replica = disk_.find(volume);
  const auto find = [&](const Guid& guid) -> const FakeDisk::State& {
    for (const auto& state : replica.states) {
      if (state.point.guid == guid) return state;
    }
    throw Error(ErrorKind::NotFound, volume.text() + ": no such snapshot");
  };
  FakeStreamWriter writer;
  FakeRecord record;
  PlaceFiles base;
  if (request.base) {
    base = find(request.base->guid).files;
    record.base = request.base->guid;
  }
  record.to = request.to.guid;
  record.name = request.to.name;
  record.raw = replica.raw;
  writer.add(record, fake_delta(base, find(request.to.guid).files));
  return stream_of(writer.finish());
}

std::unique_ptr<SnapshotView> FakeStore::browse(const VolumeName& volume, const Point& snapshot) {
  const std::lock_guard lock(disk_.mutex_);
  for (const auto& state : disk_.find(volume).states) {
    if (state.point.guid == snapshot.guid) {
      return std::make_unique<FakeView>(state.files, volume.text() + "@" + snapshot.name);
    }
  }
  throw Error(ErrorKind::NotFound, volume.text() + "@" + snapshot.name + ": no such snapshot");
}

std::vector<VolumeFailure> FakeStore::destroy(const VolumeName& volume,
                                              const std::vector<Point>& snapshots) {
  const std::lock_guard lock(disk_.mutex_);
  FakeDisk::Replica& replica = disk_.find(volume);
  std::vector<VolumeFailure> failures;
  for (const Point& point : snapshots) {
    const std::size_t gone = std::erase_if(replica.states, [&](const auto& state) {
      return state.point.name == point.name && state.point.guid == point.guid;
    });
    if (gone == 0) failures.push_back({volume.path, "@" + point.name + ": no such snapshot"});
  }
  if (replica.states.empty() && !replica.half) disk_.replicas_.erase(volume);
  return failures;
}

std::vector<ReplicaDamage> FakeStore::verify(const ReplicaState& replica, bool read_data,
                                             Progress* progress, const Cancellation*) {
  const std::lock_guard lock(disk_.mutex_);
  for (const auto& state : disk_.find(replica.volume).states) {
    for (const auto& [name, content] : state.files) {
      if (read_data && progress != nullptr) progress->bytes += content.size();
    }
  }
  return {};
}

}  // namespace snapferry::testing
