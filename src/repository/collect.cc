#include "repository/collect.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "core/error.h"
#include "repository/aside.h"
#include "repository/claims_report.h"
#include "repository/collect_plan.h"
#include "repository/copy_chooser.h"
#include "repository/end_claims.h"
#include "repository/expected.h"
#include "repository/index_rewrite.h"
#include "repository/named_pieces.h"
#include "repository/pack_usage.h"
#include "repository/room_maker.h"
#include "repository/snapshot_list.h"
#include "repository/spare.h"

namespace snapferry::repository {
namespace {

// So much is written again before the packs that it came from are removed.
constexpr std::uint64_t kBatchBytes = 256u << 20;

// One run of collect, P1 to P9 of FORMAT.md as its methods.
class Collection {
 public:
  Collection(const SessionContext& context, ObjectReader& reader, const CollectOptions& options)
      : context_(context),
        reader_(reader),
        options_(options),
        room_(context.storage, context.objects) {}

  CollectReport dry_run() {
    condemned_ = read_condemned(context_.objects);
    look();
    decide();
    foresee();
    return report_;
  }

  CollectReport run() {
    if (!options_.as_if_forgotten.empty()) {
      throw Error(ErrorKind::Internal, "collect: only a dry run can leave snapshots out");
    }
    announce();
    const bool alone = end_the_dead();
    condemned_ = read_condemned(context_.objects);
    if (alone) adopt();
    look();
    decide();
    if (free_unneeded()) rewrite();
    tidy();
    claim_->release();
    keep_spare(context_.storage);
    return report_;
  }

 private:
  void begin(const char* phase) const {
    if (options_.progress != nullptr) options_.progress->begin(phase);
  }
  void check() {
    if (options_.cancellation != nullptr) options_.cancellation->check();
    if (claim_) claim_->refresh();
  }

  // P1.
  void announce() {
    room_.with_room([&] {
      claim_.emplace(context_.storage, context_.objects, context_.cache, ClaimType::Prune,
                     context_.clock);
    });
  }

  // Ends the claims that are taken for dead until a listing shows none. Whether no other is left;
  // those that are left are reported.
  bool end_the_dead() {
    for (;;) {
      std::vector<OtherClaim> others =
          other_claims(context_.objects, &claim_->id(), context_.sightings, context_.clock.now());
      report_.deferred_to.clear();
      for (const OtherClaim& other : others) {
        if (!is_taken_for_dead(other.state)) report_.deferred_to.push_back(to_info(other));
      }
      std::erase_if(others,
                    [](const OtherClaim& other) { return !is_taken_for_dead(other.state); });
      if (others.empty()) return report_.deferred_to.empty();
      room_.with_room([&] {
        const EndedClaims ended =
            end_claims(context_.storage, context_.objects, context_.cache, others,
                       "taken for dead by a prune", context_.clock.now());
        std::ranges::copy(ended.torn_manifests, std::back_inserter(report_.torn_manifests));
      });
    }
  }

  void refresh_index() {
    context_.index.refresh();
    room_.complete(context_.index);
  }

  // A pack that is not in the index was left by a process that died, or was named by an index
  // object that is lost. Torn ones are of no use to anyone.
  void adopt() {
    refresh_index();
    if (context_.index.uncovered_packs().empty()) return;
    begin("looking at packs that the index does not name");
    try {
      orphans_ = adopt_uncovered_packs(context_, condemned_.packs);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::NoSpace) throw;  // a later prune can
    }
  }

  // P2. Everything below decides on this one view of the repository. Manifests first: what they
  // need was in the index before them.
  void look() {
    begin("looking at what snapshots need");
    const ManifestList list = list_manifests(context_.objects, context_.cache);
    const SnapshotList sorted = sort_out(list, read_endings(context_.objects, context_.cache));
    manifests_ = list.listed;
    report_.void_manifests = sorted.voided;
    if (list.place_is_lost) {
      everything_is_needed_ = true;
      report_.damages.push_back(lost_place());
    }
    for (const UnreadableManifest& unreadable : list.unreadable) {
      if (unreadable.is_announced) continue;
      everything_is_needed_ = true;
      report_.damages.push_back(
          {object_name(ObjectType::Snapshot, unreadable.id), unreadable.message});
    }
    refresh_index();
    said_to_be_nowhere_ = context_.index.damage().nowhere();
    mark(sorted.snapshots);
    if (misses_pieces_) {  // packs can tell what the index does not
      context_.index.load_uncovered();
      mark(sorted.snapshots);
    }
    list_packs();
  }

