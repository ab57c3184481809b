#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "repository/collect_plan.h"
#include "repository/condemned.h"
#include "repository/copy_chooser.h"
#include "repository/index_table.h"
#include "repository/reachability.h"

namespace snapferry::repository {

// Which copies of which pieces are needed, and so which packs: what one look at the repository
// showed. Reads the table, and of pieces with several copies one that can be kept.
class PackUsage {
 public:
  using Sizes = std::unordered_map<ObjectId, std::uint64_t, ObjectIdHash>;

  // `listed` has the packs of the storage. With `everything`, pieces are needed also if nothing
  // that could be read references them.
  PackUsage(std::shared_ptr<const IndexTable> table, const Reachability& reachability,
            const IdSet& condemned, const Sizes& listed, bool everything, CopyChooser& chooser);

  // One for each pack that the table names and the storage lists.
  const std::vector<PackUse>& uses() const { return uses_; }

  // Whether this copy of the piece is the one that is needed.
  bool is_needed(const PieceRecord& piece, const ObjectId& pack) const;

  // Pieces that are needed and in no pack that is listed.
  const std::vector<ObjectId>& lost() const { return lost_; }

 private:
  // The copy that is kept, of those in packs that are there; nullopt if none is.
  std::optional<std::size_t> choose(const std::vector<IndexRecord>& copies) const;
  void count();
  void count_copies(const std::vector<IndexRecord>& copies, bool needed);

  std::shared_ptr<const IndexTable> table_;
  const Reachability& reachability_;
  const IdSet& condemned_;
  const Sizes& listed_;
  const bool everything_;
  CopyChooser& chooser_;
  std::vector<PackUse> by_ordinal_;
  std::vector<bool> needs_damaged_;  // by ordinal: a recorded copy is the one that is needed
  std::vector<PackUse> uses_;
  std::vector<ObjectId> lost_;
};

}  // namespace snapferry::repository
