#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/snapshot_view.h"

namespace snapferry::agent {

// What follows a part of a directory in a walk of a view that goes deep before it goes on: the rest
// of the directory, what is below it, and what comes behind it up to the root.
class ListWalk {
 public:
  // Takes a part, and returns how many bytes it is counted as.
  using Visit = std::function<std::size_t(const std::string& directory, std::uint32_t first,
                                          const DirectoryPart& part)>;

  // Borrows the view. Ends once the parts together count `limit` bytes.
  ListWalk(SnapshotView& view, std::size_t limit, Visit visit)
      : view_(view), left_(limit), visit_(std::move(visit)) {}

  // `part` begins at `first` and was visited already. Throws as the view and the visitor do.
  void go_on_from(const std::string& directory, std::uint32_t first, const DirectoryPart& part);

 private:
  bool has_more() const { return left_ > 0; }
  void count(std::size_t bytes) { left_ -= std::min(left_, bytes); }
  void visit_below(const std::string& directory, std::vector<std::string> names);
  void visit_rest(const std::string& directory, std::uint32_t first, std::uint32_t total,
                  std::vector<std::string>& names);
  void visit_behind(std::string_view directory);

  SnapshotView& view_;
  std::size_t left_;
  const Visit visit_;
};

}  // namespace snapferry::agent
