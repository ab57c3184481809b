// What is asked of a source, of a target, of the agent itself, and what several verbs answer.
#include "wire/messages.h"

#include "wire/value_forms.h"

namespace snapferry::wire {
namespace {

// One overload for each message, found by its type.
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
SNAPFERRY_MESSAGE(CompleteRequest)
SNAPFERRY_MESSAGE(CompleteReply)
SNAPFERRY_MESSAGE(FreeRequest)
SNAPFERRY_MESSAGE(RestoreStart)
SNAPFERRY_MESSAGE(ReportReply)
#undef SNAPFERRY_MESSAGE

}  // namespace snapferry::wire
