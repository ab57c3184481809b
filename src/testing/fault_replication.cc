#include "testing/fault_replication.h"

#include "core/error.h"
#include "testing/cut_stream.h"

namespace snapferry::testing {

bool FaultPlan::next() {
  const std::uint64_t number = ++operations_;
  if (at_ == 0) return false;
  return repeat_ == FaultRepeat::Once ? number == at_ : number >= at_;
}

bool FaultPlan::next_stream() {
  const bool chosen = ++streams_ == stream_at_;
  return next() || chosen;
}

void FaultPlan::fail(std::string_view what) const {
  std::string message = "injected fault (";
  message.append(what).append(")");
  throw Error(kind_, std::move(message));
}

std::vector<VolumeState> FaultSource::inventory(const std::vector<std::string>& patterns) {
  return plan_.around("source inventory", [&] { return inner_.inventory(patterns); });
}

Freeze FaultSource::freeze(const std::vector<std::string>& volumes, const std::string& name) {
  return plan_.around("freeze", [&] { return inner_.freeze(volumes, name); });
}

std::unique_ptr<Stream> FaultSource::send(const StreamRequest& request) {
  auto stream = plan_.around("send", [&] { return inner_.send(request); });
  if (!plan_.next_stream()) return stream;
  return std::make_unique<CutStream>(std::move(stream), cut_);
}

std::vector<VolumeDescription> FaultSource::describe(const std::vector<std::string>& volumes) {
  return plan_.around("describe", [&] { return inner_.describe(volumes); });
}

std::vector<VolumeFailure> FaultSource::settle(const std::vector<Settlement>& settlements) {
  return plan_.around("settle", [&] { return inner_.settle(settlements); });
}

std::vector<ReplicaState> FaultStore::inventory(const std::string& host) {
  return plan_.around("store inventory", [&] { return inner_.inventory(host); });
}

void FaultStore::receive(const ReceiveRequest& request, Stream& stream) {
  plan_.around("receive", [&] { inner_.receive(request, stream); });
}

void FaultStore::describe(const std::vector<ReplicaDescription>& replicas) {
  plan_.around("store describe", [&] { inner_.describe(replicas); });
}

VolumeProperties FaultStore::description(const VolumeName& volume, const Point& snapshot) {
  return plan_.around("description", [&] { return inner_.description(volume, snapshot); });
}

void FaultStore::abort_partial(const VolumeName& volume) {
  plan_.around("abort_partial", [&] { inner_.abort_partial(volume); });
}

bool FaultStore::give_up_partial(const VolumeName& volume) {
  return plan_.around("give_up_partial", [&] { return inner_.give_up_partial(volume); });
}

VolumeName FaultStore::set_aside(const VolumeName& volume) {
  return plan_.around("set_aside", [&] { return inner_.set_aside(volume); });
}

void FaultStore::move(const VolumeName& from, const VolumeName& to) {
  plan_.around("move", [&] { inner_.move(from, to); });
}

void FaultStore::record_unchanged(const std::string& set, std::int64_t time,
                                  const std::vector<VolumeName>& volumes) {
  plan_.around("record_unchanged", [&] { inner_.record_unchanged(set, time, volumes); });
}

Expectations FaultStore::expectations(const std::string& host) {
  return plan_.around("expectations", [&] { return inner_.expectations(host); });
}

std::vector<VolumeFailure> FaultStore::change_expectations(const std::string& host,
                                                           const ExpectationChange& change) {
  return plan_.around("change_expectations",
                      [&] { return inner_.change_expectations(host, change); });
}

std::unique_ptr<Stream> FaultStore::send(const VolumeName& volume, const StreamRequest& request) {
  return plan_.around("store send", [&] { return inner_.send(volume, request); });
}

std::unique_ptr<SnapshotView> FaultStore::browse(const VolumeName& volume, const Point& snapshot) {
  return plan_.around("browse", [&] { return inner_.browse(volume, snapshot); });
}

std::vector<VolumeFailure> FaultStore::destroy(const VolumeName& volume,
                                               const std::vector<Point>& snapshots) {
  return plan_.around("destroy", [&] { return inner_.destroy(volume, snapshots); });
}

std::vector<ReplicaDamage> FaultStore::verify(const ReplicaState& replica, bool read_data,
                                              Progress* progress,
                                              const Cancellation* cancellation) {
  return plan_.around("verify",
                      [&] { return inner_.verify(replica, read_data, progress, cancellation); });
}

}  // namespace snapferry::testing
