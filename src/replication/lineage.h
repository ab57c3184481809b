#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "replication/match.h"
#include "replication/plan.h"

namespace snapferry::replication {

// How a volume and its replica hang together: where an incremental stream can begin, and which
// snapshots of the source are still to come.
struct Lineage {
  std::optional<Conflict> conflict;
  std::string cause;  // of the conflict, without subject and next step
  // The conflict ends where the replica is set aside and a full stream begins.
  bool anew_helps = false;

  bool raw = false;
  // What both have, as the source has it: a snapshot, or a bookmark of it. nullopt: nothing.
  std::optional<Point> base;
  // Snapshots of the source behind `base` that the store lacks, ascending, those of which the
  // policy wants in the store; without a base the first one is sent in full.
  std::vector<Point> targets;
  // Names left out because the store has other snapshots of these names.
  std::vector<std::string> names_taken;
  // How many snapshots of the set wait to be sent.
  std::size_t waiting = 0;
};

// ZFS adds a snapshot to the newest one of a replica only; every received subvolume of btrfs
// stands for itself, and its base may be any.
bool is_linear(VolumeType type);

Lineage trace(const Match& match, const Policy& policy);

// How it goes on: in the replica, or anew.
struct Course {
  Lineage lineage;
  // nullptr: there is none, or it is not carried on.
  const ReplicaState* replica = nullptr;
  // What stood in the way of `match.replica`; empty: it is carried on, or nothing is to be sent.
  std::string anew;
  bool asked_for = false;  // by policy.start_anew
};

// Begins anew where policy.start_anew says so, and without that where the next run would find the
// same and the one after it, for ever: a replica that was changed under the chain; a subvolume that
// has no snapshot in common with its replica, as after a rollback by other tools. Not where the
// store has a replica, set aside before, that the volume could go on in: two machines that back up
// under one name would set one another's aside until the disk is full. Nor where one of the set was
// set aside before: two stores that get one set in turn would do the same to one another, because
// nothing on btrfs tells what the source keeps for which of them.
Course choose_course(const Match& match, const Policy& policy);

// "@NAME", "#NAME".
std::string text_of(const Point& point);
bool has_guid(const std::vector<Point>& points, const Guid& guid);
// For many questions: a volume may have as many points as a listing can carry.
std::set<Guid> guids_of(const std::vector<Point>& points);

}  // namespace snapferry::replication
