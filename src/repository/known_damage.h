#pragma once

#include <vector>

#include "repository/damaged_content.h"
#include "repository/object_reader.h"
#include "repository/session.h"

namespace snapferry::repository {

// What of a snapshot is known to be damaged or lost, by the records of damage (FORMAT.md,
// "Damage"). A record is no proof: what it names is lost if no copy of it counts and none can be
// read. Reads nothing but one listing while there is no record; otherwise what the records name,
// and the trees of the snapshots that are asked about. Not safe from several threads; borrows
// everything.
class KnownDamage {
 public:
  // Reads the records, and looks at what they name. Throws what reading throws but Corrupt and
  // NotFound. `trees` may be a cache: damaged trees are found by their ids.
  KnownDamage(const SessionContext& context, ObjectSource& trees);

  // What of the snapshot cannot be given back, in order of the walk; empty where nothing is known
  // against it.
  std::vector<AffectedPath> in(const Snapshot& snapshot);

 private:
  void look_at(const DamagedPack& recorded);
  bool is_lost(ObjectKind kind, const ObjectId& id);

  const SessionContext& context_;
  ObjectReader reader_;  // without the cache: what is stored counts
  DamagedContent lost_;
};

}  // namespace snapferry::repository
