#include "agent/server.h"

#include "agent/serve.h"
#include "agent/verify_stream.h"
#include "agent/violation.h"
#include "core/error.h"
#include "core/printable.h"
#include "wire/agent_role.h"
#include "wire/failure.h"
#include "wire/pump.h"

namespace snapferry::agent {
namespace {

std::string_view needed_kind(std::string_view volume) {
  const auto colon = volume.find(':');
  if (colon == volume.npos) {
    throw Error(ErrorKind::InvalidArgument,
                printable(volume) + ": has no kind; write zfs:NAME or btrfs:PATH");
  }
  return volume.substr(0, colon);
}

// Throws InvalidArgument unless there are items, all of one kind.
template <typename Items, typename Name>
void need_one_kind(const Items& items, const Name& name_of) {
  if (items.empty()) throw Error(ErrorKind::InvalidArgument, "the request names no volume");
  for (const auto& item : items) {
    if (needed_kind(name_of(item)) != needed_kind(name_of(items.front()))) {
      throw Error(ErrorKind::InvalidArgument, "the request mixes volumes of several kinds");
    }
  }
}

void shorten(std::string& message) {
  if (message.size() > wire::kMaxFailureText) message.resize(wire::kMaxFailureText);
}

std::vector<VolumeFailure> shortened(std::vector<VolumeFailure> failures) {
  for (auto& failure : failures) shorten(failure.message);
  return failures;
}

[[noreturn]] void refuse_store() {
  throw Error(ErrorKind::PermissionDenied,
              "this agent has no store; add " +
                  std::string(wire::options_for(wire::AgentRole::Store)) +
                  " to its line in authorized_keys");
}

// Neither is to be begun by an agent that cannot write.
void need_preparation(const Served& served) {
  if (!served.prepare) return;
  throw Error(ErrorKind::Unavailable,
              "this agent contained itself before what it would write in was there; ask it to "
              "prepare, then connect again");
}

// Whoever sends it waits for credit until somebody does.
void take_rest(Stream& stream) {
  Bytes buffer(wire::kMaxPayload);
  while (stream.read(buffer) > 0) {
  }
}

// The end for volumes of a kind, made when it is first asked for.
template <typename Ends, typename Make>
auto& end_of(Ends& ends, std::string_view kind, const Make& make) {
  const auto found = ends.find(kind);
  if (found != ends.end()) return *found->second;
  return *ends.emplace(kind, make()).first->second;
}

const auto kItself = [](const std::string& text) -> const std::string& { return text; };

}  // namespace

void Server::run(wire::Connection& connection) {
  serve(connection, [this](wire::Channel& channel) { answer(channel); });
}

void Server::answer(wire::Channel& channel) {
  const auto request = channel.message();
  if (wire::is_of_view(channel.verb().verb)) {
    views_.answer(channel, request);
  } else if (channel.verb().response_stream) {
    handle_stream(channel, request);
  } else {
    channel.answer(handle(channel, request));
  }
}

void Server::handle_stream(wire::Channel& channel, ByteView request) {
  std::unique_ptr<Stream> stream;
  if (channel.verb().verb == wire::Verb::SourceSend) {
    const auto message = decode_request<wire::SendRequest>(request);
    stream = source_of(message.stream.volume).send(message.stream);
  } else if (channel.verb().verb == wire::Verb::StoreVerify) {
    stream = verify(decode_request<wire::VerifyRequest>(request));
  } else {
    const auto message = decode_request<wire::StoreSendRequest>(request);
    stream = store().send(message.volume, message.stream);
  }
  wire::pump(*stream, channel);
}

// Takes its turn among all that is no stream.
std::unique_ptr<Stream> Server::verify(wire::VerifyRequest request) {
  Store& served = store();
  return std::make_unique<VerifyStream>([this, &served, request = std::move(request)](
                                            Progress& progress, const Cancellation& cancellation) {
    const std::lock_guard lock(serial_);
    cancellation.check();
    auto damages = served.verify(request.replica, request.read_data, &progress, &cancellation);
    for (auto& damage : damages) shorten(damage.message);
    return damages;
  });
}

Bytes Server::handle(wire::Channel& channel, ByteView request) {
  if (channel.verb().verb == wire::Verb::StoreReceive) return receive(channel, request);
  if (channel.verb().verb == wire::Verb::TargetRestore) return restore(channel, request);
  // Decoded under the lock, too: a message takes more memory as a value than as bytes.
  const std::lock_guard lock(serial_);
  channel.cancellation().check();
  switch (channel.verb().verb) {
    case wire::Verb::SourceFeatures:
    case wire::Verb::SourceInventory:
    case wire::Verb::SourceFreeze:
    case wire::Verb::SourceSettle:
    case wire::Verb::SourceDescribe:
      return handle_source(channel.verb().verb, request);
    case wire::Verb::TargetFeatures:
    case wire::Verb::TargetRequireFree:
    case wire::Verb::TargetComplete:
    case wire::Verb::TargetDescribe:
      return handle_target(channel.verb().verb, request);
    case wire::Verb::AgentPrepare: {
      decode_request<wire::Nothing>(request);
      if (served_.prepare) served_.prepare();
      return wire::encode(wire::Nothing{});
    }
    case wire::Verb::AgentReport: {
      decode_request<wire::Nothing>(request);
      wire::ReportReply reply;
      if (served_.report) reply.findings = served_.report();
      for (auto& finding : reply.findings) shorten(finding.message);
      return wire::encode(reply);
    }
    default:
      return handle_store(channel, request);
  }
}

Bytes Server::handle_source(wire::Verb verb, ByteView request) {
  switch (verb) {
    case wire::Verb::SourceFeatures: {
      const auto message = decode_request<wire::FeaturesRequest>(request);
      return wire::encode(wire::FeaturesReply{source_of(message.subject + ":").features()});
    }
    case wire::Verb::SourceInventory: {
      const auto message = decode_request<wire::InventoryRequest>(request);
      need_one_kind(message.patterns, kItself);
      return wire::encode(
          wire::InventoryReply{source_of(message.patterns.front()).inventory(message.patterns)});
    }
    case wire::Verb::SourceFreeze: {
      const auto message = decode_request<wire::FreezeRequest>(request);
      need_one_kind(message.volumes, kItself);
      auto freeze = source_of(message.volumes.front()).freeze(message.volumes, message.name);
      freeze.failed = shortened(std::move(freeze.failed));
      return wire::encode(wire::FreezeReply{std::move(freeze)});
    }
    case wire::Verb::SourceDescribe: {
      const auto message = decode_request<wire::DescribeRequest>(request);
      need_one_kind(message.volumes, kItself);
      return wire::encode(
          wire::DescribeReply{source_of(message.volumes.front()).describe(message.volumes)});
    }
    default: {
      const auto message = decode_request<wire::SettleRequest>(request);
      need_one_kind(message.settlements,
                    [](const Settlement& item) -> const std::string& { return item.volume; });
      return wire::encode(wire::FailuresReply{
          shortened(source_of(message.settlements.front().volume).settle(message.settlements))});
    }
  }
}

Bytes Server::handle_store(wire::Channel& channel, ByteView request) {
  switch (channel.verb().verb) {
    case wire::Verb::StoreOpen:
      return open_store(decode_request<wire::OpenRequest>(request));
    case wire::Verb::StoreInit: {
      const auto message = decode_request<wire::InitRequest>(request);
      if (!served_.init) refuse_store();
      served_.init(message.store);
      return wire::encode(wire::Nothing{});
    }
    case wire::Verb::StoreInventory: {
      const auto message = decode_request<wire::ReplicasRequest>(request);
      return wire::encode(wire::ReplicasReply{store().inventory(message.host)});
    }
    case wire::Verb::StoreReplicas: {
      const auto message = decode_request<wire::ReplicasRequest>(request);
      wire::KnownReplicasReply reply{store().inventory(message.host)};
      for (auto& replica : reply.replicas) shorten(replica.changed);
      return wire::encode(reply);
    }
    case wire::Verb::StoreMove: {
      const auto message = decode_request<wire::MoveRequest>(request);
      store().move(message.from, message.to);
      return wire::encode(wire::Nothing{});
    }
    case wire::Verb::StoreDescribe: {
      store().describe(decode_request<wire::ReplicaDescriptions>(request).replicas);
      return wire::encode(wire::Nothing{});
    }
    case wire::Verb::StoreDescription: {
      const auto message = decode_request<wire::DescriptionRequest>(request);
      return wire::encode(
          wire::DescriptionReply{store().description(message.volume, message.snapshot)});
    }
    case wire::Verb::StoreAbortPartial: {
      store().abort_partial(decode_request<wire::ReplicaName>(request).volume);
      return wire::encode(wire::Nothing{});
    }
    case wire::Verb::StoreGiveUpPartial: {
      const auto message = decode_request<wire::ReplicaName>(request);
      return wire::encode(wire::GivenUpReply{store().give_up_partial(message.volume)});
    }
    case wire::Verb::StoreSetAside: {
      const auto message = decode_request<wire::ReplicaName>(request);
      return wire::encode(wire::ReplicaName{store().set_aside(message.volume)});
    }
    case wire::Verb::StoreRecordUnchanged: {
      const auto message = decode_request<wire::UnchangedRequest>(request);
      store().record_unchanged(message.set, message.time, message.volumes);
      return wire::encode(wire::Nothing{});
    }
    case wire::Verb::StoreExpectations: {
      const auto message = decode_request<wire::ReplicasRequest>(request);
      return wire::encode(wire::expectations_reply(store().expectations(message.host)));
    }
    case wire::Verb::StoreChangeExpectations: {
      auto message = decode_request<wire::ExpectationRequest>(request);
      return wire::encode(wire::FailuresReply{shortened(
          store().change_expectations(message.host, {.set = std::move(message.set),
                                                     .missing = std::move(message.missing),
                                                     .settled = std::move(message.settled)}))});
    }
    case wire::Verb::StoreDestroy: {
      const auto message = decode_request<wire::DestroyRequest>(request);
      return wire::encode(
          wire::FailuresReply{shortened(store().destroy(message.volume, message.snapshots))});
    }
    default:
      throw Error(ErrorKind::Unsupported, "this agent does not know this request");
  }
}

Bytes Server::receive(wire::Channel& channel, ByteView request) {
  auto message = decode_request<wire::ReceiveStart>(request);
  ReceiveRequest receive;
  receive.volume = std::move(message.volume);
  receive.type = message.type;
  receive.stream = std::move(message.stream);
  receive.cancellation = &channel.cancellation();
  wire::ChannelStream stream(channel);
  Store& served = store();
  need_preparation(served_);
  served.receive(receive, stream);
  return wire::encode(wire::Nothing{});
}

Bytes Server::handle_target(wire::Verb verb, ByteView request) {
  if (verb == wire::Verb::TargetFeatures) {
    auto subject = decode_request<wire::FeaturesRequest>(request).subject;
    if (subject.find(':') == subject.npos) subject += ':';
    return wire::encode(wire::FeaturesReply{target_of(subject).features(subject)});
  }
  if (verb == wire::Verb::TargetDescribe) {
    const auto message = decode_request<wire::CompleteRequest>(request);
    target_of(message.volume).describe(message.volume, message.type, message.properties);
    return wire::encode(wire::Nothing{});
  }
  if (verb == wire::Verb::TargetComplete) {
    const auto message = decode_request<wire::CompleteRequest>(request);
    auto completion =
        target_of(message.volume).complete(message.volume, message.type, message.properties);
    for (auto* lines : {&completion.left, &completion.failed}) {
      for (auto& line : *lines) shorten(line);
    }
    return wire::encode(wire::CompleteReply{std::move(completion)});
  }
  const auto message = decode_request<wire::FreeRequest>(request);
  target_of(message.volume).require_free(message.volume);
  return wire::encode(wire::Nothing{});
}

Bytes Server::restore(wire::Channel& channel, ByteView request) {
  const auto message = decode_request<wire::RestoreStart>(request);
  VolumeTarget& target = target_of(message.volume);
  need_preparation(served_);
  // Two at once for one place would take what the other has half done for their own.
  const std::lock_guard lock(restoring_);
  wire::ChannelStream stream(channel);
  target.restore(message.volume, message.type, message.stream, stream, nullptr,
                 &channel.cancellation());
  take_rest(stream);
  return wire::encode(wire::Nothing{});
}

Bytes Server::open_store(const wire::OpenRequest& request) {
  Store& served = store();
  if (!request.store.empty() && request.store != served.name()) {
    throw Error(ErrorKind::NotFound, printable(request.store) + ": this agent keeps " +
                                         served.name() + " and no other store; name that one");
  }
  return wire::encode(wire::OpenReply{served.name(), served.identity(), served.features()});
}

Source& Server::source_of(std::string_view volume) {
  const auto kind = needed_kind(volume);
  const std::lock_guard lock(ends_);
  return end_of(sources_, kind, [&] {
    auto made = served_.source ? served_.source(kind) : nullptr;
    if (made) return made;
    throw Error(ErrorKind::PermissionDenied,
                printable(kind) + ": this agent sends no volumes of this kind; add --volume " +
                    printable(kind) + ":… to its line in authorized_keys");
  });
}

Store& Server::store() {
  const std::lock_guard lock(ends_);
  if (!store_ && served_.store) store_ = served_.store();
  if (!store_) refuse_store();
  return *store_;
}

VolumeTarget& Server::target_of(std::string_view volume) {
  const auto kind = needed_kind(volume);
  const std::lock_guard lock(ends_);
  return end_of(targets_, kind, [&] {
    auto made = served_.target ? served_.target(kind) : nullptr;
    if (made) return made;
    throw Error(ErrorKind::PermissionDenied,
                "this agent makes no volumes; add " +
                    std::string(wire::options_for(wire::AgentRole::Target)) +
                    " to its line in authorized_keys");
  });
}

}  // namespace snapferry::agent
