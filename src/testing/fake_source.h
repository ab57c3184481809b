#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "core/volume.h"
#include "testing/replication_files.h"

namespace snapferry::testing {

// What the fakes behave like: ZFS receives onto the newest snapshot alone and resumes, and has
// bookmarks and holds; btrfs has none of that.
enum class FakeKind { Zfs, Btrfs };

StreamFeatures features_of(FakeKind kind);

// Volumes in memory with their histories, and the hands of an administrator. Safe from several
// threads, but for the public members.
class FakeHost {
 public:
  explicit FakeHost(FakeKind kind = FakeKind::Zfs) : kind_(kind) {}

  FakeKind kind() const { return kind_; }

  void make(const std::string& volume);
  void write(const std::string& volume, const std::string& file, const std::string& content);
  Point snapshot(const std::string& volume, const std::string& name);
  void bookmark(const std::string& volume, const std::string& snapshot, const std::string& name);
  // A snapshot or a bookmark, whatever holds it.
  void remove(const std::string& volume, const Point& point);
  void rename(const std::string& from, const std::string& to);
  void destroy(const std::string& volume);
  // Back to a snapshot; younger ones and their bookmarks go.
  void rollback(const std::string& volume, const std::string& snapshot);
  // A second volume with the same snapshots, as send and receive on one machine make it.
  void duplicate(const std::string& from, const std::string& to);
  void hold(const std::string& volume, const std::string& snapshot, const std::string& tag);
  void set_property(const std::string& volume, const std::string& name, const std::string& value);
  VolumeProperties properties(const std::string& volume) const;
  void set_excluded(const std::string& volume, bool excluded);
  void set_encryption(const std::string& volume, bool encrypted, bool key_loaded);

  std::vector<std::string> volumes() const;
  PlaceFiles files(const std::string& volume) const;
  PlaceFiles files_of(const std::string& volume, const Guid& snapshot) const;
  std::vector<Point> points(const std::string& volume) const;
  // The tags of all holds of a volume's snapshots; a tag appears once for each hold.
  std::vector<std::string> tags(const std::string& volume) const;

  std::set<std::string> tags_of(const std::string& volume, const Point& point) const;

  // Called before each single change that settle() makes and may throw, as if the machine had
  // gone down there. "hold", "bookmark", "release", "destroy".
  std::function<void(const char* verb)> before_change;
  // inventory() cannot tell whether something was written.
  bool written_is_unknown = false;
  // Snapshots that settle() destroyed.
  std::vector<Point> destroyed;

 private:
  friend class FakeSource;
  friend class FakeTarget;
  struct State {
    Point point;
    PlaceFiles files;
    std::uint64_t revision = 0;
    std::set<std::string> tags;
  };
  struct Volume {
    Guid guid;
    PlaceFiles files;
    std::uint64_t revision = 0;  // of `files`; never the same for others
    bool excluded = false;
    bool encrypted = false;
    bool key_loaded = true;
    VolumeProperties properties;
    std::vector<State> states;  // ascending by order
  };

  Volume& find(const std::string& volume);
  const Volume& find(const std::string& volume) const;
  static State* find_state(Volume& volume, const Point& point);
  static const State* find_snapshot(const Volume& volume, const Guid& guid);
  Point add_snapshot(Volume& volume, const std::string& name);
  void add_bookmark(Volume& volume, const Point& snapshot, const std::string& name);
  VolumeState listing_of(const std::string& name, const Volume& volume) const;
  void change(const char* verb) const {
    if (before_change) before_change(verb);
  }

  const FakeKind kind_;
  mutable std::mutex mutex_;
  std::map<std::string, Volume> volumes_;
};

// The volumes of a FakeHost.
class FakeSource : public Source {
 public:
  explicit FakeSource(FakeHost& host) : host_(host) {}

  StreamFeatures features() override { return features_of(host_.kind_); }
  std::vector<VolumeState> inventory(const std::vector<std::string>& patterns) override;
  Freeze freeze(const std::vector<std::string>& volumes, const std::string& name) override;
  // As `zfs send` does, takes everything between base and snapshot if there are intermediates.
  std::unique_ptr<Stream> send(const StreamRequest& request) override;
  std::vector<VolumeDescription> describe(const std::vector<std::string>& volumes) override;
  std::vector<VolumeFailure> settle(const std::vector<Settlement>& settlements) override;

 private:
  void settle_one(const Settlement& settlement);

  FakeHost& host_;
};

// Never the same twice in a process.
Guid next_fake_guid();
std::uint64_t next_fake_number();

}  // namespace snapferry::testing
