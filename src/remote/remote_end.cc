#include "remote/remote_end.h"

#include <atomic>

#include <fmt/format.h>

#include "core/printable.h"
#include "remote/preparation.h"
#include "remote/remote_source.h"
#include "remote/remote_store.h"
#include "remote/remote_stream.h"
#include "remote/remote_target.h"
#include "remote/remote_view.h"
#include "wire/agent_role.h"

namespace snapferry::remote {
namespace {

// The end on the connection of the moment. An end, and its connection, lives as long as a call
// that began on it.
template <typename End>
class CurrentEnd {
 public:
  using Make = std::function<std::unique_ptr<End>(wire::SshTransport&)>;

  CurrentEnd(std::shared_ptr<RemoteLine> line, Make make)
      : line_(std::move(line)), make_(std::move(make)) {}

  std::shared_ptr<End> get() {
    const std::lock_guard lock(mutex_);
    auto transport = line_->transport();
    if (connected_ == nullptr || connected_->transport != transport) {
      auto end = make_(*transport);
      connected_ = std::make_shared<Connected>(std::move(transport), std::move(end));
    }
    return {connected_, connected_->end.get()};
  }

 private:
  struct Connected {
    Connected(std::shared_ptr<wire::SshTransport> by, std::unique_ptr<End> made)
        : transport(std::move(by)), end(std::move(made)) {}
    std::shared_ptr<wire::SshTransport> transport;
    std::unique_ptr<End> end;
  };

  const std::shared_ptr<RemoteLine> line_;
  const Make make_;
  std::mutex mutex_;
  std::shared_ptr<Connected> connected_;
};

Error lacking(const std::string& host, wire::AgentRole role) {
  return {
      ErrorKind::PermissionDenied,
      fmt::format("{}: its agent does not allow '{}' to this key; add {} to the line of the key in "
                  "authorized_keys there",
                  printable(host), wire::to_string(role), wire::options_for(role))};
}

void require_role(const wire::SshTransport& transport, const std::string& host,
                  wire::AgentRole role) {
  if (!transport.peer().has(wire::feature_of(role))) throw lacking(host, role);
}

bool remembers(const wire::SshTransport& transport) {
  return transport.peer().has(wire::kExpectationsFeature);
}

bool describes(const wire::SshTransport& transport) {
  return transport.peer().has(wire::kPropertiesFeature);
}

// Meets an agent that has the role, for volumes of the kind of `address`.
template <typename End>
typename CurrentEnd<End>::Make meet_as(wire::AgentRole role, const VolumeAddress& address) {
  return [role, host = address.host(),
          kind = std::string(kind_name(address.kind))](wire::SshTransport& transport) {
    require_role(transport, host, role);
    return std::make_unique<End>(transport.connection(), kind, describes(transport));
  };
}

class LineSource : public Source {
 public:
  LineSource(std::shared_ptr<RemoteLine> line, const VolumeAddress& address)
      : current_(std::move(line), meet_as<RemoteSource>(wire::AgentRole::Source, address)) {}

  StreamFeatures features() override { return current_.get()->features(); }
  std::vector<VolumeState> inventory(const std::vector<std::string>& patterns) override {
    return current_.get()->inventory(patterns);
  }
  Freeze freeze(const std::vector<std::string>& volumes, const std::string& name) override {
    return current_.get()->freeze(volumes, name);
  }
  std::unique_ptr<Stream> send(const StreamRequest& request) override {
    return current_.get()->send(request);
  }
  std::vector<VolumeDescription> describe(const std::vector<std::string>& volumes) override {
    return current_.get()->describe(volumes);
  }
  std::vector<VolumeFailure> settle(const std::vector<Settlement>& settlements) override {
    return current_.get()->settle(settlements);
  }

