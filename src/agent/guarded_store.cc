#include "agent/guarded_store.h"

#include <algorithm>
#include <iterator>

#include "core/error.h"

namespace snapferry::agent {

std::vector<ReplicaState> GuardedStore::inventory(const std::string& host) {
  policy_.may_list_host(host).require();
  auto replicas = store_->inventory(host);
  std::erase_if(replicas, [&](const auto& replica) { return replica.volume.host != host; });
  return replicas;
}

void GuardedStore::receive(const ReceiveRequest& request, Stream& stream) {
  policy_.may_receive(request).require();
  store_->receive(request, stream);
}

void GuardedStore::describe(const std::vector<ReplicaDescription>& replicas) {
  for (const auto& replica : replicas) policy_.may_describe(replica.volume).require();
  store_->describe(replicas);
}

VolumeProperties GuardedStore::description(const VolumeName& volume, const Point& snapshot) {
  policy_.may_browse(volume).require();
  return store_->description(volume, snapshot);
}

void GuardedStore::abort_partial(const VolumeName& volume) {
  policy_.may_abort(volume).require();
  store_->abort_partial(volume);
}

// Whoever may discard it at once may do so when it is old.
bool GuardedStore::give_up_partial(const VolumeName& volume) {
  policy_.may_abort(volume).require();
  return store_->give_up_partial(volume);
}

VolumeName GuardedStore::set_aside(const VolumeName& volume) {
  policy_.may_set_aside(volume).require();
  return store_->set_aside(volume);
}

void GuardedStore::move(const VolumeName& from, const VolumeName& to) {
  policy_.may_move(from, to).require();
  store_->move(from, to);
}

void GuardedStore::record_unchanged(const std::string& set, std::int64_t time,
                                    const std::vector<VolumeName>& volumes) {
  policy_.may_record_unchanged(set, volumes).require();
  store_->record_unchanged(set, std::min(time, clock_.now().seconds), volumes);
}

Expectations GuardedStore::expectations(const std::string& host) {
  policy_.may_list_host(host).require();
  auto found = store_->expectations(host);
  std::erase_if(found, [&](const auto& one) { return one.first != host; });
  return found;
}

std::vector<VolumeFailure> GuardedStore::change_expectations(const std::string& host,
                                                             const ExpectationChange& change) {
  policy_.may_change_expectations(host, change).require();
  ExpectationChange granted{.set = change.set};
  std::vector<VolumeFailure> refused;
  for (const auto list : {&ExpectationChange::missing, &ExpectationChange::settled}) {
    for (const auto& name : change.*list) {
      const auto decision = why_not(host, name);
      if (decision.empty()) (granted.*list).push_back(name);
      if (!decision.empty()) refused.push_back({name, decision});
    }
  }
  if (granted.tells_nothing()) return refused;
  auto left_out = store_->change_expectations(host, granted);
  std::ranges::move(refused, std::back_inserter(left_out));
  return left_out;
}

// Empty: it may be awaited.
std::string GuardedStore::why_not(const std::string& host, const std::string& name) const {
  try {
    return policy_.may_await(host, name).reason();
  } catch (const Error& error) {
    return error.message();
  }
}

std::unique_ptr<Stream> GuardedStore::send(const VolumeName& volume, const StreamRequest& request) {
  policy_.may_restore(volume, request).require();
  return store_->send(volume, request);
}

std::unique_ptr<SnapshotView> GuardedStore::browse(const VolumeName& volume,
                                                   const Point& snapshot) {
  policy_.may_browse(volume).require();
  return store_->browse(volume, snapshot);
}

std::vector<VolumeFailure> GuardedStore::destroy(const VolumeName& volume,
                                                 const std::vector<Point>&) {
  policy_.may_destroy(volume).require();
  throw Error(ErrorKind::PermissionDenied, "an agent destroys no backups");
}

std::vector<ReplicaDamage> GuardedStore::verify(const ReplicaState& replica, bool read_data,
                                                Progress* progress,
                                                const Cancellation* cancellation) {
  policy_.may_verify(replica.volume).require();
  return store_->verify(replica, read_data, progress, cancellation);
}

}  // namespace snapferry::agent
