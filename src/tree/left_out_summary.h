#pragma once

#include <cstdint>
#include <iterator>
#include <map>
#include <set>
#include <string>

#include "core/left_out.h"

namespace snapferry::tree {

// What one backup left out, by reason: how many names, and the first of their paths. One thread at
// a time; memory does not grow with what is left out.
class LeftOutSummary {
 public:
  struct Group {
    std::uint64_t count = 0;
    // Relative to the volume; at most kNamed, the first in order of their bytes. What patterns
    // exclude is counted alone.
    std::set<std::string> paths;
  };
  static constexpr std::size_t kNamed = 10;

  void add(LeftOut reason, const std::string& path) {
    Group& group = groups_[reason];
    ++group.count;
    name(group, path);
  }
  void count(LeftOut reason) { ++groups_[reason].count; }
  void add(const LeftOutSummary& other) {
    for (const auto& [reason, more] : other.groups_) {
      Group& group = groups_[reason];
      group.count += more.count;
      for (const std::string& path : more.paths) name(group, path);
    }
  }

  const std::map<LeftOut, Group>& groups() const { return groups_; }

 private:
  static void name(Group& group, const std::string& path) {
    group.paths.insert(path);
    if (group.paths.size() > kNamed) group.paths.erase(std::prev(group.paths.end()));
  }

  std::map<LeftOut, Group> groups_;
};

}  // namespace snapferry::tree
