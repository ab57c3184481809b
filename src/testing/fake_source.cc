#include "testing/fake_source.h"

#include <algorithm>
#include <atomic>
#include <charconv>

#include "core/error.h"
#include "core/volume_pattern.h"
#include "testing/fake_stream.h"

namespace snapferry::testing {

std::uint64_t next_fake_number() {
  static std::atomic<std::uint64_t> number{1};
  return number++;
}

Guid next_fake_guid() { return Guid::from_number(next_fake_number() * 0x9e3779b97f4a7c15); }

StreamFeatures features_of(FakeKind kind) {
  StreamFeatures features;
  features.compressed = true;
  if (kind == FakeKind::Zfs) {
    features.large_blocks = features.embedded = features.raw = true;
    features.resumable = features.bookmarks = features.atomic_freeze = true;
  }
  return features;
}

FakeHost::Volume& FakeHost::find(const std::string& volume) {
  const auto found = volumes_.find(volume);
  if (found == volumes_.end()) throw Error(ErrorKind::NotFound, volume + ": no such volume");
  return found->second;
}

const FakeHost::Volume& FakeHost::find(const std::string& volume) const {
  return const_cast<FakeHost*>(this)->find(volume);
}

FakeHost::State* FakeHost::find_state(Volume& volume, const Point& point) {
  for (State& state : volume.states) {
    if (state.point.kind == point.kind && state.point.name == point.name &&
        state.point.guid == point.guid) {
      return &state;
    }
  }
  return nullptr;
}

const FakeHost::State* FakeHost::find_snapshot(const Volume& volume, const Guid& guid) {
  for (const State& state : volume.states) {
    if (state.point.kind == PointKind::Snapshot && state.point.guid == guid) return &state;
  }
  return nullptr;
}

void FakeHost::make(const std::string& volume) {
  const std::lock_guard lock(mutex_);
  if (volumes_.contains(volume)) throw Error(ErrorKind::AlreadyExists, volume + ": is there");
  Volume made;
  made.guid = next_fake_guid();
  made.revision = next_fake_number();
  volumes_.emplace(volume, std::move(made));
}

void FakeHost::write(const std::string& volume, const std::string& file,
                     const std::string& content) {
  const std::lock_guard lock(mutex_);
  Volume& found = find(volume);
  found.files[file] = content;
  found.revision = next_fake_number();
}

Point FakeHost::add_snapshot(Volume& volume, const std::string& name) {
  State state;
  state.point.name = name;
  state.point.guid = next_fake_guid();
  state.point.order = next_fake_number();
  if (kind_ == FakeKind::Btrfs) state.point.created = static_cast<std::int64_t>(state.point.order);
  state.files = volume.files;
  state.revision = volume.revision;
  volume.states.push_back(std::move(state));
  return volume.states.back().point;
}

Point FakeHost::snapshot(const std::string& volume, const std::string& name) {
  const std::lock_guard lock(mutex_);
  Volume& found = find(volume);
  for (const State& state : found.states) {
    if (state.point.kind == PointKind::Snapshot && state.point.name == name) {
      throw Error(ErrorKind::AlreadyExists, volume + "@" + name + ": is there");
    }
  }
  return add_snapshot(found, name);
}

void FakeHost::add_bookmark(Volume& volume, const Point& snapshot, const std::string& name) {
  for (const State& state : volume.states) {
    if (state.point.kind == PointKind::Bookmark && state.point.name == name) {
      if (state.point.guid == snapshot.guid) return;
      throw Error(ErrorKind::AlreadyExists, "#" + name + ": is there");
    }
  }
  const State* of = find_snapshot(volume, snapshot.guid);
  if (of == nullptr) throw Error(ErrorKind::NotFound, "@" + snapshot.name + ": no such snapshot");
  State state;
  state.point = of->point;
  state.point.kind = PointKind::Bookmark;
  state.point.name = name;
  state.point.holds = 0;
  const auto behind = std::find_if(volume.states.begin(), volume.states.end(), [&](const State& s) {
    return s.point.order > state.point.order;
  });
  volume.states.insert(behind, std::move(state));
}

void FakeHost::bookmark(const std::string& volume, const std::string& snapshot,
                        const std::string& name) {
  const std::lock_guard lock(mutex_);
  Volume& found = find(volume);
  for (const State& state : found.states) {
    if (state.point.kind == PointKind::Snapshot && state.point.name == snapshot) {
      const Point point = state.point;
      return add_bookmark(found, point, name);
    }
  }
  throw Error(ErrorKind::NotFound, volume + "@" + snapshot + ": no such snapshot");
}

void FakeHost::remove(const std::string& volume, const Point& point) {
  const std::lock_guard lock(mutex_);
  std::erase_if(find(volume).states, [&](const State& state) {
    return state.point.kind == point.kind && state.point.name == point.name;
  });
}

void FakeHost::rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  if (volumes_.contains(to)) throw Error(ErrorKind::AlreadyExists, to + ": is there");
  Volume moved = std::move(find(from));
  volumes_.erase(from);
  volumes_.emplace(to, std::move(moved));
}

