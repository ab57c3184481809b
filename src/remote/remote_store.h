#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/store.h"
#include "wire/connection.h"
#include "wire/messages.h"

namespace snapferry::remote {

// What the agent can do beside what every one can (PROTOCOL.md, features of a Hello).
struct StoreAbilities {
  bool describes = true;      // wire::kPropertiesFeature
  bool tells_changes = true;  // wire::kChangedFeature
  bool moves = true;          // wire::kMoveFeature
  bool gives_up = true;       // wire::kGiveUpFeature
  bool remembers = true;      // wire::kExpectationsFeature
};

// The store at the far end of a connection, through its agent. Texts for people come out
// printable; replicas of another host than was asked for are Corrupt, and so are hosts and volumes
// of names that none can have, and more damage than the snapshots that were verified can have, or
// than anybody reads.
class RemoteStore : public Store {
 public:
  // `name` as --store takes it: "web1:zfs:backup/snapferry"; `local_name` as the far end does:
  // "zfs:backup/snapferry", or empty for the one its agent has. Where a store was spoken to before,
  // `expected` is its identity: another one is a Conflict. Borrows the connection.
  RemoteStore(wire::Connection& connection, std::string name, std::string local_name,
              std::string expected = {}, StoreAbilities abilities = {})
      : connection_(connection),
        name_(std::move(name)),
        local_name_(std::move(local_name)),
        expected_(std::move(expected)),
        abilities_(abilities) {}

  std::string name() const override { return name_; }
  std::string identity() override { return open().identity; }
  StreamFeatures features() override { return open().features; }
  std::vector<ReplicaState> inventory(const std::string& host) override;
  // Where it throws, the far end has let go of the replica, or has been given ten seconds to.
  void receive(const ReceiveRequest& request, Stream& stream) override;
  void describe(const std::vector<ReplicaDescription>& replicas) override;
  VolumeProperties description(const VolumeName& volume, const Point& snapshot) override;
  void abort_partial(const VolumeName& volume) override;
  bool give_up_partial(const VolumeName& volume) override;
  VolumeName set_aside(const VolumeName& volume) override;
  void move(const VolumeName& from, const VolumeName& to) override;
  void record_unchanged(const std::string& set, std::int64_t time,
                        const std::vector<VolumeName>& volumes) override;
  Expectations expectations(const std::string& host) override;
  // Throws PermissionDenied for what retires: nothing that asks for it crosses a connection.
  std::vector<VolumeFailure> change_expectations(const std::string& host,
                                                 const ExpectationChange& change) override;
  std::unique_ptr<Stream> send(const VolumeName& volume, const StreamRequest& request) override;
  // Nothing is asked for yet; borrows the connection.
  std::unique_ptr<SnapshotView> browse(const VolumeName& volume, const Point& snapshot) override;
  std::vector<VolumeFailure> destroy(const VolumeName& volume,
                                     const std::vector<Point>& snapshots) override;
  std::vector<ReplicaDamage> verify(const ReplicaState& replica, bool read_data, Progress* progress,
                                    const Cancellation* cancellation) override;

 private:
  // Asked once, before anything else, so that all is about the store that was meant.
  const wire::OpenReply& open();
  std::vector<ReplicaState> ask_for_replicas(const std::string& host);
  // What is told of a host that was not asked for, or where all were, of one that cannot be.
  void check_host(const std::string& told, const std::string& asked,
                  const std::string& claim) const;
  [[noreturn]] void disbelieve(const std::string& claim, std::string_view cause) const;

  wire::Connection& connection_;
  const std::string name_;
  const std::string local_name_;
  const std::string expected_;
  const StoreAbilities abilities_;
  std::optional<wire::OpenReply> opened_;
  std::size_t damage_bytes_ = 0;  // of all that verify() returned
};

}  // namespace snapferry::remote
