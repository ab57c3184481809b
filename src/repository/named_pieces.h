#pragma once

#include <vector>

#include "repository/index_table.h"
#include "repository/pack.h"

namespace snapferry::repository {

// The pieces that `table` says are in `pack`: what is known of a pack that cannot say it itself any
// more. They are where it says only if reading them proves it. Reads the whole table.
std::vector<PieceRecord> named_pieces(const IndexTable& table, const ObjectId& pack);

}  // namespace snapferry::repository
