#include "agent/view_server.h"

#include "agent/list_walk.h"
#include "agent/serve.h"
#include "agent/violation.h"
#include "wire/records.h"
#include "wire/view_messages.h"

namespace snapferry::agent {

void ViewServer::run(wire::Connection& connection) {
  serve(connection, [this](wire::Channel& channel) { answer(channel); });
}

void ViewServer::answer(wire::Channel& channel) {
  const auto request = channel.message();
  if (failure_) throw Error(*failure_);
  switch (channel.verb().verb) {
    case wire::Verb::ViewRoot:
      decode_request<wire::ViewRootRequest>(request);
      return channel.answer(wire::encode(wire::ViewRootReply{view_->root()}));
    case wire::Verb::ViewList:
      return list(channel, request);
    case wire::Verb::ViewDataIn: {
      const auto message = decode_request<wire::ViewDataInRequest>(request);
      return channel.answer(wire::encode(wire::ViewDataInReply{view_->data_in(message.range)}));
    }
    case wire::Verb::ViewRead:
      return read(channel, request);
    default:
      throw Error(ErrorKind::Unsupported, "this serves the files of a snapshot and nothing else");
  }
}

void ViewServer::list(wire::Channel& channel, ByteView request) {
  const auto message = decode_request<wire::ViewListRequest>(request);
  const auto part = view_->list(message.directory, message.first);
  wire::RecordWriter records(channel, &channel.cancellation());
  const auto visit = [&](const std::string& directory, std::uint32_t first,
                         const DirectoryPart& each) {
    const Bytes record = wire::encode(wire::ViewPart{directory, first, each});
    records.add(record);
    return record.size();
  };
  visit(message.directory, message.first, part);
  if (message.ahead > 0) {
    // Somebody waits for the one that was asked for.
    records.flush();
    try {
      ListWalk(*view_, message.ahead, visit).go_on_from(message.directory, message.first, part);
    } catch (const Error&) {
      channel.cancellation().check();
      // Told once it is asked for.
    }
  }
  records.flush();
  channel.end();
}

void ViewServer::read(wire::Channel& channel, ByteView request) {
  const auto message = decode_request<wire::ViewReadRequest>(request);
  wire::RecordWriter records(channel, &channel.cancellation());
  for (const auto& range : message.ranges) {
    wire::ViewPiece piece;
    try {
      piece.bytes = view_->read(range);
    } catch (const Error& error) {
      piece.failure = error;
    }
    channel.cancellation().check();
    records.add(wire::encode(piece));
  }
  records.flush();
  channel.end();
}

}  // namespace snapferry::agent
