#include "stores/repository_findings.h"

#include <utility>

namespace snapferry::stores {

StoreClaim claim_of(repository::ClaimInfo claim) {
  return {.id = claim.id,
          .is_readable = claim.is_readable,
          .is_prune = claim.is_prune,
          .host = std::move(claim.host),
          .pid = claim.pid,
          .started = claim.started,
          .refreshed = claim.refreshed,
          .counts = claim.counts,
          .from_the_future = claim.from_the_future,
          .state = std::move(claim.state)};
}

std::vector<DamagedObject> damaged_objects(std::vector<repository::Damage> damages) {
  std::vector<DamagedObject> objects;
  objects.reserve(damages.size());
  for (auto& damage : damages) {
    objects.push_back({std::move(damage.object), std::move(damage.message)});
  }
  return objects;
}

VerifyFindings findings_of(repository::VerifyReport report) {
  VerifyFindings findings{.snapshots = report.snapshots,
                          .packs = report.packs,
                          .objects = report.objects,
                          .bytes_read = report.bytes_read,
                          .damages = damaged_objects(std::move(report.damages)),
                          .remarks = damaged_objects(std::move(report.remarks)),
                          .affected = {}};
  findings.affected.reserve(report.affected.size());
  for (auto& path : report.affected) {
    findings.affected.push_back({path.snapshot, std::move(path.volume), std::move(path.path)});
  }
  return findings;
}

CollectFindings findings_of(repository::CollectReport report) {
  CollectFindings findings{.packs_before = report.packs_before,
                           .packs_removed = report.packs_removed,
                           .packs_rewritten = report.packs_rewritten,
                           .bytes_before = report.bytes_before,
                           .bytes_freed = report.bytes_freed,
                           .bytes_unused_left = report.bytes_unused_left,
                           .packs_deferred = report.packs_deferred,
                           .bytes_deferred = report.bytes_deferred,
                           .deferred_to = {},
                           .deferred_to_new_snapshots = report.deferred_to_new_snapshots,
                           .lacks_room = report.lacks_room,
                           .asides_removed = report.asides_removed,
                           .bytes_of_asides = report.bytes_of_asides,
                           .torn_manifests = std::move(report.torn_manifests),
                           .void_manifests = std::move(report.void_manifests),
                           .damages = damaged_objects(std::move(report.damages))};
  for (auto& claim : report.deferred_to) findings.deferred_to.push_back(claim_of(std::move(claim)));
  return findings;
}

}  // namespace snapferry::stores
