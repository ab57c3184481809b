#include "remote/remote_store.h"

#include <algorithm>
#include <chrono>

#include "core/error.h"
#include "core/guid.h"
#include "core/printable.h"
#include "remote/remote_call.h"
#include "remote/remote_source.h"
#include "remote/remote_stream.h"
#include "remote/remote_view.h"
#include "wire/names.h"
#include "wire/pump.h"
#include "wire/verify_reports.h"

namespace snapferry::remote {
namespace {

// Files of one snapshot, and what is said of it beside them.
constexpr std::size_t kMostDamagesOfSnapshot = 128;
// Of all replicas together.
constexpr std::size_t kMostDamageBytes = 16u << 20;

std::size_t size_of(const ReplicaDamage& damage) {
  return sizeof damage + damage.volume.host.size() + damage.volume.path.size() +
         damage.snapshot.size() + damage.message.size();
}

wire::OpenReply ask_for_store(wire::Connection& connection, const std::string& name) {
  try {
    return remote_call<wire::OpenReply>(connection, wire::Verb::StoreOpen, wire::OpenRequest{name});
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::NotFound) throw;
    throw NoSuchStore(error.message());
  }
}

ReplicaDamage printable_damage(ReplicaDamage damage) {
  damage.snapshot = printable(damage.snapshot);
  damage.message = printable(damage.message);
  return damage;
}

// So many names as one request takes, and so many bytes as are no burden.
class Portions {
 public:
  Portions(std::string host, std::string set) : host_(std::move(host)), set_(std::move(set)) {
    begin();
  }

  void add(std::vector<std::string> wire::ExpectationRequest::*list,
           const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      const bool is_full = (requests_.back().*list).size() >= wire::ExpectationRequest::kMostNames;
      if (is_full || bytes_ + name.size() > kMostBytes) begin();
      (requests_.back().*list).push_back(name);
      bytes_ += name.size();
    }
  }

  std::vector<wire::ExpectationRequest> requests() && { return std::move(requests_); }

 private:
  static constexpr std::size_t kMostBytes = 1u << 20;

  void begin() {
    requests_.push_back({host_, set_, {}, {}});
    bytes_ = 0;
  }

  const std::string host_;
  const std::string set_;
  std::vector<wire::ExpectationRequest> requests_;
  std::size_t bytes_ = 0;
};

// What makes room goes first.
std::vector<wire::ExpectationRequest> in_portions(const std::string& host,
                                                  const ExpectationChange& change) {
  Portions portions(host, change.set);
  portions.add(&wire::ExpectationRequest::settled, change.settled);
  portions.add(&wire::ExpectationRequest::missing, change.missing);
  return std::move(portions).requests();
}

class ConnectionRequests : public ViewRequests {
 public:
  explicit ConnectionRequests(wire::Connection& connection) : connection_(connection) {}
  Bytes ask(wire::Verb verb, Bytes request) override {
    return connection_.request(verb, std::move(request)).message();
  }
  std::unique_ptr<Stream> start(wire::Verb verb, Bytes request) override {
    return std::make_unique<RemoteStream>(connection_.request(verb, std::move(request)));
  }

 private:
  wire::Connection& connection_;
};

}  // namespace

const wire::OpenReply& RemoteStore::open() {
  if (opened_) return *opened_;
  auto reply = ask_for_store(connection_, local_name_);
  if (!Guid::from_hex(reply.identity)) {
    throw Error(ErrorKind::Corrupt, name_ + ": has the identity \"" + printable(reply.identity) +
                                        "\", which is none; look for what runs as snapferry at "
                                        "the far end");
  }
  if (!expected_.empty() && reply.identity != expected_) {
    throw Error(ErrorKind::Conflict, name_ + ": is another store since the connection was lost (" +
                                         reply.identity + ", and it was " + expected_ +
                                         "); look there, then run it again");
  }
  opened_ = std::move(reply);
  return *opened_;
}

std::vector<ReplicaState> RemoteStore::ask_for_replicas(const std::string& host) {
  const wire::ReplicasRequest request{host};
  if (!abilities_.tells_changes) {
    return remote_call<wire::ReplicasReply>(connection_, wire::Verb::StoreInventory, request)
        .replicas;
  }
  auto replicas =
      remote_call<wire::KnownReplicasReply>(connection_, wire::Verb::StoreReplicas, request)
          .replicas;
  for (auto& replica : replicas) replica.changed = printable(replica.changed);
  return replicas;
}

std::vector<ReplicaState> RemoteStore::inventory(const std::string& host) {
  open();
  auto replicas = ask_for_replicas(host);
  for (const auto& replica : replicas) {
    check_host(replica.volume.host, host, "lists " + replica.volume.text());
    if (wire::is_volume_name(replica.volume.path)) continue;
    disbelieve("lists " + replica.volume.text(), "which is no name of a volume");
  }
  return replicas;
}

void RemoteStore::disbelieve(const std::string& claim, std::string_view cause) const {
  throw Error(ErrorKind::Corrupt, name_ + ": " + printable(claim) + ", " + std::string(cause) +
                                      "; look for what runs as snapferry at the far end");
}

void RemoteStore::check_host(const std::string& told, const std::string& asked,
                             const std::string& claim) const {
  if (!asked.empty() && told != asked) disbelieve(claim, "though nobody asked for that host");
  if (asked.empty() && !wire::is_host_name(told)) disbelieve(claim, "and no host has such a name");
}