 private:
  CurrentEnd<RemoteSource> current_;
};

// A stream with the connection that it comes by.
class LineStream : public Stream {
 public:
  LineStream(std::shared_ptr<wire::SshTransport> transport, wire::Channel channel)
      : transport_(std::move(transport)), stream_(std::move(channel)) {}
  std::size_t read(std::span<std::uint8_t> buffer) override { return stream_.read(buffer); }
  void finish() override { stream_.finish(); }

 private:
  const std::shared_ptr<wire::SshTransport> transport_;
  RemoteStream stream_;
};

class LineRequests : public ViewRequests {
 public:
  explicit LineRequests(std::shared_ptr<RemoteLine> line) : line_(std::move(line)) {}
  Bytes ask(wire::Verb verb, Bytes request) override {
    const auto transport = line_->transport();
    return transport->connection().request(verb, std::move(request)).message();
  }
  std::unique_ptr<Stream> start(wire::Verb verb, Bytes request) override {
    auto transport = line_->transport();
    auto channel = transport->connection().request(verb, std::move(request));
    return std::make_unique<LineStream>(std::move(transport), std::move(channel));
  }

 private:
  const std::shared_ptr<RemoteLine> line_;
};

class LineStore : public Store {
 public:
  LineStore(std::shared_ptr<RemoteLine> line, const StoreAddress& address)
      : name_(address.text()),
        local_name_(address.local_text()),
        host_(address.host()),
        line_(line),
        current_(std::move(line),
                 [this](wire::SshTransport& transport) { return meet(transport); }) {}

  std::string name() const override { return name_; }
  std::string identity() override { return current_.get()->identity(); }
  StreamFeatures features() override { return current_.get()->features(); }
  std::vector<ReplicaState> inventory(const std::string& host) override {
    return current_.get()->inventory(host);
  }
  void receive(const ReceiveRequest& request, Stream& stream) override {
    line_->prepare();
    current_.get()->receive(request, stream);
  }
  void describe(const std::vector<ReplicaDescription>& replicas) override {
    current_.get()->describe(replicas);
  }
  VolumeProperties description(const VolumeName& volume, const Point& snapshot) override {
    const auto store = current_.get();
    if (!may_restore_) throw lacking(host_, wire::AgentRole::Restore);
    return store->description(volume, snapshot);
  }
  void abort_partial(const VolumeName& volume) override { current_.get()->abort_partial(volume); }
  bool give_up_partial(const VolumeName& volume) override {
    return current_.get()->give_up_partial(volume);
  }
  VolumeName set_aside(const VolumeName& volume) override {
    return current_.get()->set_aside(volume);
  }
  void move(const VolumeName& from, const VolumeName& to) override {
    current_.get()->move(from, to);
  }
  void record_unchanged(const std::string& set, std::int64_t time,
                        const std::vector<VolumeName>& volumes) override {
    current_.get()->record_unchanged(set, time, volumes);
  }
  Expectations expectations(const std::string& host) override {
    return current_.get()->expectations(host);
  }
  std::vector<VolumeFailure> change_expectations(const std::string& host,
                                                 const ExpectationChange& change) override {
    if (!change.retires()) line_->prepare();
    return current_.get()->change_expectations(host, change);
  }
  std::unique_ptr<Stream> send(const VolumeName& volume, const StreamRequest& request) override {
    const auto store = current_.get();
    if (!may_restore_) throw lacking(host_, wire::AgentRole::Restore);
    return store->send(volume, request);
  }
  std::unique_ptr<SnapshotView> browse(const VolumeName& volume, const Point& snapshot) override {
    (void)current_.get();
    if (!may_restore_) throw lacking(host_, wire::AgentRole::Restore);
    return std::make_unique<RemoteView>(std::make_unique<LineRequests>(line_),
                                        wire::SnapshotName{volume, snapshot.name, snapshot.guid});
  }
  std::vector<VolumeFailure> destroy(const VolumeName& volume,
                                     const std::vector<Point>& snapshots) override {
    return current_.get()->destroy(volume, snapshots);
  }
  std::vector<ReplicaDamage> verify(const ReplicaState& replica, bool read_data, Progress* progress,
                                    const Cancellation* cancellation) override {
    return current_.get()->verify(replica, read_data, progress, cancellation);
  }