  void mark(const std::vector<Snapshot>& snapshots) {
    misses_pieces_ = false;
    lost_.clear();
    bool loses_trees = false;
    table_ = context_.index.merged();
    chooser_ = std::make_unique<CopyChooser>(*table_, reader_, context_.index, condemned_.packs);
    reachability_ = std::make_unique<Reachability>(
        table_, reader_, [&](ObjectKind kind, const ObjectId& id, const Error& error) {
          misses_pieces_ = misses_pieces_ || error.kind() == ErrorKind::NotFound;
          // What a lost directory or list references is not known.
          loses_trees = loses_trees || kind != ObjectKind::Data;
          lost_.emplace(id, error.message());
        });
    const auto& forgotten = options_.as_if_forgotten;
    for (const Snapshot& snapshot : snapshots) {
      check();
      if (std::ranges::find(forgotten, snapshot.id) != forgotten.end()) continue;
      reachability_->mark(snapshot, options_.cancellation, options_.progress);
    }
    trees_are_lost_ = loses_trees;
  }

  void list_packs() {
    for (const blob::ObjectInfo& info : context_.storage.list(directory_of(ObjectType::Pack))) {
      const auto id = id_of_name(ObjectType::Pack, info.name);
      if (id && info.is_file) listed_.emplace(*id, info.size);
    }
  }

  void decide() {
    everything_is_needed_ = everything_is_needed_ || trees_are_lost_;
    usage_ = std::make_unique<PackUsage>(table_, *reachability_, condemned_.packs, listed_,
                                         everything_is_needed_, *chooser_);
    for (const ObjectId& id : usage_->lost()) {
      if (!everything_is_needed_) lost_.emplace(id, "every pack that has it is gone");
    }
    for (const auto& [id, message] : lost_) {
      report_.damages.push_back({id.hex(), "is needed, and is damaged or missing: " + message});
    }
    const auto decisions = plan_collect(usage_->uses(), options_.max_unused);
    for (std::size_t i = 0; i < decisions.size(); ++i) count(usage_->uses()[i], decisions[i]);
    add_packs_outside_the_index();
    find_lost_packs();
  }

  // What the index says of packs that are missing, or not as long as they were, counts for nothing.
  // It stays while something is lost, to tell what was where. A pack that comes back is adopted.
  void find_lost_packs() {
    if (!report_.damages.empty()) return;
    for (const LostPack& lost : context_.index.lost_packs()) lost_packs_.insert(lost.named.id);
    for (const PackUse& use : usage_->uses()) lost_packs_.erase(use.pack);
  }

  void count(const PackUse& use, PackDecision decision) {
    ++report_.packs_before;
    report_.bytes_before += use.used + use.unused;
    if (decision == PackDecision::Remove) {
      unneeded_.push_back(use);
    } else if (decision == PackDecision::Rewrite && !everything_is_needed_) {
      to_rewrite_.push_back(use);
    } else {
      report_.bytes_unused_left += use.unused;
    }
  }

  // Torn ones, and those that an earlier prune condemned and took out of the index.
  void add_packs_outside_the_index() {
    IdSet named;
    for (const PackUse& use : usage_->uses()) named.insert(use.pack);
    const auto add = [&](const ObjectId& pack, std::uint64_t size) {
      ++report_.packs_before;
      report_.bytes_before += size;
      unneeded_.push_back(
          {.pack = pack, .condemned = condemned_.packs.contains(pack), .unused = size});
    };
    for (const blob::ObjectInfo& orphan : orphans_) {
      add(*id_of_name(ObjectType::Pack, orphan.name), orphan.size);
    }
    if (!lost_.empty() || everything_is_needed_) return;  // one of them may have it
    for (const ObjectId& pack : condemned_.packs) {
      const auto found = listed_.find(pack);
      if (found != listed_.end() && !named.contains(pack)) add(pack, found->second);
    }
  }

  void foresee() {
    for (ClaimInfo& claim : list_claims(context_)) {
      if (claim.counts) report_.deferred_to.push_back(std::move(claim));
    }
    const bool waits = !report_.deferred_to.empty();
    for (const auto* packs : {&unneeded_, &to_rewrite_}) {
      if (waits) {
        defer(*packs);
      } else {
        for (const PackUse& use : *packs) report_freed(use);
      }
    }
    report_.packs_rewritten = waits ? 0 : to_rewrite_.size();
    if (!report_.damages.empty()) return;
    // A dry run writes nothing, and so cannot ask the storage for its time.
    for (const blob::ObjectInfo& info :
         old_asides(context_.storage, context_.clock.now().seconds)) {
      report_aside(info);
    }
  }

  void report_freed(const PackUse& use) {
    ++report_.packs_removed;
    report_.bytes_freed += use.unused;
  }

  bool free_unneeded() {
    if (remove(unneeded_)) return true;
    defer(unneeded_);
    defer(to_rewrite_);
    return false;
  }

