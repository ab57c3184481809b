#pragma once

#include <string>

namespace snapferry::btrfs {

// Throws InvalidArgument where `directory`, an absolute path, is a store or within one, this one or
// another: what would be made there would pass for a host or a copy. `subject` is what was to be
// made. Sees no further than the process may.
void refuse_within_store(const std::string& directory, const std::string& subject);

}  // namespace snapferry::btrfs
