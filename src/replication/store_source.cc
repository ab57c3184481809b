#include "replication/store_source.h"

#include <algorithm>

#include "core/volume_pattern.h"

namespace snapferry::replication {
namespace {

VolumeState as_volume(const ReplicaState& replica) {
  VolumeState state;
  state.name = replica.volume.path;
  state.type = replica.type;
  // A replica that was received raw is encrypted with a key that is elsewhere.
  state.encrypted = replica.raw;
  state.key_loaded = !replica.raw;
  state.written = 0;
  state.unfit = replica.changed;
  state.points = replica.points;
  state.last_unchanged = 0;
  for (const auto& [set, time] : replica.seen_unchanged) {
    state.last_unchanged = std::max(*state.last_unchanged, time);
  }
  return state;
}

}  // namespace

StreamFeatures StoreSource::features() {
  StreamFeatures features = store_.features();
  features.bookmarks = false;
  features.atomic_freeze = false;
  return features;
}

std::vector<VolumeState> StoreSource::inventory(const std::vector<std::string>& texts) {
  std::vector<VolumeState> states;
  for (const ReplicaState& replica : store_.inventory(host_)) states.push_back(as_volume(replica));
  std::vector<bool> wanted(states.size(), false);
  for (const std::string& text : texts) {
    const auto pattern = VolumePattern::parse(text);
    bool found = false;
    for (std::size_t i = 0; i < states.size(); ++i) {
      if (!pattern.matches(states[i].name)) continue;
      wanted[i] = found = true;
    }
    if (found || pattern.has_wildcards()) continue;
    throw Error(ErrorKind::NotFound, text + ": " + store_.name() +
                                         " has no backup of it from the " + "host " + host_ +
                                         "; `snapferry list` shows what it has");
  }
  std::vector<VolumeState> result;
  for (std::size_t i = 0; i < states.size(); ++i) {
    if (wanted[i]) result.push_back(std::move(states[i]));
  }
  return result;
}

Freeze StoreSource::freeze(const std::vector<std::string>&, const std::string&) {
  throw Error(ErrorKind::Unsupported,
              store_.name() + ": holds backups, and no snapshot is ever taken of one");
}

std::unique_ptr<Stream> StoreSource::send(const StreamRequest& request) {
  return store_.send({host_, request.volume}, request);
}

std::vector<VolumeFailure> StoreSource::settle(const std::vector<Settlement>&) { return {}; }

}  // namespace snapferry::replication
