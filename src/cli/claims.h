#pragma once

#include <string>
#include <string_view>

#include "cli/json.h"
#include "stores/findings.h"

namespace snapferry::cli {

// "a backup on HOST, process 123": for sentences.
std::string claim_owner(const stores::StoreClaim& claim);

// A line of JSON with all that is known of the claim.
JsonObject claim_json(std::string_view type, const stores::StoreClaim& claim);

}  // namespace snapferry::cli