  void defer(const std::vector<PackUse>& packs) {
    report_.packs_deferred += packs.size();
    for (const PackUse& use : packs) report_.bytes_deferred += use.unused;
  }

  // P4 to P8. False if others may still need the packs: a later prune removes them.
  bool remove(const std::vector<PackUse>& packs) {
    condemn(packs);
    if (!nobody_else()) return false;
    begin("removing packs");
    take_out_of_index(packs);
    for (const PackUse& use : packs) {
      context_.storage.remove(object_name(ObjectType::Pack, use.pack));
      report_freed(use);
    }
    context_.storage.sync();
    return true;
  }

  // P7. Where there is no room for it, it waits until there is: entries of packs that are gone
  // count for nothing.
  void take_out_of_index(const std::vector<PackUse>& packs) {
    for (const PackUse& use : packs) gone_.insert(use.pack);
    index_is_stale_ = index_is_stale_ || !packs.empty();
    if (!index_is_stale_) return;
    try {
      write_index();
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::NoSpace) throw;
    }
  }

  void write_index() {
    IdSet without = gone_;
    if (report_.deferred_to.empty()) without.insert(lost_packs_.begin(), lost_packs_.end());
    rewrite_index(context_.storage, context_.objects, without, damaged_index(), room_.taken());
    room_.forget_taken();
    index_is_stale_ = false;
  }

  // P4, for packs that no list has yet.
  void condemn(const std::vector<PackUse>& packs) {
    std::vector<ObjectId> fresh;
    for (const PackUse& use : packs) {
      if (!use.condemned) fresh.push_back(use.pack);
    }
    if (fresh.empty()) return;
    const ObjectId id = random_id();
    room_.with_room([&] {
      claim_->require();
      context_.objects.put(ObjectType::Condemned, id,
                           encode_condemned(context_.clock.now(), fresh));
      context_.storage.sync();
    });
    condemned_.lists.emplace(id, std::move(fresh));
  }

  // P5, P6.
  bool nobody_else() {
    check();
    const bool alone = end_the_dead();
    if (!claim_->is_intact()) claim_->require();
    const auto listed = context_.objects.list(ObjectType::Snapshot);
    report_.deferred_to_new_snapshots = !std::ranges::includes(manifests_, listed);
    return may_remove(alone ? 0 : report_.deferred_to.size(), true, manifests_, listed);
  }

  // P3, part by part, as far as there is room.
  void rewrite() {
    if (to_rewrite_.empty()) return;
    begin("rewriting packs");
    if (options_.progress != nullptr) options_.progress->files_total = to_rewrite_.size();
    for (const auto& batch : plan_batches(to_rewrite_, kBatchBytes)) rewrite_batch(batch);
  }