void FakeHost::destroy(const std::string& volume) {
  const std::lock_guard lock(mutex_);
  volumes_.erase(volume);
}

void FakeHost::rollback(const std::string& volume, const std::string& snapshot) {
  const std::lock_guard lock(mutex_);
  Volume& found = find(volume);
  for (const State& state : found.states) {
    if (state.point.kind != PointKind::Snapshot || state.point.name != snapshot) continue;
    const std::uint64_t order = state.point.order;
    found.files = state.files;
    found.revision = state.revision;
    std::erase_if(found.states, [&](const State& one) { return one.point.order > order; });
    return;
  }
}

void FakeHost::duplicate(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  Volume copy = find(from);
  copy.guid = next_fake_guid();
  std::erase_if(copy.states,
                [](const State& state) { return state.point.kind == PointKind::Bookmark; });
  for (State& state : copy.states) {
    state.tags.clear();
    state.point.holds = 0;
    state.point.created = 0;
  }
  volumes_.emplace(to, std::move(copy));
}

void FakeHost::hold(const std::string& volume, const std::string& snapshot,
                    const std::string& tag) {
  const std::lock_guard lock(mutex_);
  for (State& state : find(volume).states) {
    if (state.point.kind == PointKind::Snapshot && state.point.name == snapshot) {
      state.tags.insert(tag);
    }
  }
}

void FakeHost::set_property(const std::string& volume, const std::string& name,
                            const std::string& value) {
  const std::lock_guard lock(mutex_);
  find(volume).properties[name] = value;
}

VolumeProperties FakeHost::properties(const std::string& volume) const {
  const std::lock_guard lock(mutex_);
  return find(volume).properties;
}

void FakeHost::set_excluded(const std::string& volume, bool excluded) {
  const std::lock_guard lock(mutex_);
  find(volume).excluded = excluded;
}

void FakeHost::set_encryption(const std::string& volume, bool encrypted, bool key_loaded) {
  const std::lock_guard lock(mutex_);
  find(volume).encrypted = encrypted;
  find(volume).key_loaded = key_loaded;
}

std::vector<std::string> FakeHost::volumes() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, volume] : volumes_) names.push_back(name);
  return names;
}

PlaceFiles FakeHost::files(const std::string& volume) const {
  const std::lock_guard lock(mutex_);
  return find(volume).files;
}

PlaceFiles FakeHost::files_of(const std::string& volume, const Guid& snapshot) const {
  const std::lock_guard lock(mutex_);
  const State* found = find_snapshot(find(volume), snapshot);
  if (found == nullptr) throw Error(ErrorKind::NotFound, volume + ": no such snapshot");
  return found->files;
}

std::vector<Point> FakeHost::points(const std::string& volume) const {
  const std::lock_guard lock(mutex_);
  return listing_of(volume, find(volume)).points;
}

std::vector<std::string> FakeHost::tags(const std::string& volume) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> tags;
  for (const State& state : find(volume).states) {
    tags.insert(tags.end(), state.tags.begin(), state.tags.end());
  }
  return tags;
}

std::set<std::string> FakeHost::tags_of(const std::string& volume, const Point& point) const {
  const std::lock_guard lock(mutex_);
  const State* state = find_snapshot(find(volume), point.guid);
  return state == nullptr ? std::set<std::string>{} : state->tags;
}

VolumeState FakeHost::listing_of(const std::string& name, const Volume& volume) const {
  VolumeState listing;
  listing.name = name;
  listing.type = kind_ == FakeKind::Zfs ? VolumeType::Filesystem : VolumeType::Subvolume;
  listing.guid = volume.guid;
  listing.excluded = volume.excluded;
  listing.encrypted = volume.encrypted;
  listing.key_loaded = volume.key_loaded;
  std::uint64_t newest = 0;
  for (const State& state : volume.states) {
    listing.points.push_back(state.point);
    listing.points.back().holds = static_cast<std::uint32_t>(state.tags.size());
    if (state.point.kind == PointKind::Snapshot) newest = state.revision;
  }
  if (!written_is_unknown) listing.written = newest == volume.revision ? 0 : 4096;
  return listing;
}

std::vector<VolumeState> FakeSource::inventory(const std::vector<std::string>& patterns) {
  const std::lock_guard lock(host_.mutex_);
  std::map<std::string, VolumeState> listings;
  for (const std::string& text : patterns) {
    const VolumePattern pattern = VolumePattern::parse(text);
    bool found = false;
    for (const auto& [name, volume] : host_.volumes_) {
      if (!pattern.matches(name)) continue;
      listings[name] = host_.listing_of(name, volume);
      found = true;
    }
    if (!found && !pattern.has_wildcards()) {
      throw Error(ErrorKind::NotFound, text + ": no such volume; check its name");
    }
  }
  std::vector<VolumeState> result;
  for (auto& [name, listing] : listings) result.push_back(std::move(listing));
  return result;
}

