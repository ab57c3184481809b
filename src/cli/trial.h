#pragma once

#include <string>
#include <vector>

#include "stores/endpoints.h"
#include "wire/messages.h"

namespace snapferry::cli {

// What a run would do with an end, done as far as it changes nothing, and what came of it: one
// finding, or more where something fails. Nothing is thrown.

// Lists what `pattern` covers, and looks whether a snapshot of each could be made.
std::vector<wire::Finding> try_source(stores::Endpoints& endpoints, Source& source,
                                      const std::string& pattern);
// Opens it and lists the replicas of `host`, or of all hosts if that is empty.
std::vector<wire::Finding> try_store(Store& store, const std::string& host);
// Looks whether `volume` could be made.
std::vector<wire::Finding> try_target(VolumeTarget& target, const std::string& volume);

}  // namespace snapferry::cli
