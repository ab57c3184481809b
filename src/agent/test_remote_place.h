#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/test_link.h"
#include "testing/replication_place.h"

namespace snapferry::agent {

// Ends that bring their connection along.
class LinkedSource : public Source {
 public:
  LinkedSource(Served served, const std::string& kind)
      : link_(std::move(served)), source_(*link_.client, kind) {}
  StreamFeatures features() override { return source_.features(); }
  std::vector<VolumeState> inventory(const std::vector<std::string>& patterns) override {
    return source_.inventory(patterns);
  }
  Freeze freeze(const std::vector<std::string>& volumes, const std::string& name) override {
    return source_.freeze(volumes, name);
  }
  std::unique_ptr<Stream> send(const StreamRequest& request) override {
    return source_.send(request);
  }
  std::vector<VolumeDescription> describe(const std::vector<std::string>& volumes) override {
    return source_.describe(volumes);
  }
  std::vector<VolumeFailure> settle(const std::vector<Settlement>& settlements) override {
    return source_.settle(settlements);
  }

 private:
  TestLink link_;
  remote::RemoteSource source_;
};

class LinkedTarget : public VolumeTarget {
 public:
  LinkedTarget(Served served, const std::string& kind)
      : link_(std::move(served)), target_(*link_.client, kind) {}
  StreamFeatures features(const std::string& volume) override { return target_.features(volume); }
  void require_free(const std::string& volume) override { target_.require_free(volume); }
  void restore(const std::string& volume, VolumeType type, const StreamRequest& request,
               Stream& stream, Progress* progress, const Cancellation* cancellation) override {
    target_.restore(volume, type, request, stream, progress, cancellation);
  }
  void describe(const std::string& volume, VolumeType type,
                const VolumeProperties& properties) override {
    target_.describe(volume, type, properties);
  }
  Completion complete(const std::string& volume, VolumeType type,
                      const VolumeProperties& properties) override {
    return target_.complete(volume, type, properties);
  }

 private:
  TestLink link_;
  remote::RemoteTarget target_;
};

class LinkedStore : public Store {
 public:
  explicit LinkedStore(testing::ReplicationPlace& place)
      : views_([&place](const VolumeName& volume, const Point& snapshot) {
          return place.store()->browse(volume, snapshot);
        }),
        link_({.store = [&place] { return place.store(); }, .view = views_.connector()}),
        store_(*link_.client, "web1:fake:disk", "") {}
  std::string name() const override { return store_.name(); }
  std::string identity() override { return store_.identity(); }
  StreamFeatures features() override { return store_.features(); }
  std::vector<ReplicaState> inventory(const std::string& host) override {
    return store_.inventory(host);
  }
  void receive(const ReceiveRequest& request, Stream& stream) override {
    store_.receive(request, stream);
  }
  void describe(const std::vector<ReplicaDescription>& replicas) override {
    store_.describe(replicas);
  }
  VolumeProperties description(const VolumeName& volume, const Point& snapshot) override {
    return store_.description(volume, snapshot);
  }
  void abort_partial(const VolumeName& volume) override { store_.abort_partial(volume); }
  bool give_up_partial(const VolumeName& volume) override { return store_.give_up_partial(volume); }
  VolumeName set_aside(const VolumeName& volume) override { return store_.set_aside(volume); }
  void move(const VolumeName& from, const VolumeName& to) override { store_.move(from, to); }
  void record_unchanged(const std::string& set, std::int64_t time,
                        const std::vector<VolumeName>& volumes) override {
    store_.record_unchanged(set, time, volumes);
  }
  Expectations expectations(const std::string& host) override { return store_.expectations(host); }
  std::vector<VolumeFailure> change_expectations(const std::string& host,
                                                 const ExpectationChange& change) override {
    return store_.change_expectations(host, change);
  }
  std::unique_ptr<Stream> send(const VolumeName& volume, const StreamRequest& request) override {
    return store_.send(volume, request);
  }
  std::unique_ptr<SnapshotView> browse(const VolumeName& volume, const Point& point) override {
    return store_.browse(volume, point);
  }
  std::vector<VolumeFailure> destroy(const VolumeName& volume,
                                     const std::vector<Point>& snapshots) override {
    return store_.destroy(volume, snapshots);
  }
  std::vector<ReplicaDamage> verify(const ReplicaState& replica, bool read_data, Progress* progress,
                                    const Cancellation* cancellation) override {
    return store_.verify(replica, read_data, progress, cancellation);
  }

 private:
  TestViews views_;
  TestLink link_;
  remote::RemoteStore store_;
};

// A place whose ends are at the far end of connections.
class RemotePlace : public testing::ReplicationPlace {
 public:
  // `kind`: "zfs" or "btrfs".
  RemotePlace(std::string kind, std::unique_ptr<testing::ReplicationPlace> place)
      : kind_(std::move(kind)), place_(std::move(place)) {}

  std::unique_ptr<Source> source() override {
    return std::make_unique<LinkedSource>(
        Served{.source = [this](std::string_view) { return place_->source(); }}, kind_);
  }
  std::unique_ptr<Store> store() override { return std::make_unique<LinkedStore>(*place_); }
  std::unique_ptr<VolumeTarget> target() override {
    return std::make_unique<LinkedTarget>(
        Served{.target = [this](std::string_view) { return place_->target(); }}, kind_);
  }
  std::string volume(std::string_view name) override { return place_->volume(name); }
  bool can_retire() override { return false; }
  bool set_property(const std::string& name, const std::string& property,
                    const std::string& value) override {
    return place_->set_property(name, property, value);
  }
  std::string pattern() override { return place_->pattern(); }
  void make(const std::string& name) override { place_->make(name); }
  void write(const std::string& name, const std::string& file,
             const std::string& content) override {
    place_->write(name, file, content);
  }
  void snapshot(const std::string& name, const std::string& snapshot) override {
    place_->snapshot(name, snapshot);
  }
  void remove_snapshot(const std::string& name, const std::string& snapshot) override {
    place_->remove_snapshot(name, snapshot);
  }
  void rename(const std::string& from, const std::string& to) override { place_->rename(from, to); }
  void destroy(const std::string& name) override { place_->destroy(name); }
  bool exclude(const std::string& name) override { return place_->exclude(name); }
  bool hold(const std::string& name, const std::string& snapshot, const std::string& tag) override {
    return place_->hold(name, snapshot, tag);
  }
  bool let_weeks_pass() override { return place_->let_weeks_pass(); }
  testing::PlaceFiles replica_files(const VolumeName& replica,
                                    const std::string& snapshot) override {
    return place_->replica_files(replica, snapshot);
  }

 private:
  const std::string kind_;
  std::unique_ptr<testing::ReplicationPlace> place_;
};

}  // namespace snapferry::agent
