#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/store.h"
#include "core/volume.h"

// What a run does, as a pure function of one listing of the source and one of the store:
//
//   plan_freeze    which volumes need a new snapshot, and which are as the store has them
//   plan_transfer  after the freeze: the streams, and what the source may then let go of
//
// Snapshots are the same where their guids are, whatever their names. Nothing on the store is
// ever destroyed, nothing on the source but snapshots of the run's own set and bookmarks of its
// own cursor. Where that cannot bring the newest snapshot into the store, the plan names a
// conflict.
namespace snapferry::replication {

// Which snapshots of others (of other tools, and of other sets) come along. One rule for the first
// backup of a volume and for all that follow.
enum class History : std::uint8_t {
  All,         // every one that the volume has, oldest first
  SinceFirst,  // those that were taken after the first backup, as simplesnap does it
  Own,         // none
};

enum class RawPolicy : std::uint8_t {
  AsReplica,  // a new replica of an encrypted volume is raw; one that there is goes on as it began
  Raw,        // an encrypted volume is sent raw, or is a conflict
  Decrypt,    // likewise decrypted
};

struct Policy {
  std::string set;
  std::string host;
  std::string cursor;  // cursor_tag() of set and store
  History history = History::All;
  // Take no snapshot, and change nothing on the source: what is there is sent, as it is.
  bool take_nothing = false;
  RawPolicy raw = RawPolicy::AsReplica;
  // Where a replica cannot be carried on, sets it aside and begins anew with a full stream. Without
  // that it is done where nobody can be asked and nothing else ever helps (choose_course()).
  bool start_anew = false;
  // Replicas that the store refused to go on with, and why.
  std::map<VolumeName, std::string> refused;
  StreamFeatures source;
  StreamFeatures store;
  // Names that are known to be of no other volume of the source, though its listing did not have
  // to cover them: what they meant is gone, or is listed by another path. Replicas of theirs may be
  // followed.
  std::set<std::string> absent;
  // Those of them that are another path to a volume of the listing, which goes on in their replica.
  std::set<std::string> other_paths;
  // Resume tokens that were tried and got nowhere.
  std::set<std::string> stale_tokens;
  // Volumes of which some snapshot can be sent no more, or does not fit into the store: of them the
  // newest snapshot of the set goes alone.
  std::set<std::string> newest_alone;
  // So many snapshots of the set may wait to be sent before no more are taken.
  std::size_t max_waiting = 50;
};

enum class ConflictKind : std::uint8_t {
  Diverged,                  // the store's newest snapshot is not on the source
  NoCommonSnapshot,          // the store has snapshots of the volume, none of them is there
  BaseOnlyInForeignReplica,  // they are in the replica of another volume, which cannot be followed
  NameTaken,                 // the store has another snapshot of the same name
  RawMismatch,               // raw and non-raw streams never follow one another
  ReplicaChanged,            // somebody changed the replica, and it is not what the plan thinks
  KeyNotLoaded,              // an encrypted volume that is to be sent decrypted
  SourceChanged,             // it is the copy of another store, and not what was backed up
};
std::string_view to_string(ConflictKind kind);

// `message` is one line: subject, cause, next step.
struct Conflict {
  ConflictKind kind = ConflictKind::Diverged;
  std::string message;
  bool operator==(const Conflict&) const = default;
};

enum class FreezeAction : std::uint8_t {
  Freeze,        // a new snapshot is needed
  SendExisting,  // the newest snapshot has everything, and the store lacks it
  Unchanged,     // the store has everything
  Skip,          // excluded by a property
  Conflict,      // a new snapshot could not be sent
};

struct FreezeDecision {
  std::string volume;
  FreezeAction action = FreezeAction::Freeze;
  std::string reason;
  // Nothing was written since the newest snapshot, and the source knows that.
  bool nothing_written = false;
  // Of Freeze, where another set has a snapshot of this very state: the time in the name of that
  // one, in seconds since 1970, which the new one gets into its own. By that the other set knows
  // that nothing was written between the two, and needs no further one.
  std::optional<std::int64_t> same_as_of = {};
};

std::vector<FreezeDecision> plan_freeze(const std::vector<VolumeState>& source,
                                        const std::vector<ReplicaState>& store,
                                        const Policy& policy);

// The names of replicas that have snapshots of a volume without a replica of its own, and that
// neither `source` nor policy.absent tell about: whether the source still has such a volume is
// worth asking before the plan.
std::vector<std::string> rename_candidates(const std::vector<VolumeState>& source,
                                           const std::vector<ReplicaState>& store,
                                           const Policy& policy);

struct ResumeStep {
  Partial partial;
  StreamRequest stream;
};
struct AbortStep {
  VolumeName replica;
};
struct SetAsideStep {
  VolumeName replica;
};
struct SendStep {
  StreamRequest stream;
};
struct Step {
  std::variant<ResumeStep, AbortStep, SetAsideStep, SendStep> what;
  std::string reason;
};

enum class Verdict : std::uint8_t { Transfer, UpToDate, Skip, Conflict };

struct VolumePlan {
  std::string volume;
  VolumeName replica;  // of another name than `volume` where that was renamed on the source
  VolumeType type = VolumeType::Filesystem;
  Verdict verdict = Verdict::UpToDate;
  std::string reason;
  std::optional<Conflict> conflict;
  std::vector<Step> steps;  // in order; none unless Transfer
  // The volume is encrypted, and its replica is received decrypted.
  bool decrypted = false;
  // Why the replica was set aside though nobody asked for that; empty: it was not.
  std::string set_aside;
  // A resumed stream ends with one snapshot: when it is in, plan again.
  bool plan_again = false;
  // The newest snapshot that the store has when the steps are done.
  std::optional<Point> newest;
  // What the source is then asked to do; also heals what a run left that did not come so far.
  std::optional<Settlement> settlement;

  bool followed() const { return replica.path != volume; }
};

// One for each volume of `source`, in its order.
std::vector<VolumePlan> plan_transfer(const std::vector<VolumeState>& source,
                                      const std::vector<ReplicaState>& store, const Policy& policy);

}  // namespace snapferry::replication
