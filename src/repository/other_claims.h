#pragma once

#include <optional>
#include <string>
#include <vector>

#include "repository/claim.h"
#include "repository/claim_sightings.h"

namespace snapferry::repository {

enum class ClaimState {
  Running,   // its process is there
  Unknown,   // nothing tells whether it still runs
  Gone,      // its process is not there any more
  Rebooted,  // it was on this machine before the last boot
  Torn,      // a loss of power left nothing of it
  Expired,   // unknown, and not refreshed for a day
};

// Whether a prune takes a claim in that state for dead. Never a matter of safety: FORMAT.md, E.
bool is_taken_for_dead(ClaimState state);

// What is known about the claim of another.
struct ClaimEvidence {
  platform::Presence presence = platform::Presence::Unknown;
  bool is_torn = false;  // shorter than any sealed object
  // Seconds since it was last written, by the storage's clock; negative: it is dated in the
  // future; nullopt: the storage has no clock.
  std::optional<std::int64_t> age = {};
  // For how many seconds this machine has seen it unchanged.
  std::int64_t unchanged = 0;
  // For how many seconds this machine has been up.
  std::int64_t uptime = 0;
};

// Pure: FORMAT.md, "When a claim is taken for dead".
ClaimState judge(const ClaimEvidence& evidence);

// The claim of another process.
struct OtherClaim {
  ObjectId id;
  std::optional<Claim> claim;  // nullopt: torn or damaged
  std::int64_t modified = 0;   // when it was last written, by the storage's clock; 0: it has none
  ClaimEvidence evidence;
  ClaimState state = ClaimState::Unknown;
};

// All claims but `own`, which must have been written a moment ago: its time in the storage is the
// measure for the others. Without `own` the ages are unknown.
std::vector<OtherClaim> other_claims(const SealedObjects& objects, const ObjectId* own,
                                     ClaimSightings& sightings, Timestamp now);

// Why it counts as it does: "its process is gone".
std::string explain(const OtherClaim& other);

}  // namespace snapferry::repository
