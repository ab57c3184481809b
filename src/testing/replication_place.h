#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "core/store.h"
#include "core/volume.h"
#include "core/volume_target.h"
#include "testing/replication_files.h"

namespace snapferry::testing {

// Some volumes and an empty store, with the hands of an administrator beside the code under
// test: what source_contract.h, store_contract.h and target_contract.h need. One for the fakes;
// each driver has one over a real filesystem, under names of its own, cleaned up by the destructor.
//
// Volumes are named by short words ("a"); volume() tells the whole name.
class ReplicationPlace {
 public:
  virtual ~ReplicationPlace() = default;

  // New instances that see what there is; several may live at once.
  virtual std::unique_ptr<Source> source() = 0;
  virtual std::unique_ptr<Store> store() = 0;
  // Makes volumes where source() has them.
  virtual std::unique_ptr<VolumeTarget> target() = 0;

  // "zfs:pool/source/a" of "a".
  virtual std::string volume(std::string_view name) = 0;
  // A pattern with a wildcard that covers every volume of make(), and perhaps a parent of them.
  virtual std::string pattern() = 0;

  virtual void make(const std::string& name) = 0;
  // Makes or replaces a file, so that a following inventory() sees the volume as written to.
  virtual void write(const std::string& name, const std::string& file,
                     const std::string& content) = 0;
  // A snapshot that was not made by this program, as Source::inventory() lists it.
  virtual void snapshot(const std::string& name, const std::string& snapshot) = 0;
  virtual void remove_snapshot(const std::string& name, const std::string& snapshot) = 0;
  // The volume with its snapshots.
  virtual void rename(const std::string& from, const std::string& to) = 0;
  virtual void destroy(const std::string& name) = 0;
  // What only some systems have; false where there is no such thing.
  virtual bool exclude(const std::string& name) = 0;
  virtual bool set_property(const std::string& name, const std::string& property,
                            const std::string& value) {
    (void)name;
    (void)property;
    (void)value;
    return false;
  }
  virtual bool hold(const std::string& name, const std::string& snapshot,
                    const std::string& tag) = 0;

  // Whether store() is where an administrator is, and not at the far end of a connection.
  virtual bool can_retire() { return true; }

  // More than two of them, by the clock of the store; false where that cannot be done.
  virtual bool let_weeks_pass() { return false; }

  // What is in a snapshot of a replica, read without the code under test. Throws where it is not
  // there.
  virtual PlaceFiles replica_files(const VolumeName& replica, const std::string& snapshot) = 0;
};

struct PlaceKind {
  std::string name;
  // nullptr where this machine cannot have one: the tests are skipped then.
  std::function<std::unique_ptr<ReplicationPlace>()> make;
};

// For GoogleTest's messages.
inline void PrintTo(const PlaceKind& kind, std::ostream* out) { *out << kind.name; }

inline std::string place_kind_name(const ::testing::TestParamInfo<PlaceKind>& info) {
  return info.param.name;
}

// What the suites share.
class ReplicationContract : public ::testing::TestWithParam<PlaceKind> {
 protected:
  void SetUp() override {
    place_ = GetParam().make();
    if (!place_) GTEST_SKIP() << "this machine has no " << GetParam().name;
    source_ = place_->source();
    store_ = place_->store();
  }
  void TearDown() override {
    store_.reset();
    source_.reset();
    place_.reset();
  }

  // "snapferry_contract_2026-01-01T00:00:0NZ"
  static std::string own(int number) {
    return "snapferry_contract_2026-01-01T00:00:0" + std::to_string(number) + "Z";
  }

  VolumeState state(const std::string& name) {
    const auto states = source_->inventory({place_->volume(name)});
    if (states.size() != 1) throw std::runtime_error("not exactly one volume " + name);
    return states.front();
  }

  Point point(const std::string& name, const std::string& snapshot,
              PointKind kind = PointKind::Snapshot) {
    for (const Point& point : state(name).points) {
      if (point.kind == kind && point.name == snapshot) return point;
    }
    throw std::runtime_error("no snapshot " + snapshot + " of " + name);
  }

  Point freeze(const std::string& name, int number) {
    const Freeze result = source_->freeze({place_->volume(name)}, own(number));
    if (result.frozen.size() != 1) throw std::runtime_error("not frozen: " + name);
    return result.frozen.front().snapshot;
  }

  StreamRequest request(const std::string& name, Point to, std::optional<Point> base = {}) {
    StreamRequest result;
    result.volume = place_->volume(name);
    result.to = std::move(to);
    result.base = std::move(base);
    return result;
  }

  VolumeName replica(const std::string& name, const std::string& host = "web1") {
    return {host, place_->volume(name)};
  }

  ReceiveRequest into(const VolumeName& replica_name, const StreamRequest& stream) {
    ReceiveRequest result;
    result.volume = replica_name;
    result.type = replica_type_;
    result.stream = stream;
    return result;
  }

  void transfer(const std::string& name, const StreamRequest& stream,
                const std::string& host = "web1") {
    replica_type_ = state(name).type;
    const auto bytes = source_->send(stream);
    store_->receive(into(replica(name, host), stream), *bytes);
  }

  // nullopt: no such replica.
  std::optional<ReplicaState> find(const VolumeName& name) {
    for (ReplicaState& candidate : store_->inventory(name.host)) {
      if (candidate.volume == name) return candidate;
    }
    return std::nullopt;
  }

  std::vector<std::string> names_in(const VolumeName& name) {
    std::vector<std::string> names;
    const auto found = find(name);
    if (!found) return names;
    for (const Point& candidate : found->points) names.push_back(candidate.name);
    return names;
  }

  std::unique_ptr<ReplicationPlace> place_;
  std::unique_ptr<Source> source_;
  std::unique_ptr<Store> store_;
  VolumeType replica_type_ = VolumeType::Filesystem;
};

}  // namespace snapferry::testing