 private:
  // One at a time, as CurrentEnd calls it.
  std::unique_ptr<RemoteStore> meet(wire::SshTransport& transport) {
    require_role(transport, host_, wire::AgentRole::Store);
    const StoreAbilities abilities{.describes = describes(transport),
                                   .tells_changes = transport.peer().has(wire::kChangedFeature),
                                   .moves = transport.peer().has(wire::kMoveFeature),
                                   .gives_up = transport.peer().has(wire::kGiveUpFeature),
                                   .remembers = remembers(transport)};
    auto store = std::make_unique<RemoteStore>(transport.connection(), name_, local_name_,
                                               identity_, abilities);
    identity_ = store->identity();
    may_restore_ = transport.peer().has(wire::feature_of(wire::AgentRole::Restore));
    return store;
  }

  const std::string name_;
  const std::string local_name_;
  const std::string host_;
  std::string identity_;  // empty before the first connection
  std::atomic<bool> may_restore_{false};
  const std::shared_ptr<RemoteLine> line_;
  CurrentEnd<RemoteStore> current_;
};

class LineTarget : public VolumeTarget {
 public:
  LineTarget(std::shared_ptr<RemoteLine> line, const VolumeAddress& address)
      : line_(line),
        current_(std::move(line), meet_as<RemoteTarget>(wire::AgentRole::Target, address)) {}

  StreamFeatures features(const std::string& volume) override {
    return current_.get()->features(volume);
  }
  void require_free(const std::string& volume) override { current_.get()->require_free(volume); }
  void restore(const std::string& volume, VolumeType type, const StreamRequest& request,
               Stream& stream, Progress* progress, const Cancellation* cancellation) override {
    line_->prepare();
    current_.get()->restore(volume, type, request, stream, progress, cancellation);
  }
  void describe(const std::string& volume, VolumeType type,
                const VolumeProperties& properties) override {
    current_.get()->describe(volume, type, properties);
  }
  Completion complete(const std::string& volume, VolumeType type,
                      const VolumeProperties& properties) override {
    return current_.get()->complete(volume, type, properties);
  }

 private:
  const std::shared_ptr<RemoteLine> line_;
  CurrentEnd<RemoteTarget> current_;
};

}  // namespace

std::shared_ptr<wire::SshTransport> RemoteLine::transport() {
  const std::lock_guard lock(mutex_);
  if (transport_->connection().is_over()) transport_ = connect_();
  return transport_;
}

void RemoteLine::prepare() {
  const std::lock_guard lock(mutex_);
  if (prepared_) return;
  if (transport_->connection().is_over()) transport_ = connect_();
  if (transport_->peer().has(wire::kUnprepared)) {
    prepare_agent(transport_->connection());
    transport_ = connect_();
  }
  prepared_ = true;
}

std::unique_ptr<Source> remote_source(std::shared_ptr<RemoteLine> line,
                                      const VolumeAddress& address) {
  return std::make_unique<LineSource>(std::move(line), address);
}

std::unique_ptr<Store> remote_store(std::shared_ptr<RemoteLine> line, const StoreAddress& address) {
  return std::make_unique<LineStore>(std::move(line), address);
}

std::unique_ptr<VolumeTarget> remote_target(std::shared_ptr<RemoteLine> line,
                                            const VolumeAddress& address) {
  return std::make_unique<LineTarget>(std::move(line), address);
}

void make_remote_store(RemoteLine& line, const StoreAddress& address) {
  const auto transport = line.transport();
  require_role(*transport, address.host(), wire::AgentRole::Store);
  init_remote_store(transport->connection(), address.local_text());
}

}  // namespace snapferry::remote
