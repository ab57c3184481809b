#include "wire/messages.h"

#include <algorithm>
#include <utility>

#include "wire/codec.h"

namespace snapferry::wire {
namespace {

constexpr std::size_t kMaxName = 255;
constexpr std::size_t kMaxVolume = 4352;
constexpr std::size_t kMaxToken = 16384;
constexpr std::size_t kMaxMessage = 4096;
constexpr std::size_t kMaxPropertyName = 256;  // ZAP_MAXNAMELEN
constexpr std::size_t kMaxPropertyValue = 8192;
constexpr std::size_t kMaxProperties = 1024;
constexpr std::size_t kMaxPatterns = 4096;
constexpr std::size_t kMaxItems = 200'000;
constexpr std::size_t kMaxExpected = kMostExpected;
constexpr std::size_t kMaxPoints = kMostItems;

// The bytes of the shortest item of each list.
constexpr std::size_t kLeastText = 4;
constexpr std::size_t kLeastPoint = 1 + 4 + Guid::kSize + 8 + 8 + 4;
constexpr std::size_t kLeastVolumeState = 4 + 1 + Guid::kSize + 3 + 1 + 4;
constexpr std::size_t kLeastSettlement = 4 + 4 + 1 + 1 + 4 + 4 + 4;
constexpr std::size_t kLeastVolumeName = 8;
constexpr std::size_t kLeastReplica = kLeastVolumeName + 1 + 1 + 4 + 1 + 4 + 8;

bool is_point_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == name.npos;
}

template <typename Coder, typename Value>
void code_features(Coder& coder, Value& features) {
  constexpr std::array kBits = {&StreamFeatures::large_blocks, &StreamFeatures::embedded,
                                &StreamFeatures::compressed,   &StreamFeatures::raw,
                                &StreamFeatures::resumable,    &StreamFeatures::bookmarks,
                                &StreamFeatures::atomic_freeze};
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < kBits.size(); ++i) bits |= (features.*kBits[i] ? 1u : 0u) << i;
  coder.u32(bits);
  coder.check(bits < 1u << kBits.size(), "holds an unknown feature of streams");
  if constexpr (!std::is_const_v<Value>) {
    for (std::size_t i = 0; i < kBits.size(); ++i) features.*kBits[i] = (bits >> i & 1u) != 0;
  }
}

template <typename Coder, typename Value>
void code_point(Coder& coder, Value& point) {
  coder.enumeration(point.kind, PointKind::Snapshot, PointKind::Bookmark);
  coder.text(point.name, kMaxName);
  coder.check(is_point_name(point.name), "holds a name that no snapshot can have");
  coder.guid(point.guid);
  coder.u64(point.order);
  coder.i64(point.created);
  coder.u32(point.holds);
}

template <typename Coder, typename Value>
void code_points(Coder& coder, Value& points) {
  coder.list(points, kMaxPoints, kLeastPoint, [&](auto& point) { code_point(coder, point); });
}

template <typename Coder, typename Value>
void code_optional_point(Coder& coder, Value& point) {
  coder.optional(point, [&](auto& value) { code_point(coder, value); });
}

template <typename Coder, typename Value>
void code_type(Coder& coder, Value& type) {
  coder.enumeration(type, VolumeType::Filesystem, VolumeType::Subvolume);
}

template <typename Coder, typename Value>
void code_volume_name(Coder& coder, Value& volume) {
  coder.text(volume.host, kMaxName);
  coder.text(volume.path, kMaxVolume);
}

template <typename Coder, typename Value>
void code_volume_names(Coder& coder, Value& volumes) {
  coder.list(volumes, kMaxItems, kLeastVolumeName,
             [&](auto& volume) { code_volume_name(coder, volume); });
}

template <typename Coder, typename Value>
void code_volumes(Coder& coder, Value& volumes, std::size_t limit) {
  coder.list(volumes, limit, kLeastText, [&](auto& volume) { coder.text(volume, kMaxVolume); });
}

template <typename Coder, typename Value>
void code_volume_state(Coder& coder, Value& volume) {
  coder.text(volume.name, kMaxVolume);
  code_type(coder, volume.type);
  coder.guid(volume.guid);
  coder.flag(volume.excluded);
  coder.flag(volume.encrypted);
  coder.flag(volume.key_loaded);
  coder.optional(volume.written, [&](auto& written) { coder.u64(written); });
  code_points(coder, volume.points);
}

template <typename Coder, typename Value>
void code_stream(Coder& coder, Value& request) {
  coder.text(request.volume, kMaxVolume);
  code_point(coder, request.to);
  code_optional_point(coder, request.base);
  code_points(coder, request.intermediates);
  code_points(coder, request.clone_sources);
  coder.text(request.resume_token, kMaxToken);
  code_features(coder, request.features);
}

