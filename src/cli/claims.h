#pragma once

#include <string>
#include <string_view>

#include "cli/json.h"
#include "repository/repository.h"

namespace snapferry::cli {

// "a backup on HOST, process 123": for sentences.
std::string claim_owner(const repository::ClaimInfo& claim);

// A line of JSON with all that is known of the claim.
JsonObject claim_json(std::string_view type, const repository::ClaimInfo& claim);

}  // namespace snapferry::cli
