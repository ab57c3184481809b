#include "repository/other_claims.h"

#include "core/error.h"

namespace snapferry::repository {
namespace {

using platform::Presence;

constexpr std::int64_t kExpirySeconds = 24 * 3600;

Presence presence_of(const ObjectId& id, const Claim& claim,
                     const platform::ProcessIdentity& self) {
  const platform::ProcessIdentity& process = claim.process;
  const bool is_this_process =
      !self.boot_id.empty() && process.boot_id == self.boot_id && self.pid_namespace != 0 &&
      process.pid_namespace == self.pid_namespace && process.pid == self.pid;
  if (is_this_process) return is_held_here(id) ? Presence::Running : Presence::Gone;
  return platform::look_for(process, self);
}

std::string hours(std::int64_t seconds) { return std::to_string(seconds / 3600) + " hours"; }

}  // namespace

bool is_taken_for_dead(ClaimState state) {
  return state != ClaimState::Running && state != ClaimState::Unknown;
}

ClaimState judge(const ClaimEvidence& evidence) {
  if (evidence.is_torn) return ClaimState::Torn;
  switch (evidence.presence) {
    case Presence::Running:
      return ClaimState::Running;
    case Presence::Gone:
      return ClaimState::Gone;
    case Presence::Rebooted:
    case Presence::Unknown:
      break;
  }
  const bool age_is_known = evidence.age && *evidence.age >= 0;
  // A clone of this machine has the same id, and another boot.
  if (evidence.presence == Presence::Rebooted && age_is_known && *evidence.age > evidence.uptime) {
    return ClaimState::Rebooted;
  }
  const std::int64_t age = age_is_known ? *evidence.age : evidence.unchanged;
  return age >= kExpirySeconds ? ClaimState::Expired : ClaimState::Unknown;
}

std::vector<OtherClaim> other_claims(const SealedObjects& objects, const ObjectId* own,
                                     ClaimSightings& sightings, Timestamp now) {
  const platform::ProcessIdentity self = claiming_process();
  const auto infos = objects.infos(ObjectType::Claim);
  std::int64_t storage_now = 0;
  for (const blob::ObjectInfo& info : infos) {
    if (own != nullptr && id_of_name(ObjectType::Claim, info.name) == *own) {
      storage_now = info.modified;
    }
  }
  std::vector<OtherClaim> others;
  for (const blob::ObjectInfo& info : infos) {
    OtherClaim other;
    other.id = *id_of_name(ObjectType::Claim, info.name);
    if (own != nullptr && other.id == *own) continue;
    other.modified = info.modified;
    other.evidence.is_torn = is_torn(info);
    other.evidence.uptime = platform::seconds_since_boot();
    if (storage_now != 0 && info.modified != 0) {
      other.evidence.age = storage_now - info.modified;
    }
    try {
      other.claim = decode_claim(objects.get(ObjectType::Claim, other.id), info.name);
      other.evidence.presence = presence_of(other.id, *other.claim, self);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::NotFound) continue;  // it ended meanwhile
      if (error.kind() != ErrorKind::Corrupt) throw;
    }
    const std::int64_t written = other.claim ? other.claim->refreshed.seconds : 0;
    other.evidence.unchanged =
        sightings.unchanged_for(other.id, {info.modified, written}, now.seconds);
    other.state = judge(other.evidence);
    others.push_back(std::move(other));
  }
  sightings.keep_only_seen();
  return others;
}

std::string explain(const OtherClaim& other) {
  switch (other.state) {
    case ClaimState::Running:
      return "its process runs";
    case ClaimState::Gone:
      return "its process is gone";
    case ClaimState::Rebooted:
      return "this machine was started again since";
    case ClaimState::Torn:
      return "a loss of power left nothing of it";
    case ClaimState::Expired:
      return "it was not refreshed for a day";
    case ClaimState::Unknown:
      break;
  }
  const std::string what = other.claim ? "it may run elsewhere" : "it is damaged";
  if (other.evidence.age && *other.evidence.age >= 0) {
    return what + "; refreshed " + hours(*other.evidence.age) + " ago";
  }
  const std::string why = other.evidence.age ? "it is dated in the future" : "its age is not known";
  return what + "; " + why + ", seen unchanged for " + hours(other.evidence.unchanged);
}

}  // namespace snapferry::repository
