#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "agent/view_relay.h"
#include "core/store.h"
#include "core/volume.h"
#include "core/volume_target.h"
#include "wire/connection.h"
#include "wire/messages.h"

namespace snapferry::agent {

// What a server serves. It looks at no policy: the factories give ends that are guarded
// (guarded_source.h, guarded_store.h, guarded_target.h), each made once, when it is first asked
// for.
struct Served {
  // For "zfs" or "btrfs". Empty, or throws: this agent sends nothing (of that kind).
  std::function<std::unique_ptr<Source>(std::string_view kind)> source{};
  // Empty: this agent has no store.
  std::function<std::unique_ptr<Store>()> store{};
  // For "zfs" or "btrfs". Empty, or throws: this agent makes no volumes (of that kind).
  std::function<std::unique_ptr<VolumeTarget>(std::string_view kind)> target{};
  // Makes the store that it is named, or refuses. Empty: this agent has no store.
  std::function<void(const std::string& store)> init{};
  // Makes what this agent would write in, which was not there when it contained itself. Empty: all
  // was there.
  std::function<void()> prepare{};
  // What `snapferry doctor` shows of this machine. Empty: nothing.
  std::function<std::vector<wire::Finding>()> report{};
  // Who serves the files of a snapshot of the store. Empty: this agent shows none.
  ViewRelay::Connect view{};
};

// Answers the requests of one connection: streams in parallel, everything else in turn.
class Server {
 public:
  explicit Server(Served served) : served_(std::move(served)), views_(served_.view) {}

  // Serves until the client leaves. Throws as the connection was lost or refused; either way
  // nothing runs any more then, and every stream was abandoned.
  void run(wire::Connection& connection);

 private:
  void answer(wire::Channel& channel);
  Bytes handle(wire::Channel& channel, ByteView request);
  void handle_stream(wire::Channel& channel, ByteView request);
  std::unique_ptr<Stream> verify(wire::VerifyRequest request);
  Bytes receive(wire::Channel& channel, ByteView request);
  Bytes restore(wire::Channel& channel, ByteView request);
  Bytes handle_target(wire::Verb verb, ByteView request);
  Bytes handle_source(wire::Verb verb, ByteView request);
  Bytes handle_store(wire::Channel& channel, ByteView request);
  Bytes open_store(const wire::OpenRequest& request);
  Source& source_of(std::string_view volume);
  Store& store();
  VolumeTarget& target_of(std::string_view volume);

  const Served served_;
  ViewRelay views_;
  std::mutex serial_;  // of everything but streams
  std::mutex restoring_;
  std::mutex ends_;  // of what is below
  std::map<std::string, std::unique_ptr<Source>, std::less<>> sources_;
  std::unique_ptr<Store> store_;
  std::map<std::string, std::unique_ptr<VolumeTarget>, std::less<>> targets_;
};

}  // namespace snapferry::agent
