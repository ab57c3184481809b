#pragma once

#include <optional>
#include <string>
#include <vector>

#include "replication/match.h"
#include "replication/plan.h"

namespace snapferry::replication {

// How a volume and its replica hang together: where an incremental stream can begin, and which
// snapshots of the source are still to come.
struct Lineage {
  std::optional<Conflict> conflict;
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

// The same as if the replica were not there.
Lineage trace_anew(const Match& match, const Policy& policy);

// "@NAME", "#NAME".
std::string text_of(const Point& point);
bool has_guid(const std::vector<Point>& points, const Guid& guid);

}  // namespace snapferry::replication
