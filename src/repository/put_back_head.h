#pragma once

#include <string_view>
#include <vector>

#include "blob/storage.h"
#include "repository/key_ring.h"
#include "repository/repository.h"

namespace snapferry::repository {

// The end of a message about a repository that does not open any more.
inline constexpr std::string_view kHowToPutBack =
    "; without it nothing opens the repository: put it back from a copy of it, with 'snapferry "
    "repair --from COPY'";

// A repository that opened.
struct HeadSource {
  blob::Storage& storage;
  const OpenedKey& key;
  Sealing sealing;
};

// Repository::put_back_head: FORMAT.md, "Putting back what opens a repository".
std::vector<Damage> put_back_head(blob::Storage& here, const HeadSource& copy, bool dry_run);

}  // namespace snapferry::repository