void RemoteStore::receive(const ReceiveRequest& request, Stream& stream) {
  auto channel = connection_.request(
      wire::Verb::StoreReceive,
      wire::encode(wire::ReceiveStart{request.volume, request.type, request.stream}),
      request.cancellation);
  try {
    wire::pump(stream, channel, request.progress, request.cancellation);
    wire::decode<wire::Nothing>(channel.message(request.cancellation));
  } catch (...) {
    channel.cancel_and_wait(kLetGo);
    throw;
  }
}

void RemoteStore::describe(const std::vector<ReplicaDescription>& replicas) {
  if (!abilities_.describes || replicas.empty()) return;
  remote_call<wire::Nothing>(connection_, wire::Verb::StoreDescribe,
                             wire::ReplicaDescriptions{replicas});
}

VolumeProperties RemoteStore::description(const VolumeName& volume, const Point& snapshot) {
  if (!abilities_.describes) return {};
  return remote_call<wire::DescriptionReply>(connection_, wire::Verb::StoreDescription,
                                             wire::DescriptionRequest{volume, snapshot})
      .properties;
}

void RemoteStore::abort_partial(const VolumeName& volume) {
  remote_call<wire::Nothing>(connection_, wire::Verb::StoreAbortPartial, wire::ReplicaName{volume});
}

bool RemoteStore::give_up_partial(const VolumeName& volume) {
  if (!abilities_.gives_up) return false;
  return remote_call<wire::GivenUpReply>(connection_, wire::Verb::StoreGiveUpPartial,
                                         wire::ReplicaName{volume})
      .given_up;
}

VolumeName RemoteStore::set_aside(const VolumeName& volume) {
  return remote_call<wire::ReplicaName>(connection_, wire::Verb::StoreSetAside,
                                        wire::ReplicaName{volume})
      .volume;
}

void RemoteStore::move(const VolumeName& from, const VolumeName& to) {
  if (!abilities_.moves) {
    throw Error(ErrorKind::Unsupported,
                name_ + ": its agent cannot give a copy another name; update snapferry there");
  }
  remote_call<wire::Nothing>(connection_, wire::Verb::StoreMove, wire::MoveRequest{from, to});
}

void RemoteStore::record_unchanged(const std::string& set, std::int64_t time,
                                   const std::vector<VolumeName>& volumes) {
  remote_call<wire::Nothing>(connection_, wire::Verb::StoreRecordUnchanged,
                             wire::UnchangedRequest{set, time, volumes});
}

Expectations RemoteStore::expectations(const std::string& host) {
  if (!abilities_.remembers) return {};
  Expectations found;
  const auto reply = remote_call<wire::ExpectationsReply>(
      connection_, wire::Verb::StoreExpectations, wire::ReplicasRequest{host});
  for (const auto& expected : reply.hosts) {
    check_host(expected.host, host, "tells what is expected of " + expected.host);
    found[expected.host] = wire::expectations_of(expected);
  }
  return found;
}

std::vector<VolumeFailure> RemoteStore::change_expectations(const std::string& host,
                                                            const ExpectationChange& change) {
  if (change.retires()) {
    throw Error(ErrorKind::PermissionDenied,
                name_ + ": no key can retire volumes; run it on the machine of the store");
  }
  if (!abilities_.remembers) {
    throw Error(ErrorKind::Unsupported,
                name_ + ": its agent remembers nothing that never arrived; update snapferry there");
  }
  std::vector<VolumeFailure> left_out;
  for (const auto& request : in_portions(host, change)) {
    auto reply =
        remote_call<wire::FailuresReply>(connection_, wire::Verb::StoreChangeExpectations, request);
    for (auto& failure : printable_failures(std::move(reply.failures))) {
      left_out.push_back(std::move(failure));
    }
  }
  return left_out;
}

std::unique_ptr<Stream> RemoteStore::send(const VolumeName& volume, const StreamRequest& request) {
  return std::make_unique<RemoteStream>(connection_.request(
      wire::Verb::StoreSend, wire::encode(wire::StoreSendRequest{volume, request})));
}

std::unique_ptr<SnapshotView> RemoteStore::browse(const VolumeName& volume, const Point& snapshot) {
  return std::make_unique<RemoteView>(std::make_unique<ConnectionRequests>(connection_),
                                      wire::SnapshotName{volume, snapshot.name, snapshot.guid});
}

std::vector<VolumeFailure> RemoteStore::destroy(const VolumeName& volume,
                                                const std::vector<Point>& snapshots) {
  return printable_failures(
      remote_call<wire::FailuresReply>(connection_, wire::Verb::StoreDestroy,
                                       wire::DestroyRequest{volume, snapshots})
          .failures);
}

std::vector<ReplicaDamage> RemoteStore::verify(const ReplicaState& replica, bool read_data,
                                               Progress* progress,
                                               const Cancellation* cancellation) {
  open();
  auto channel = connection_.request(
      wire::Verb::StoreVerify, wire::encode(wire::VerifyRequest{replica, read_data}), cancellation);
  const auto most_damages = kMostDamagesOfSnapshot * (replica.points.size() + 1);
  std::vector<ReplicaDamage> damages;
  wire::VerifyReportReader reader;
  Bytes buffer(wire::kMaxPayload);
  while (const auto size = channel.read(buffer, cancellation)) {
    reader.add(ByteView(buffer).first(size));
    while (auto report = reader.next()) {
      if (progress != nullptr) progress->bytes += report->bytes;
      if (!report->damage) continue;
      damages.push_back(printable_damage(std::move(*report->damage)));
      damage_bytes_ += size_of(damages.back());
      if (damages.size() > most_damages || damage_bytes_ > kMostDamageBytes) {
        throw Error(ErrorKind::Corrupt, name_ + ": names no end of damage; verify it there");
      }
    }
  }
  reader.expect_end();
  return damages;
}

}  // namespace snapferry::remote
