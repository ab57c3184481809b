#pragma once

#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

namespace snapferry::tree {

// The names in a directory of the target, letter by letter, as they were before anything was
// restored there: what is found under a name that is not among them is on a filesystem that takes
// the name for another one (upper and lower case, composed and decomposed letters), or came
// meanwhile. 16 bytes for each. Safe from several threads once made.
class ListedNames {
 public:
  explicit ListedNames(const std::vector<std::string>& names);

  // Throws Conflict for something that was found in the directory under a name that was not listed.
  void require(const std::string& name) const;

 private:
  std::unordered_set<std::uint64_t> hashes_;
};

}  // namespace snapferry::tree
