#pragma once

#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "core/object_store.h"
#include "core/snapshot.h"
#include "repository/condemned.h"
#include "repository/repository.h"

namespace snapferry::repository {

// Which paths of which snapshots touch damaged content. Directories that were found whole, with
// all that is below them, are not looked at twice: of a chain of snapshots each tree is read once.
// Not safe from several threads; borrows the source.
class DamagedContent {
 public:
  explicit DamagedContent(ObjectSource& source) : source_(source) {}

  void add(const ObjectId& id) { damaged_.insert(id); }
  bool contains(const ObjectId& id) const { return damaged_.contains(id); }
  bool empty() const { return damaged_.empty(); }
  std::size_t size() const { return damaged_.size(); }

  // Appends what is affected in `snapshot`, in order of the walk.
  void find(const Snapshot& snapshot, std::vector<AffectedPath>& affected);

 private:
  struct Directory {
    ObjectId tree;
    std::string path;
    // Set when all below it was looked at: how much was affected before that.
    std::optional<std::size_t> affected_before = std::nullopt;
  };

  bool content_is_whole(const Content& content);
  void look_into(const Directory& directory, const Snapshot& snapshot,
                 std::vector<Directory>& stack, std::vector<AffectedPath>& affected);

  ObjectSource& source_;
  IdSet damaged_;
  IdSet whole_;  // trees without damage in all that is below them
};

}  // namespace snapferry::repository
