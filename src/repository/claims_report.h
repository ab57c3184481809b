#pragma once

#include <string>
#include <vector>

#include "repository/other_claims.h"
#include "repository/session.h"

namespace snapferry::repository {

// What people are told of the claim of another.
ClaimInfo to_info(const OtherClaim& other);

// Repository::claims and remove_claim.
std::vector<ClaimInfo> list_claims(const SessionContext& context);
ClaimInfo remove_claim(const SessionContext& context, const std::string& id,
                       const std::string& reason);

}  // namespace snapferry::repository
