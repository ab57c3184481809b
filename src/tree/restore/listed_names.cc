#include "tree/restore/listed_names.h"

#include <functional>

#include "core/error.h"
#include "tree/restore/placement.h"

namespace snapferry::tree {
namespace {

std::uint64_t hash_of(const std::string& name) { return std::hash<std::string>()(name); }

}  // namespace

ListedNames::ListedNames(const std::vector<std::string>& names) {
  hashes_.reserve(names.size());
  for (const std::string& name : names) hashes_.insert(hash_of(name));
}

void ListedNames::require(const std::string& name) const {
  if (!hashes_.contains(hash_of(name))) throw name_is_taken(name);
}

}  // namespace snapferry::tree
