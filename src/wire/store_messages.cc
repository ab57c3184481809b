// What is asked of a store, and what it answers.
#include "wire/messages.h"
#include "wire/value_forms.h"

namespace snapferry::wire {
namespace {

// One overload for each message, found by its type.
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
  coder.list(message.hosts, kMaxItems, 3 * kLeastText + 1, [&](auto& expected) {
    coder.text(expected.host, kMaxName);
    coder.list(expected.awaited, kMaxItems, 2 * kLeastText, [&](auto& awaited) {
      coder.text(awaited.first, kMaxName);
      coder.text(awaited.second, kMaxVolume);
    });
    coder.list(expected.retired, kMaxItems, 3 * kLeastText + 8, [&](auto& retired) {
      coder.text(retired.set, kMaxName);
      coder.text(retired.volume, kMaxVolume);
      coder.text(retired.arrival.newest, kMaxName);
      coder.i64(retired.arrival.unchanged);
    });
    coder.flag(expected.full);
  });
}
template <typename Coder>
void code(Coder& coder, Like<ExpectationRequest> auto& message) {
  coder.text(message.host, kMaxName);
  coder.text(message.set, kMaxName);
  code_volumes(coder, message.missing, ExpectationRequest::kMostNames);
  code_volumes(coder, message.settled, ExpectationRequest::kMostNames);
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
    for (const auto& [set, names] : expected.retired) {
      for (const auto& [name, arrival] : names) one.retired.push_back({set, name, arrival});
    }
    one.full = expected.full;
  }
  return reply;
}

HostExpectations expectations_of(const ExpectedOfHost& host) {
  HostExpectations expected;
  for (const auto& [set, volume] : host.awaited) expected.awaited[set].insert(volume);
  for (const auto& retired : host.retired) {
    expected.retired[retired.set][retired.volume] = retired.arrival;
  }
  expected.full = host.full;
  return expected;
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
SNAPFERRY_MESSAGE(ReplicaDescriptions)
SNAPFERRY_MESSAGE(DescriptionRequest)
SNAPFERRY_MESSAGE(DescriptionReply)
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
#undef SNAPFERRY_MESSAGE

}  // namespace snapferry::wire
