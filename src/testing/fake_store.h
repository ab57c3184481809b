#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/bytes.h"
#include "core/store.h"
#include "testing/fake_source.h"
#include "testing/replication_files.h"

namespace snapferry::testing {

// Replicas in memory. Safe from several threads.
class FakeDisk {
 public:
  explicit FakeDisk(FakeKind kind = FakeKind::Zfs);

  FakeKind kind() const { return kind_; }
  const std::string& identity() const { return identity_; }

  std::vector<VolumeName> replicas() const;
  std::vector<Point> points(const VolumeName& replica) const;  // none: no such replica
  PlaceFiles files_of(const VolumeName& replica, const std::string& snapshot) const;
  bool has_partial(const VolumeName& replica) const;
  // By the hand of an administrator.
  void remove(const VolumeName& replica, const std::string& snapshot);
  void snapshot(const VolumeName& replica, const std::string& name);
  // More than two of them, by its clock.
  void let_weeks_pass();
  // `what` is ReplicaState::changed from now on.
  void change(const VolumeName& replica, const std::string& what);

 private:
  friend class FakeStore;
  struct State {
    Point point;
    PlaceFiles files;
    VolumeProperties properties;
  };
  struct Half {
    Guid to;
    Guid base;
    std::string name;
    Bytes payload;
    bool raw = false;
    unsigned looks = 0;        // of who would give it up, as long as it is as it is
    bool weeks_since = false;  // the first of them
  };
  struct Replica {
    VolumeType type = VolumeType::Filesystem;
    bool raw = false;
    std::string changed;
    std::vector<State> states;
    std::optional<Half> half;
  };

  Replica& find(const VolumeName& name);

  const FakeKind kind_;
  const std::string identity_;
  mutable std::mutex mutex_;
  std::map<VolumeName, Replica> replicas_;
  // By set: when, and of what the newest snapshot was which.
  std::map<std::string, std::pair<std::int64_t, std::map<VolumeName, Guid>>> unchanged_;
  Expectations expectations_;
};

// The replicas on a FakeDisk. As ZFS, or as btrfs (FakeKind).
class FakeStore : public Store {
 public:
  explicit FakeStore(FakeDisk& disk) : disk_(disk) {}

  std::string name() const override { return "fake:" + disk_.identity(); }
  std::string identity() override { return disk_.identity(); }
  StreamFeatures features() override { return features_of(disk_.kind()); }
  std::vector<ReplicaState> inventory(const std::string& host) override;
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
  std::vector<VolumeFailure> change_expectations(const std::string& host,
                                                 const ExpectationChange& change) override;
  std::unique_ptr<Stream> send(const VolumeName& volume, const StreamRequest& request) override;
  std::unique_ptr<SnapshotView> browse(const VolumeName& volume, const Point& snapshot) override;
  std::vector<VolumeFailure> destroy(const VolumeName& volume,
                                     const std::vector<Point>& snapshots) override;
  std::vector<ReplicaDamage> verify(const ReplicaState& replica, bool read_data, Progress* progress,
                                    const Cancellation* cancellation) override;

 private:
  class Receiver;
  void check_fits(const ReceiveRequest& request) const;

  FakeDisk& disk_;
  std::map<VolumeName, VolumeProperties> descriptions_;  // under the disk's lock
};

}  // namespace snapferry::testing