template <typename Coder, typename Value>
void code_settlement(Coder& coder, Value& settlement) {
  coder.text(settlement.volume, kMaxVolume);
  coder.text(settlement.cursor, kMaxName);
  code_optional_point(coder, settlement.hold);
  code_optional_point(coder, settlement.bookmark_of);
  coder.text(settlement.bookmark, kMaxName);
  code_points(coder, settlement.release);
  code_points(coder, settlement.destroy);
}

template <typename Coder, typename Value>
void code_properties(Coder& coder, Value& properties) {
  std::vector<std::pair<std::string, std::string>> list(properties.begin(), properties.end());
  coder.list(list, kMaxProperties, 2 * kLeastText, [&](auto& property) {
    coder.text(property.first, kMaxPropertyName);
    coder.text(property.second, kMaxPropertyValue);
  });
  const auto out_of_order = [](const auto& one, const auto& next) {
    return one.first >= next.first;
  };
  coder.check(std::ranges::adjacent_find(list, out_of_order) == list.end(),
              "holds properties that do not ascend");
  if constexpr (!std::is_const_v<Value>) properties = {list.begin(), list.end()};
}

template <typename Coder, typename Value>
void code_messages(Coder& coder, Value& messages) {
  coder.list(messages, kMaxProperties, kLeastText,
             [&](auto& message) { coder.text(message, kMaxMessage); });
}

template <typename Coder, typename Value>
void code_failures(Coder& coder, Value& failures) {
  coder.list(failures, kMaxItems, 2 * kLeastText, [&](auto& failure) {
    coder.text(failure.volume, kMaxVolume);
    coder.text(failure.message, kMaxMessage);
  });
}

template <typename Coder, typename Value>
void code_partial(Coder& coder, Value& partial) {
  coder.text(partial.token, kMaxToken);
  coder.guid(partial.to);
  coder.text(partial.to_name, kMaxName);
  coder.optional(partial.base, [&](auto& base) { coder.guid(base); });
  coder.u64(partial.bytes);
  coder.flag(partial.raw);
}

template <typename Coder, typename Value>
void code_replica(Coder& coder, Value& replica) {
  code_volume_name(coder, replica.volume);
  code_type(coder, replica.type);
  coder.flag(replica.raw);
  code_points(coder, replica.points);
  coder.optional(replica.partial, [&](auto& partial) { code_partial(coder, partial); });
  coder.list(replica.seen_unchanged, kMaxItems, kLeastText + 8, [&](auto& seen) {
    coder.text(seen.first, kMaxName);
    coder.i64(seen.second);
  });
  coder.u64(replica.bytes);
}

// The message itself: one overload for each, found by the type. `Like<M>` is M or const M.
template <typename Value, typename M>
concept Like = std::is_same_v<std::remove_const_t<Value>, M>;

