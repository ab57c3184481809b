#pragma once

#include <string>
#include <vector>

#include "simplesnap/pull.h"

namespace snapferry::simplesnap {

// --reaponly: destroys the superseded snapshots of the set in the store. Returns how many datasets
// failed.
std::size_t reap_only(const ClientOptions& options, ClientContext& context);

// --check: whether the newest snapshot of the set of every dataset in the store is newer than the
// time. Returns a line for each that is not, those that never arrived among them.
std::vector<std::string> check(const ClientOptions& options, ClientContext& context);

}  // namespace snapferry::simplesnap
