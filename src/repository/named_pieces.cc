#include "repository/named_pieces.h"

namespace snapferry::repository {

std::vector<PieceRecord> named_pieces(const IndexTable& table, const ObjectId& pack) {
  std::vector<PieceRecord> pieces;
  table.for_each([&](std::uint64_t, const IndexRecord& record) {
    if (table.pack(record.pack) != pack) return;
    pieces.push_back(
        {record.id, record.kind, record.offset, record.stored_length, record.plain_length});
  });
  return pieces;
}

}  // namespace snapferry::repository
