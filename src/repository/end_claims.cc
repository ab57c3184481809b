#include "repository/end_claims.h"

#include <algorithm>

#include "core/error.h"
#include "repository/snapshot_list.h"

namespace snapferry::repository {
namespace {

constexpr std::size_t kManyFinals = 8;

bool is_covered(const Ended& intent, const Endings& endings) {
  return std::ranges::all_of(
      intent.claims, [&](const Ended::Claim& claim) { return endings.have_ended(claim.id); });
}

// E4: an intent may go only once finals name all its claims.
void remove_covered_intents(SealedObjects& objects, ObjectCache* cache) {
  const auto all = read_ended(objects, cache);
  Endings endings;
  for (const EndedObject& object : all) endings.add(object.ended);
  for (const EndedObject& object : all) {
    if (object.ended.stage == EndingStage::Intent && is_covered(object.ended, endings)) {
      objects.remove(ObjectType::Ended, object.id);
    }
  }
}

}  // namespace

EndedClaims end_claims(blob::Storage& storage, SealedObjects& objects, ObjectCache* cache,
                       const std::vector<OtherClaim>& claims, const std::string& reason,
                       Timestamp now) {
  EndedClaims result;
  if (claims.empty()) return result;
  require_place(objects);  // finals that list none make void what is put back
  Ended ended;
  ended.time = now;
  ended.reason = reason;
  for (const OtherClaim& other : claims) ended.claims.push_back({other.id, {}});
  objects.put(ObjectType::Ended, random_id(), encode_ended(ended));  // E1
  storage.sync();

  const ManifestList list = list_manifests(objects, cache);  // E2
  for (std::size_t i = 0; i < claims.size(); ++i) {
    auto& manifests = ended.claims[i].manifests;
    for (const Manifest& manifest : list.manifests) {
      if (manifest.claim == claims[i].id) manifests.push_back(manifest.snapshot.id);
    }
    for (const UnreadableManifest& unreadable : list.unreadable) {
      const bool was_announced = claims[i].claim && claims[i].claim->manifest == unreadable.id;
      if (was_announced) {
        result.torn_manifests.push_back(unreadable.id);
      } else {
        manifests.push_back(unreadable.id);
      }
    }
  }
  ended.stage = EndingStage::Final;
  objects.put(ObjectType::Ended, random_id(), encode_ended(ended));  // E3
  storage.sync();

  for (const ObjectId& torn : result.torn_manifests) objects.remove(ObjectType::Snapshot, torn);
  for (const OtherClaim& other : claims) objects.remove(ObjectType::Claim, other.id);  // E4
  remove_covered_intents(objects, cache);
  storage.sync();
  return result;
}

void tidy_ended(blob::Storage& storage, SealedObjects& objects, ObjectCache* cache) {
  remove_covered_intents(objects, cache);
  std::vector<ObjectId> finals;
  Endings endings;
  for (const EndedObject& object : read_ended(objects, cache)) {
    if (object.ended.stage != EndingStage::Final) continue;
    finals.push_back(object.id);
    endings.add(object.ended);
  }
  if (finals.size() >= kManyFinals) {
    objects.put(ObjectType::Ended, random_id(), encode_ended(endings.merged_finals()));
    storage.sync();
    for (const ObjectId& id : finals) objects.remove(ObjectType::Ended, id);
  }
  for (const blob::ObjectInfo& info : objects.infos(ObjectType::Ended)) {
    // Torn: whoever wrote it had not gone on to E4, so the claim is still there.
    if (is_torn(info)) storage.remove(info.name);
  }
  storage.sync();
}

}  // namespace snapferry::repository
