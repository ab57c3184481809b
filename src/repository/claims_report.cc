#include "repository/claims_report.h"

#include <optional>

#include "core/error.h"
#include "repository/end_claims.h"

namespace snapferry::repository {
namespace {

// What a listing knows of the storage's present: the time of a claim of its own, which is there for
// a moment. Where none can be written, ages stay unknown.
std::vector<OtherClaim> look_at_claims(const SessionContext& context) {
  std::optional<OwnClaim> own;
  try {
    own.emplace(context.storage, context.objects, context.cache, ClaimType::Prune, context.clock);
  } catch (const Error&) {
    return other_claims(context.objects, nullptr, context.sightings, context.clock.now());
  }
  auto others = other_claims(context.objects, &own->id(), context.sightings, context.clock.now());
  own->release();
  return others;
}

}  // namespace

ClaimInfo to_info(const OtherClaim& other) {
  ClaimInfo info;
  info.id = other.id;
  info.is_readable = other.claim.has_value();
  if (other.claim) {
    info.is_prune = other.claim->type == ClaimType::Prune;
    info.host = other.claim->process.host;
    info.pid = other.claim->process.pid;
    info.started = other.claim->started;
  }
  info.refreshed = {other.modified, 0};
  info.counts = !is_taken_for_dead(other.state);
  info.from_the_future = other.evidence.age && *other.evidence.age < 0;
  info.state = explain(other);
  return info;
}

std::vector<ClaimInfo> list_claims(const SessionContext& context) {
  std::vector<ClaimInfo> claims;
  for (const OtherClaim& other : look_at_claims(context)) claims.push_back(to_info(other));
  return claims;
}

ClaimInfo remove_claim(const SessionContext& context, const std::string& id,
                       const std::string& reason) {
  std::vector<OtherClaim> chosen = look_at_claims(context);
  std::erase_if(chosen, [&](const OtherClaim& other) { return !other.id.hex().starts_with(id); });
  if (chosen.empty()) {
    throw Error(ErrorKind::NotFound,
                "claim " + id + ": is not there; 'snapferry claims' lists those that are");
  }
  if (chosen.size() > 1) {
    throw Error(ErrorKind::Conflict, "claim " + id + ": several begin like that; give more of it");
  }
  end_claims(context.storage, context.objects, context.cache, chosen, reason, context.clock.now());
  return to_info(chosen.front());
}

}  // namespace snapferry::repository
