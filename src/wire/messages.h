#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "core/expectation.h"
#include "core/store.h"
#include "core/volume.h"
#include "core/volume_properties.h"
#include "core/volume_target.h"
#include "wire/verb.h"

namespace snapferry::wire {

// What the verbs carry; the grammar and the limits are in PROTOCOL.md.

struct Nothing {
  static constexpr std::string_view kName = "an empty message";
  bool operator==(const Nothing&) const = default;
};

struct FeaturesRequest {  // source.features, target.features
  static constexpr std::string_view kName = "a request for features";
  std::string
      subject;  // "zfs"; or the volume to be made, "zfs:tank/restored", for what that can take
};
struct FeaturesReply {
  static constexpr std::string_view kName = "an answer with features";
  StreamFeatures features;
};

struct InventoryRequest {  // source.inventory
  static constexpr std::string_view kName = "a source.inventory request";
  std::vector<std::string> patterns;
};
struct InventoryReply {
  static constexpr std::string_view kName = "a source.inventory answer";
  std::vector<VolumeState> volumes;
};

struct FreezeRequest {  // source.freeze
  static constexpr std::string_view kName = "a source.freeze request";
  std::vector<std::string> volumes;
  std::string name;
};
struct FreezeReply {
  static constexpr std::string_view kName = "a source.freeze answer";
  Freeze freeze;
};

struct SendRequest {  // source.send
  static constexpr std::string_view kName = "a source.send request";
  StreamRequest stream;
};

struct SettleRequest {  // source.settle
  static constexpr std::string_view kName = "a source.settle request";
  std::vector<Settlement> settlements;
};
struct FailuresReply {  // of source.settle, store.destroy and store.change_expectations
  static constexpr std::string_view kName = "an answer with failures";
  std::vector<VolumeFailure> failures;
};

struct DescribeRequest {  // source.describe
  static constexpr std::string_view kName = "a source.describe request";
  std::vector<std::string> volumes;
};
struct DescribeReply {
  static constexpr std::string_view kName = "a source.describe answer";
  std::vector<VolumeDescription> descriptions;
};

struct ReplicaDescriptions {  // store.describe
  static constexpr std::string_view kName = "a store.describe request";
  std::vector<ReplicaDescription> replicas;
};
struct DescriptionRequest {  // store.description
  static constexpr std::string_view kName = "a store.description request";
  VolumeName volume;
  Point snapshot;
};
struct DescriptionReply {
  static constexpr std::string_view kName = "a store.description answer";
  VolumeProperties properties;
};

struct CompleteRequest {  // target.complete, target.describe
  static constexpr std::string_view kName = "a description of a volume to be made";
  std::string volume;
  VolumeType type = VolumeType::Filesystem;
  VolumeProperties properties;
};
struct CompleteReply {
  static constexpr std::string_view kName = "a target.complete answer";
  Completion completion;
};

struct InitRequest {  // store.init
  static constexpr std::string_view kName = "a store.init request";
  std::string store;  // "zfs:backup/snapferry"
};

struct OpenRequest {  // store.open
  static constexpr std::string_view kName = "a store.open request";
  std::string store;  // "zfs:backup/snapferry"; empty: the one that there is
};
struct OpenReply {
  static constexpr std::string_view kName = "a store.open answer";
  std::string name;
  std::string identity;
  StreamFeatures features;
};

struct ReplicasRequest {  // store.inventory, store.replicas
  static constexpr std::string_view kName = "a store.inventory request";
  std::string host;
};
struct ReplicasReply {
  static constexpr std::string_view kName = "a store.inventory answer";
  std::vector<ReplicaState> replicas;
};

struct KnownReplicasReply {  // store.replicas
  static constexpr std::string_view kName = "a store.replicas answer";
  std::vector<ReplicaState> replicas;
};

struct ReceiveStart {  // store.receive, before its stream
  static constexpr std::string_view kName = "a store.receive request";
  VolumeName volume;
  VolumeType type = VolumeType::Filesystem;
  StreamRequest stream;
};

struct ReplicaName {  // store.abort_partial, store.give_up_partial; store.set_aside and its answer
  static constexpr std::string_view kName = "a replica's name";
  VolumeName volume;
};

struct GivenUpReply {  // store.give_up_partial
  static constexpr std::string_view kName = "a store.give_up_partial answer";
  bool given_up = false;
};

struct MoveRequest {  // store.move
  static constexpr std::string_view kName = "a store.move request";
  VolumeName from;
  VolumeName to;
};

struct UnchangedRequest {  // store.record_unchanged
  static constexpr std::string_view kName = "a store.record_unchanged request";
  std::string set;
  std::int64_t time = 0;
  std::vector<VolumeName> volumes;
};

struct RetiredVolume {
  std::string set;
  std::string volume;
  Arrival arrival;
};
struct ExpectedOfHost {
  std::string host;
  std::vector<std::pair<std::string, std::string>> awaited;  // set, volume
  std::vector<RetiredVolume> retired;
  bool full = false;
};
struct ExpectationsReply {  // of store.expectations, whose request is a ReplicasRequest
  static constexpr std::string_view kName = "a store.expectations answer";
  std::vector<ExpectedOfHost> hosts;
};
ExpectationsReply expectations_reply(const Expectations& expectations);
HostExpectations expectations_of(const ExpectedOfHost& host);

struct ExpectationRequest {  // store.change_expectations, which a FailuresReply answers
  static constexpr std::size_t kMostNames = kMostExpected;  // of each list
  static constexpr std::string_view kName = "a store.change_expectations request";
  std::string host;
  std::string set;
  std::vector<std::string> missing;
  std::vector<std::string> settled;
};

struct StoreSendRequest {  // store.send
  static constexpr std::string_view kName = "a store.send request";
  VolumeName volume;
  StreamRequest stream;
};

struct DestroyRequest {  // store.destroy
  static constexpr std::string_view kName = "a store.destroy request";
  VolumeName volume;
  std::vector<Point> snapshots;
};

struct VerifyRequest {  // store.verify
  static constexpr std::string_view kName = "a store.verify request";
  ReplicaState replica;
  bool read_data = false;
};
struct VerifyReport {  // one of many that store.verify's data is (wire/verify_reports.h)
  static constexpr std::string_view kName = "a report of store.verify";
  std::uint64_t bytes = 0;  // that were read back since the report before
  std::optional<ReplicaDamage> damage;
};

struct FreeRequest {  // target.require_free
  static constexpr std::string_view kName = "a target.require_free request";
  std::string volume;
};

struct RestoreStart {  // target.restore, before its stream
  static constexpr std::string_view kName = "a target.restore request";
  std::string volume;  // to be made
  VolumeType type = VolumeType::Filesystem;
  StreamRequest stream;
};

enum class Verdict : std::uint8_t { Good = 1, Warning = 2, Missing = 3 };

// What an agent found out about its own machine: one line of `snapferry doctor`.
struct Finding {
  std::string topic;  // "landlock"
  Verdict verdict = Verdict::Good;
  std::string message;  // what to do, unless all is good
  bool operator==(const Finding&) const = default;
};
struct ReportReply {  // agent.report
  static constexpr std::string_view kName = "an agent.report answer";
  std::vector<Finding> findings;
};

// The bytes of any of the messages above. Throws InvalidArgument for what exceeds a limit.
template <typename Message>
Bytes encode(const Message& message);

// Throws Corrupt unless `bytes` are exactly what encode() writes for some message of the type.
template <typename Message>
Message decode(ByteView bytes);

}  // namespace snapferry::wire