Freeze FakeSource::freeze(const std::vector<std::string>& volumes, const std::string& name) {
  const std::lock_guard lock(host_.mutex_);
  Freeze result;
  for (const std::string& volume : volumes) {
    const auto found = host_.volumes_.find(volume);
    if (found == host_.volumes_.end()) {
      result.failed.push_back({volume, volume + ": no such volume; it was there a moment ago"});
      continue;
    }
    for (const FakeHost::State& state : found->second.states) {
      if (state.point.kind == PointKind::Snapshot && state.point.name == name) {
        throw Error(ErrorKind::AlreadyExists, volume + "@" + name + ": is there");
      }
    }
  }
  for (const std::string& volume : volumes) {
    const auto found = host_.volumes_.find(volume);
    if (found == host_.volumes_.end()) continue;
    result.frozen.push_back({volume, host_.add_snapshot(found->second, name)});
  }
  return result;
}

std::unique_ptr<Stream> FakeSource::send(const StreamRequest& request) {
  const std::lock_guard lock(host_.mutex_);
  FakeHost::Volume& volume = host_.find(request.volume);
  const auto* to = host_.find_state(volume, request.to);
  if (to == nullptr) throw Error(ErrorKind::NotFound, "@" + request.to.name + ": no such snapshot");
  if (volume.encrypted && !request.features.raw && !volume.key_loaded) {
    throw Error(ErrorKind::PermissionDenied, request.volume + ": its key is not loaded");
  }
  const FakeHost::State* base = nullptr;
  if (request.base) {
    base = host_.find_state(volume, *request.base);
    if (base == nullptr) throw Error(ErrorKind::NotFound, request.base->name + ": no such base");
    if (base->point.kind == PointKind::Bookmark && !request.intermediates.empty()) {
      throw Error(ErrorKind::InvalidArgument, "a bookmark cannot be the base of several snapshots");
    }
  }
  FakeStreamWriter writer;
  for (const FakeHost::State& state : volume.states) {
    const Point& point = state.point;
    if (point.kind != PointKind::Snapshot || (base && point.order <= base->point.order)) continue;
    if (point.order > to->point.order) break;
    if (&state != to && request.intermediates.empty()) continue;
    FakeRecord record;
    record.to = point.guid;
    record.base = base ? base->point.guid : Guid{};
    record.raw = request.features.raw;
    record.name = point.name;
    if (!request.resume_token.empty()) {
      const std::string& token = request.resume_token;
      const char* begin = token.data() + token.rfind('-') + 1;
      std::from_chars(begin, token.data() + token.size(), record.offset);
    }
    writer.add(record, fake_delta(base ? base->files : PlaceFiles{}, state.files));
    base = &state;
  }
  return stream_of(writer.finish());
}

std::vector<VolumeDescription> FakeSource::describe(const std::vector<std::string>& volumes) {
  std::vector<VolumeDescription> result;
  if (host_.kind_ != FakeKind::Zfs) return result;
  const std::lock_guard lock(host_.mutex_);
  for (const auto& volume : volumes) {
    const auto found = host_.volumes_.find(volume);
    if (found != host_.volumes_.end()) result.push_back({volume, found->second.properties});
  }
  return result;
}

std::vector<VolumeFailure> FakeSource::settle(const std::vector<Settlement>& settlements) {
  const std::lock_guard lock(host_.mutex_);
  std::vector<VolumeFailure> failures;
  for (const Settlement& settlement : settlements) {
    if (!host_.volumes_.contains(settlement.volume)) {
      failures.push_back({settlement.volume, settlement.volume + ": no such volume"});
      continue;
    }
    try {
      settle_one(settlement);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::Unavailable) throw;
      failures.push_back({settlement.volume, error.message()});
    }
  }
  return failures;
}

void FakeSource::settle_one(const Settlement& settlement) {
  FakeHost::Volume& volume = host_.find(settlement.volume);
  const bool zfs = host_.kind_ == FakeKind::Zfs;
  if (settlement.hold && zfs) {
    host_.change("hold");
    FakeHost::State* state = host_.find_state(volume, *settlement.hold);
    if (state == nullptr) throw Error(ErrorKind::NotFound, "@" + settlement.hold->name + ": gone");
    state->tags.insert(settlement.cursor);
  }
  if (settlement.bookmark_of && zfs) {
    host_.change("bookmark");
    host_.add_bookmark(volume, *settlement.bookmark_of, settlement.bookmark);
  }
  for (const Point& point : settlement.release) {
    host_.change("release");
    FakeHost::State* state = host_.find_state(volume, point);
    if (state != nullptr) state->tags.erase(settlement.cursor);
  }
  for (const Point& point : settlement.destroy) {
    host_.change("destroy");
    const FakeHost::State* state = host_.find_state(volume, point);
    if (state == nullptr || !state->tags.empty()) continue;
    host_.destroyed.push_back(state->point);
    std::erase_if(volume.states, [&](const FakeHost::State& one) { return &one == state; });
  }
}

}  // namespace snapferry::testing
