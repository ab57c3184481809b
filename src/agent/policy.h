#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/store.h"
#include "core/volume.h"
#include "core/volume_pattern.h"
#include "wire/agent_role.h"

namespace snapferry::agent {

// The answer to a request: allowed, or one line for the peer that says what is refused and why.
// The peer's own words stand in it escaped and cut short.
class Decision {
 public:
  static Decision allow() { return Decision(); }
  static Decision refuse(std::string reason);

  bool allowed() const { return !reason_; }
  explicit operator bool() const { return allowed(); }
  // "" if allowed.
  const std::string& reason() const;
  // Throws PermissionDenied with the reason unless allowed.
  void require() const;

 private:
  std::optional<std::string> reason_;
};

// What the command line of an agent says, as it stands there.
struct PolicyOptions {
  std::vector<std::string> allow = {};  // roles
  std::string set = {};
  std::vector<std::string> volumes = {};  // patterns (core/volume_pattern.h)
  std::string store = {};                 // "zfs:backup/snapferry"; only with the role Store
  std::string host = {};                  // whose subtree of the store; only with the role Store
};

// What an agent allows, given by its own command line alone: nothing that a peer sends can widen
// it. All decisions are pure. A value; safe to share between threads.
//
// A source agent lists, freezes and sends what its patterns cover; it destroys only snapshots
// that carry the name of its own set, and only those of a listing that still have the same guid;
// of bookmarks and holds it touches those of its own set's cursors.
// A store agent adds to the replicas of its one host, discards its half-received ones, moves a
// diverged one aside, and one whose volume was renamed to its new name, and says what it has. It
// destroys and overwrites nothing and knows no other host. It gives the data back only with the
// role Restore. Its store itself it makes where asked to, if there is nothing yet. A target agent
// makes volumes that its patterns cover and that are not there, of whole streams. What is there it
// neither receives into nor removes.
class Policy {
 public:
  // Throws InvalidArgument: no role, an unknown one, no set or one with other characters than
  // letters, digits, '.', ':' and '-'; a source or target without a pattern; a store without
  // address or host, or one on another machine or of another kind than zfs and btrfs; restore
  // without store.
  static Policy make(const PolicyOptions& options);

  bool has(wire::AgentRole role) const;
  const std::string& set() const { return set_; }
  const std::vector<VolumePattern>& volumes() const { return volumes_; }
  // "" without the role Store.
  const std::string& store() const { return store_; }
  const std::string& host() const { return host_; }

  // The options that make this very policy: "--allow", "source", "--set", "mainset", ….
  std::vector<std::string> arguments() const;

  // Source.
  // Which patterns to give to Source::inventory so that it lists at least what both the peer's
  // `patterns` and this policy cover, beginning nowhere else than where the policy does. The
  // result is to be passed through visible(). Throws PermissionDenied for a pattern that covers
  // nothing that the policy could, InvalidArgument for one that is none.
  std::vector<std::string> listing(const std::vector<std::string>& patterns) const;
  // Those of `listed` that both the peer's `patterns` and the policy cover.
  std::vector<VolumeState> visible(std::vector<VolumeState> listed,
                                   const std::vector<std::string>& patterns) const;
  Decision may_list(std::string_view volume) const;
  Decision may_freeze(std::string_view volume, std::string_view snapshot) const;
  // A resume token is opaque here: whoever decodes it asks may_resume(), too.
  Decision may_send(const StreamRequest& request) const;
  // `snapshot` is what the token names, "tank/home@name" with the kind before it:
  // "zfs:tank/home@name". Only that of `request` is allowed.
  Decision may_resume(const StreamRequest& request, std::string_view snapshot) const;
  // `listing` is a fresh listing of this machine. What it does not show with the very name and
  // guid cannot be destroyed.
  Decision may_settle(const Settlement& settlement, const std::vector<VolumeState>& listing) const;

  // Store. `volume` is the replica, its host the one that is backed up.
  Decision may_list_host(std::string_view host) const;
  Decision may_receive(const ReceiveRequest& request) const;
  Decision may_describe(const VolumeName& volume) const;
  Decision may_abort(const VolumeName& volume) const;
  Decision may_set_aside(const VolumeName& volume) const;
  Decision may_move(const VolumeName& from, const VolumeName& to) const;
  // The agent puts its own time in place of the peer's.
  Decision may_record_unchanged(std::string_view set, const std::vector<VolumeName>& volumes) const;
  // Of its own host and set, never what is retired. Whether it covers the names is another
  // question, for each of them: a volume, or a pattern that covers no more than the key does.
  Decision may_change_expectations(std::string_view host, const ExpectationChange& change) const;
  Decision may_await(std::string_view host, const std::string& name) const;
  Decision may_verify(const VolumeName& volume) const;
  Decision may_restore(const VolumeName& volume, const StreamRequest& request) const;
  // To see its files.
  Decision may_browse(const VolumeName& volume) const;
  // `store` is its own.
  Decision may_init(std::string_view store) const;
  // Never.
  Decision may_destroy(const VolumeName& volume) const;

  // Target. Whether anything is at `volume` is not asked here.
  Decision may_make(std::string_view volume) const;
  // `request` is what was asked of the store: one snapshot, whole.
  Decision may_make_of(std::string_view volume, const StreamRequest& request) const;

 private:
  std::string pass_set() const;
  Decision covers(std::string_view volume) const;
  Decision own_replica(const VolumeName& volume) const;
  Decision may_remove(const Settlement& settlement, const Point& point,
                      const VolumeState& volume) const;

  std::vector<wire::AgentRole> roles_;
  std::string set_;
  std::vector<VolumePattern> volumes_;
  std::string store_;
  std::string host_;
};

}  // namespace snapferry::agent
