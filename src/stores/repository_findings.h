#pragma once

#include <vector>

#include "repository/repository.h"
#include "stores/findings.h"

// What a repository finds, as every store says it.
namespace snapferry::stores {

StoreClaim claim_of(repository::ClaimInfo claim);
std::vector<DamagedObject> damaged_objects(std::vector<repository::Damage> damages);
VerifyFindings findings_of(repository::VerifyReport report);
CollectFindings findings_of(repository::CollectReport report);

}  // namespace snapferry::stores
