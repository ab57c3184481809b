// Every message of the protocol, as a peer may send it.
//
//   input := which (1 byte), bytes
//
// What decodes must encode to the same bytes.

#include <algorithm>
#include <array>
#include <cstdlib>

#include "core/error.h"
#include "wire/failure.h"
#include "wire/hello.h"
#include "wire/messages.h"
#include "wire/view_messages.h"

namespace {

using snapferry::Bytes;
using snapferry::ByteView;
namespace wire = snapferry::wire;

template <typename Message>
void check(ByteView bytes) {
  const Bytes again = wire::encode(wire::decode<Message>(bytes));
  if (!std::equal(again.begin(), again.end(), bytes.begin(), bytes.end())) std::abort();
}

// Their texts come out printable: not the same bytes, but bytes that can be sent.
void check_hello(ByteView bytes) { (void)wire::decode_hello(bytes); }
void check_failure(ByteView bytes) { (void)wire::encode_failure(wire::decode_failure(bytes)); }

// The message of a failure comes out printable.
void check_piece(ByteView bytes) {
  const auto piece = wire::decode<wire::ViewPiece>(bytes);
  const Bytes again = wire::encode(piece);
  if (!piece.failure && !std::equal(again.begin(), again.end(), bytes.begin(), bytes.end())) {
    std::abort();
  }
}

constexpr std::array kChecks = {
    check_hello,
    check_failure,
    check<wire::Nothing>,
    check<wire::FeaturesRequest>,
    check<wire::FeaturesReply>,
    check<wire::InventoryRequest>,
    check<wire::InventoryReply>,
    check<wire::FreezeRequest>,
    check<wire::FreezeReply>,
    check<wire::SendRequest>,
    check<wire::SettleRequest>,
    check<wire::FailuresReply>,
    check<wire::OpenRequest>,
    check<wire::OpenReply>,
    check<wire::ReplicasRequest>,
    check<wire::ReplicasReply>,
    check<wire::KnownReplicasReply>,
    check<wire::MoveRequest>,
    check<wire::ReceiveStart>,
    check<wire::ReplicaName>,
    check<wire::UnchangedRequest>,
    check<wire::StoreSendRequest>,
    check<wire::DestroyRequest>,
    check<wire::VerifyRequest>,
    check<wire::VerifyReport>,
    check<wire::ReportReply>,
    check<wire::InitRequest>,
    check<wire::FreeRequest>,
    check<wire::RestoreStart>,
    check<wire::SnapshotName>,
    check<wire::ViewRootRequest>,
    check<wire::ViewRootReply>,
    check<wire::ViewListRequest>,
    check<wire::ViewPart>,
    check<wire::ViewDataInRequest>,
    check<wire::ViewDataInReply>,
    check<wire::ViewReadRequest>,
    check_piece,
    check<wire::ExpectationsReply>,
    check<wire::ExpectationRequest>,
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  try {
    kChecks.at(data[0] % kChecks.size())(ByteView(data + 1, size - 1));
  } catch (const snapferry::Error& error) {
    if (error.kind() != snapferry::ErrorKind::Corrupt) std::abort();
  }
  return 0;
}
