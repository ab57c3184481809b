#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "core/cancellation.h"
#include "core/progress.h"
#include "core/snapshot.h"
#include "repository/index_table.h"

namespace snapferry::repository {

// Calls `visit` with everything that a tree or list references; with nothing for data. Throws
// Corrupt.
void for_each_reference(ObjectKind kind, ByteView bytes,
                        const std::function<void(ObjectKind kind, const ObjectId& id)>& visit);

// Which pieces of an index table the snapshots reference: one bit for each. Every tree
// and list is read once, however many snapshots share it.
class Reachability {
 public:
  // Told about a piece that is referenced but cannot be found, or a tree or list that
  // cannot be read; if it returns, marking goes on without it.
  using Missing = std::function<void(ObjectKind kind, const ObjectId& id, const Error& error)>;

  // Borrows the source.
  Reachability(std::shared_ptr<const IndexTable> table, ObjectSource& source, Missing missing);

  // Throws Cancelled, and what `missing` throws.
  void mark(const Snapshot& snapshot, const Cancellation* cancellation = nullptr,
            Progress* progress = nullptr);

  // By the position of the first copy of a piece in the table.
  bool is_marked(std::uint64_t ordinal) const { return marked_[ordinal]; }

 private:
  struct Node {
    ObjectKind kind;
    ObjectId id;
  };

  // Marks the piece, and keeps a tree or list for expand() that is there and was not marked before.
  void visit(ObjectKind kind, const ObjectId& id);
  void expand(const Node& node);

  std::shared_ptr<const IndexTable> table_;
  ObjectSource& source_;
  Missing missing_;
  std::vector<bool> marked_;
  std::vector<Node> stack_;
};

}  // namespace snapferry::repository