template <typename Coder>
void code(Coder&, Like<Nothing> auto&) {}
template <typename Coder>
void code(Coder& coder, Like<FeaturesRequest> auto& message) {
  coder.text(message.subject, kMaxVolume);
}
template <typename Coder>
void code(Coder& coder, Like<FeaturesReply> auto& message) {
  code_features(coder, message.features);
}
template <typename Coder>
void code(Coder& coder, Like<InventoryRequest> auto& message) {
  code_volumes(coder, message.patterns, kMaxPatterns);
}
template <typename Coder>
void code(Coder& coder, Like<InventoryReply> auto& message) {
  coder.list(message.volumes, kMaxItems, kLeastVolumeState,
             [&](auto& volume) { code_volume_state(coder, volume); });
}
template <typename Coder>
void code(Coder& coder, Like<FreezeRequest> auto& message) {
  code_volumes(coder, message.volumes, kMaxItems);
  coder.text(message.name, kMaxName);
}
template <typename Coder>
void code(Coder& coder, Like<FreezeReply> auto& message) {
  coder.list(message.freeze.frozen, kMaxItems, kLeastText + kLeastPoint, [&](auto& frozen) {
    coder.text(frozen.volume, kMaxVolume);
    code_point(coder, frozen.snapshot);
  });
  code_failures(coder, message.freeze.failed);
}
template <typename Coder>
void code(Coder& coder, Like<SendRequest> auto& message) {
  code_stream(coder, message.stream);
}
template <typename Coder>
void code(Coder& coder, Like<SettleRequest> auto& message) {
  coder.list(message.settlements, kMaxItems, kLeastSettlement,
             [&](auto& settlement) { code_settlement(coder, settlement); });
}
template <typename Coder>
void code(Coder& coder, Like<FailuresReply> auto& message) {
  code_failures(coder, message.failures);
}
template <typename Coder>
void code(Coder& coder, Like<DescribeRequest> auto& message) {
  code_volumes(coder, message.volumes, kMaxItems);
}
template <typename Coder>
void code(Coder& coder, Like<DescribeReply> auto& message) {
  coder.list(message.descriptions, kMaxItems, 2 * kLeastText, [&](auto& description) {
    coder.text(description.volume, kMaxVolume);
    code_properties(coder, description.properties);
  });
}
template <typename Coder>
void code(Coder& coder, Like<ReplicaDescriptions> auto& message) {
  coder.list(message.replicas, kMaxItems, kLeastVolumeName + kLeastText, [&](auto& replica) {
    code_volume_name(coder, replica.volume);
    code_properties(coder, replica.properties);
  });
}
template <typename Coder>
void code(Coder& coder, Like<DescriptionRequest> auto& message) {
  code_volume_name(coder, message.volume);
  code_point(coder, message.snapshot);
}
template <typename Coder>
void code(Coder& coder, Like<DescriptionReply> auto& message) {
  code_properties(coder, message.properties);
}
template <typename Coder>
void code(Coder& coder, Like<CompleteRequest> auto& message) {
  coder.text(message.volume, kMaxVolume);
  code_type(coder, message.type);
  code_properties(coder, message.properties);
}
template <typename Coder>
void code(Coder& coder, Like<CompleteReply> auto& message) {
  code_messages(coder, message.completion.left);
  code_messages(coder, message.completion.failed);
}
template <typename Coder>
void code(Coder& coder, Like<InitRequest> auto& message) {
  coder.text(message.store, kMaxVolume);
}
template <typename Coder>
void code(Coder& coder, Like<OpenRequest> auto& message) {
  coder.text(message.store, kMaxVolume);
}
template <typename Coder>
void code(Coder& coder, Like<OpenReply> auto& message) {
  coder.text(message.name, kMaxVolume);
  coder.text(message.identity, kMaxName);
  code_features(coder, message.features);
}
template <typename Coder>
void code(Coder& coder, Like<ReplicasRequest> auto& message) {
  coder.text(message.host, kMaxName);
}
template <typename Coder>
void code(Coder& coder, Like<ReplicasReply> auto& message) {
  coder.list(message.replicas, kMaxItems, kLeastReplica,
             [&](auto& replica) { code_replica(coder, replica); });
}
template <typename Coder>
void code(Coder& coder, Like<KnownReplicasReply> auto& message) {
  coder.list(message.replicas, kMaxItems, kLeastReplica + kLeastText, [&](auto& replica) {
    code_replica(coder, replica);
    coder.text(replica.changed, kMaxMessage);
  });
}
template <typename Coder>
void code(Coder& coder, Like<ReceiveStart> auto& message) {
  code_volume_name(coder, message.volume);
  code_type(coder, message.type);
  code_stream(coder, message.stream);
}
template <typename Coder>
void code(Coder& coder, Like<ReplicaName> auto& message) {
  code_volume_name(coder, message.volume);
}
template <typename Coder>
void code(Coder& coder, Like<MoveRequest> auto& message) {
  code_volume_name(coder, message.from);
  code_volume_name(coder, message.to);
}
template <typename Coder>
void code(Coder& coder, Like<GivenUpReply> auto& message) {
  coder.flag(message.given_up);
}
template <typename Coder>
void code(Coder& coder, Like<UnchangedRequest> auto& message) {
  coder.text(message.set, kMaxName);
  coder.i64(message.time);
  code_volume_names(coder, message.volumes);
}
template <typename Coder>
void code(Coder& coder, Like<ExpectationsReply> auto& message) {
  coder.list(message.hosts, kMaxItems, 3 * kLeastText, [&](auto& expected) {
    coder.text(expected.host, kMaxName);
    coder.list(expected.awaited, kMaxExpected, 2 * kLeastText, [&](auto& awaited) {
      coder.text(awaited.first, kMaxName);
      coder.text(awaited.second, kMaxVolume);
    });
    coder.list(expected.retired, kMaxExpected, kLeastText + 16, [&](auto& retired) {
      coder.text(retired.first, kMaxVolume);
      coder.u64(retired.second.order);
      coder.i64(retired.second.unchanged);
    });
  });
}
template <typename Coder>
void code(Coder& coder, Like<ExpectationRequest> auto& message) {
  coder.text(message.host, kMaxName);
  coder.text(message.set, kMaxName);
  for (auto* names : {&message.missing, &message.arrived, &message.settled}) {
    code_volumes(coder, *names, kMaxExpected);
  }
}
template <typename Coder>
void code(Coder& coder, Like<StoreSendRequest> auto& message) {
  code_volume_name(coder, message.volume);
  code_stream(coder, message.stream);
}
template <typename Coder>
void code(Coder& coder, Like<DestroyRequest> auto& message) {
  code_volume_name(coder, message.volume);
  code_points(coder, message.snapshots);
}
template <typename Coder>
void code(Coder& coder, Like<VerifyRequest> auto& message) {
  code_replica(coder, message.replica);
  coder.flag(message.read_data);
}
template <typename Coder>
void code(Coder& coder, Like<VerifyReport> auto& message) {
  coder.u64(message.bytes);
  coder.optional(message.damage, [&](auto& damage) {
    code_volume_name(coder, damage.volume);
    coder.text(damage.snapshot, kMaxName);
    coder.text(damage.message, kMaxMessage);
  });
}
template <typename Coder>
void code(Coder& coder, Like<FreeRequest> auto& message) {
  coder.text(message.volume, kMaxVolume);
}
template <typename Coder>
void code(Coder& coder, Like<RestoreStart> auto& message) {
  coder.text(message.volume, kMaxVolume);
  code_type(coder, message.type);
  code_stream(coder, message.stream);
}
template <typename Coder>
void code(Coder& coder, Like<ReportReply> auto& message) {
  coder.list(message.findings, kMaxItems, 2 * kLeastText + 1, [&](auto& finding) {
    coder.text(finding.topic, kMaxName);
    coder.enumeration(finding.verdict, Verdict::Good, Verdict::Missing);
    coder.text(finding.message, kMaxMessage);
  });
}

