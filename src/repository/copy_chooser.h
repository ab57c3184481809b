#pragma once

#include <unordered_map>
#include <vector>

#include "repository/condemned.h"
#include "repository/index_table.h"
#include "repository/object_reader.h"

namespace snapferry::repository {

// Which of several copies of a needed piece stays when the others may go. Neither the index nor a
// damage record decides that: a copy is chosen over another only after it was read and is what its
// id says. Copies in packs that are not condemned come first, then those that nobody recorded as
// damaged. Where none can be read it is the first in that order.
//
// Borrows everything. Not safe from several threads.
class CopyChooser {
 public:
  CopyChooser(const IndexTable& table, ObjectReader& reader, ObjectIndex& index,
              const IdSet& condemned)
      : table_(table), reader_(reader), index_(index), condemned_(condemned) {}

  // The position in `copies`, which are all of one piece and not empty. Reads if there are two or
  // more; the same each time.
  std::size_t choose(const std::vector<IndexRecord>& copies);

  // Whether somebody recorded the copy as damaged; that is no proof.
  bool is_recorded(const IndexRecord& copy) const;
  // The same of all that is in a pack.
  bool is_recorded(const ObjectId& pack) const;

 private:
  int rank(const IndexRecord& copy) const;

  const IndexTable& table_;
  ObjectReader& reader_;
  ObjectIndex& index_;
  const IdSet& condemned_;
  std::unordered_map<ObjectId, std::size_t, ObjectIdHash> chosen_;  // ids differ between kinds
};

}  // namespace snapferry::repository
