#pragma once

#include <map>
#include <string>
#include <vector>

#include "repository/object_reader.h"
#include "repository/session.h"

namespace snapferry::repository {

// A pack that does not hold what it should.
struct BrokenPack {
  ObjectId pack;
  std::string message;               // the first thing that was wrong
  std::vector<PieceRecord> intact;   // what can be read
  std::vector<PieceRecord> damaged;  // and what cannot
};

// What repair decides by: every pack was read, whatever the index or damage records say of it.
struct RepairSurvey {
  std::vector<BrokenPack> broken;  // packs that are listed
  std::vector<NamedPack> missing;  // packs that an index object names
  std::vector<ObjectId> index_objects;
  std::vector<Damage> damaged_index_objects;
  std::vector<ObjectId> whole;  // packs of which every piece is what its id says
  bool index_differs = false;   // from the tables of contents of whole packs that it names
  bool any_unnamed = false;     // whole packs that no index object names: perhaps of one that runs
  std::uint64_t bytes_read = 0;

  bool index_is_wrong() const {
    return index_differs || !damaged_index_objects.empty() || !missing.empty();
  }
};

// Changes nothing but the damage log. Memory: what is broken, and 32 bytes for each pack.
RepairSurvey survey_for_repair(const SessionContext& context, const Cancellation* cancellation,
                               Progress* progress);

}  // namespace snapferry::repository