const auto kCode = [](auto& coder, auto& message) { code(coder, message); };

}  // namespace

ExpectationsReply expectations_reply(const Expectations& expectations) {
  ExpectationsReply reply;
  for (const auto& [host, expected] : expectations) {
    ExpectedOfHost& one = reply.hosts.emplace_back();
    one.host = host;
    for (const auto& [set, names] : expected.awaited) {
      for (const auto& name : names) one.awaited.emplace_back(set, name);
    }
    one.retired.assign(expected.retired.begin(), expected.retired.end());
  }
  return reply;
}

template <typename Message>
Bytes encode(const Message& message) {
  return encode_with(kCode, message);
}

template <typename Message>
Message decode(ByteView bytes) {
  return decode_with<Message>(kCode, bytes);
}

#define SNAPFERRY_MESSAGE(Message)       \
  template Bytes encode(const Message&); \
  template Message decode<Message>(ByteView);
SNAPFERRY_MESSAGE(Nothing)
SNAPFERRY_MESSAGE(FeaturesRequest)
SNAPFERRY_MESSAGE(FeaturesReply)
SNAPFERRY_MESSAGE(InventoryRequest)
SNAPFERRY_MESSAGE(InventoryReply)
SNAPFERRY_MESSAGE(FreezeRequest)
SNAPFERRY_MESSAGE(FreezeReply)
SNAPFERRY_MESSAGE(SendRequest)
SNAPFERRY_MESSAGE(SettleRequest)
SNAPFERRY_MESSAGE(FailuresReply)
SNAPFERRY_MESSAGE(DescribeRequest)
SNAPFERRY_MESSAGE(DescribeReply)
SNAPFERRY_MESSAGE(ReplicaDescriptions)
SNAPFERRY_MESSAGE(DescriptionRequest)
SNAPFERRY_MESSAGE(DescriptionReply)
SNAPFERRY_MESSAGE(CompleteRequest)
SNAPFERRY_MESSAGE(CompleteReply)
SNAPFERRY_MESSAGE(InitRequest)
SNAPFERRY_MESSAGE(OpenRequest)
SNAPFERRY_MESSAGE(OpenReply)
SNAPFERRY_MESSAGE(ReplicasRequest)
SNAPFERRY_MESSAGE(ReplicasReply)
SNAPFERRY_MESSAGE(KnownReplicasReply)
SNAPFERRY_MESSAGE(ReceiveStart)
SNAPFERRY_MESSAGE(ReplicaName)
SNAPFERRY_MESSAGE(GivenUpReply)
SNAPFERRY_MESSAGE(MoveRequest)
SNAPFERRY_MESSAGE(UnchangedRequest)
SNAPFERRY_MESSAGE(ExpectationsReply)
SNAPFERRY_MESSAGE(ExpectationRequest)
SNAPFERRY_MESSAGE(StoreSendRequest)
SNAPFERRY_MESSAGE(DestroyRequest)
SNAPFERRY_MESSAGE(VerifyRequest)
SNAPFERRY_MESSAGE(VerifyReport)
SNAPFERRY_MESSAGE(FreeRequest)
SNAPFERRY_MESSAGE(RestoreStart)
SNAPFERRY_MESSAGE(ReportReply)
#undef SNAPFERRY_MESSAGE

}  // namespace snapferry::wire