  void rewrite_batch(const std::vector<PackUse>& batch) {
    if (stopped_) return defer(batch);
    if (report_.lacks_room) return leave(batch);
    std::vector<PackUse> copied;
    try {
      copied = copy(batch);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::NoSpace) throw;
      if (batch.size() > 1) {
        for (const PackUse& use : batch) rewrite_batch({use});
      } else {
        report_.lacks_room = true;
        leave(batch);
      }
      return;
    }
    if (!remove(copied)) {
      stopped_ = true;
      return defer(copied);
    }
    report_.packs_rewritten += copied.size();
    if (options_.progress != nullptr) options_.progress->files += batch.size();
  }

  void leave(const std::vector<PackUse>& packs) {
    for (const PackUse& use : packs) report_.bytes_unused_left += use.unused;
  }

  // Stores what is needed of the packs again, and returns those of which that was possible.
  std::vector<PackUse> copy(const std::vector<PackUse>& batch) {
    std::vector<PackUse> copied;
    ContentWriter writer(context_, *claim_, {});
    try {
      for (const PackUse& use : batch) {
        check();
        if (copy_pack(writer, use)) copied.push_back(use);
      }
      writer.flush();
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::NoSpace) writer.remove_unindexed();
      throw;
    }
    return copied;
  }

  // False if not all that is needed of it can be read: it stays.
  bool copy_pack(ContentWriter& writer, const PackUse& use) {
    try {
      for (const PieceRecord& piece : needed_pieces(use.pack)) {
        writer.copy(piece, reader_.read_coded(use.pack, piece));
      }
      return true;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Corrupt && error.kind() != ErrorKind::NotFound) throw;
      report_.damages.push_back({object_name(ObjectType::Pack, use.pack), error.message()});
      leave({use});
      return false;
    }
  }

  std::vector<PieceRecord> needed_pieces(const ObjectId& pack) {
    PieceOpener opener(context_.master, context_.sealing);
    std::vector<PieceRecord> pieces;
    bool is_told_by_pack = true;
    try {
      pieces = read_toc(context_.storage, opener, pack).pieces;
    } catch (const Error& error) {
      // The index may not know of what is lost that it is in this pack.
      if (error.kind() != ErrorKind::Corrupt || !lost_.empty()) throw;
      pieces = named_pieces(*table_, pack);
      is_told_by_pack = false;
    }
    std::erase_if(pieces, [&](const auto& piece) { return !usage_->is_needed(piece, pack); });
    if (!is_told_by_pack) require_intact(pack, pieces);
    return pieces;
  }

  // Nothing is taken for there because the index says so.
  void require_intact(const ObjectId& pack, const std::vector<PieceRecord>& pieces) {
    for (const PieceRecord& piece : pieces) {
      check();
      if (reader_.is_intact(pack, piece)) continue;
      throw Error(ErrorKind::Corrupt, "has a damaged table of contents, and " + piece.id.hex() +
                                          " in it is needed and damaged, too; snapferry repair "
                                          "saves the rest");
    }
  }

  // P9, and what else is of no use to anyone. What there is no room for, a later prune does.
  void tidy() {
    try {
      const bool names_lost = report_.deferred_to.empty() && !lost_packs_.empty();
      const bool is_stale =
          index_is_stale_ || names_lost || !room_.taken().empty() || !damaged_index().empty();
      if (is_stale) write_index();
      remove_condemned_lists();
      remove_void_manifests();
      remove_old_asides();
      tidy_ended(context_.storage, context_.objects, context_.cache);
      tidy_expected(context_.storage, context_.objects);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::NoSpace) throw;
      report_.lacks_room = true;
    }
    context_.index.refresh();
    // What was recorded of packs that are gone, and what is there again or needed no more.
    if (!report_.damages.empty()) said_to_be_nowhere_.clear();
    context_.index.damage().forget(context_.index.packs(), {.nowhere = said_to_be_nowhere_});
  }

  // What repair set aside might still be of use while something is lost.
  void remove_old_asides() {
    if (!report_.damages.empty()) return;
    for (const blob::ObjectInfo& info : old_asides(context_.storage, claim_->seen().seconds)) {
      context_.storage.remove(info.name);
      report_aside(info);
    }
  }

  void report_aside(const blob::ObjectInfo& info) {
    ++report_.asides_removed;
    report_.bytes_of_asides += info.size;
  }

  // Damaged index objects go once their packs are in the index by other means.
  std::vector<ObjectId> damaged_index() const {
    return report_.deferred_to.empty() ? context_.index.damaged_objects() : std::vector<ObjectId>();
  }

  // P9: lists of which no pack is left, and torn ones.
  void remove_condemned_lists() {
    for (const auto& [list, packs] : condemned_.lists) {
      const bool is_done = std::ranges::all_of(packs, [&](const ObjectId& pack) {
        return gone_.contains(pack) || !listed_.contains(pack);
      });
      if (is_done) context_.objects.remove(ObjectType::Condemned, list);
    }
    for (const ObjectId& list : condemned_.damaged) {
      context_.objects.remove(ObjectType::Condemned, list);
    }
    context_.storage.sync();
  }

  void remove_void_manifests() {
    for (const ObjectId& id : report_.void_manifests) {
      context_.objects.remove(ObjectType::Snapshot, id);
    }
    context_.storage.sync();
  }

  const SessionContext& context_;
  ObjectReader& reader_;
  const CollectOptions& options_;
  RoomMaker room_;
  std::optional<OwnClaim> claim_;
  CollectReport report_;
  CondemnedLists condemned_;
  std::vector<blob::ObjectInfo> orphans_;

  // What look() saw.
  std::vector<ObjectId> manifests_;
  PackUsage::Sizes listed_;
  std::shared_ptr<const IndexTable> table_;
  std::unique_ptr<CopyChooser> chooser_;
  std::unique_ptr<Reachability> reachability_;
  std::set<ObjectId> said_to_be_nowhere_;
  std::map<ObjectId, std::string> lost_;
  bool misses_pieces_ = false;
  bool trees_are_lost_ = false;
  bool everything_is_needed_ = false;

  std::unique_ptr<PackUsage> usage_;
  std::vector<PackUse> unneeded_;
  std::vector<PackUse> to_rewrite_;
  IdSet gone_;
  IdSet lost_packs_;  // that the index names and the storage does not list as it says
  bool index_is_stale_ = false;
  bool stopped_ = false;
};

}  // namespace

CollectReport collect(const SessionContext& context, ObjectReader& reader,
                      const CollectOptions& options) {
  Collection collection(context, reader, options);
  return options.dry_run ? collection.dry_run() : collection.run();
}

}  // namespace snapferry::repository
