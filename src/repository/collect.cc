#include "repository/collect.h"

#include <algorithm>

#include "core/error.h"
#include "repository/collect_plan.h"
#include "repository/reachability.h"
#include "repository/snapshot_list.h"

namespace snapferry::repository {
namespace {

// One run of collect, P1 to P9 of FORMAT.md as its methods.
class Collection {
 public:
  Collection(const SessionContext& context, ObjectReader& reader, const CollectOptions& options)
      : context_(context), reader_(reader), options_(options) {}

  CollectReport dry_run() {
    condemned_ = read_condemned(context_.objects);
    look();
    decide();
    return report_;
  }

  CollectReport run() {
    if (!options_.as_if_forgotten.empty()) {
      throw Error(ErrorKind::Internal, "collect: only a dry run can leave snapshots out");
    }
    OwnClaim claim(context_.storage, context_.objects, ClaimType::Prune, context_.clock);  // P1
    condemned_ = read_condemned(context_.objects);
    recover(claim);
    look();  // P2
    decide();
    rewrite();                 // P3
    condemn();                 // P4
    if (nobody_else(claim)) {  // P5, P6
      finish();                // P7 to P9
    } else {
      report_.packs_deferred = going_.size();
    }
    claim.release();
    return report_;
  }

 private:
  void begin(const char* phase) const {
    if (options_.progress != nullptr) options_.progress->begin(phase);
  }
  void check() const {
    if (options_.cancellation != nullptr) options_.cancellation->check();
  }

  void recover(const OwnClaim& claim) {
    const OtherClaims others =
        other_claims(context_.storage, context_.objects, claim.id(), context_.clock.now());
    context_.index.refresh();
    // A pack that is not in the index belongs to a running backup, was left by one that
    // died, or was named by an index object that is lost.
    const auto left_over = [&] {
      return others.alive.empty() ? context_.index.uncovered_packs()
                                  : std::vector<blob::ObjectInfo>();
    };
    if (!others.dead.empty() || !context_.index.damaged_objects().empty() || !left_over().empty()) {
      recover_from_the_dead(context_, others.dead, condemned_.packs);
    }
    orphans_ = left_over();  // torn, and so of no use to anyone
  }

  // Everything below decides on this one view of the repository.
  void look() {
    begin("looking at what snapshots need");
    context_.index.refresh();
    snapshots_ = context_.objects.list(ObjectType::Snapshot);
    table_ = context_.index.merged();
    reachability_ = std::make_unique<Reachability>(
        table_, reader_, [](ObjectKind, const ObjectId& id, const Error& error) {
          throw Error(ErrorKind::Corrupt,
                      "the repository: " + id.hex() + " is needed and damaged or missing (" +
                          error.message() + "); nothing was removed; run: snapferry verify");
        });
    const auto& forgotten = options_.as_if_forgotten;
    for (const Snapshot& snapshot : read_snapshots(context_.objects, context_.cache, nullptr)) {
      if (std::ranges::find(forgotten, snapshot.id) != forgotten.end()) continue;
      reachability_->mark(snapshot, options_.cancellation, options_.progress);
    }
  }

  // Calls `visit(ordinal of the copy, record, needed from here)` for all copies of all
  // pieces. Of several copies of a piece one is needed: the first that is not condemned.
  template <typename Visit>
  void for_each_copy(const Visit& visit) const {
    std::vector<IndexRecord> copies;
    std::uint64_t first = 0;
    const auto close = [&] {
      if (copies.empty()) return;
      const bool needed = reachability_->is_marked(first);
      const std::size_t chosen = choose(copies);
      for (std::size_t i = 0; i < copies.size(); ++i) visit(copies[i], needed && i == chosen);
      copies.clear();
    };
    table_->for_each([&](std::uint64_t ordinal, const IndexRecord& record) {
      if (!copies.empty() &&
          (copies.front().id != record.id || copies.front().kind != record.kind)) {
        close();
      }
      if (copies.empty()) first = ordinal;
      copies.push_back(record);
    });
    close();
  }

  std::size_t choose(const std::vector<IndexRecord>& copies) const {
    for (std::size_t i = 0; i < copies.size(); ++i) {
      if (!condemned_.packs.contains(table_->pack(copies[i].pack))) return i;
    }
    return 0;
  }

  void decide() {
    std::vector<PackUse> uses(table_->pack_count());
    for (std::size_t i = 0; i < uses.size(); ++i) {
      uses[i].pack = table_->pack(static_cast<std::uint32_t>(i));
      uses[i].condemned = condemned_.packs.contains(uses[i].pack);
    }
    for_each_copy([&](const IndexRecord& record, bool needed) {
      PackUse& use = uses[record.pack];
      use.content = content_of(record.kind);
      (needed ? use.used : use.unused) += record.stored_length;
    });
    const auto decisions = plan_collect(uses, options_.max_unused);
    for (std::size_t i = 0; i < uses.size(); ++i) count(uses[i], decisions[i]);
    report_.packs_before = uses.size() + orphans_.size();
    for (const blob::ObjectInfo& orphan : orphans_) {
      report_.bytes_before += orphan.size;
      going_.insert(*id_of_name(ObjectType::Pack, orphan.name));
      report_.bytes_freed += orphan.size;
    }
    report_.packs_removed = going_.size();
    report_.packs_rewritten = rewritten_.size();
  }

  void count(const PackUse& use, PackDecision decision) {
    report_.bytes_before += use.used + use.unused;
    if (decision == PackDecision::Keep) {
      report_.bytes_unused_left += use.unused;
      return;
    }
    if (decision == PackDecision::Rewrite) rewritten_.push_back(use.pack);
    report_.bytes_freed += use.unused;
    going_.insert(use.pack);
  }

  void rewrite() {
    if (rewritten_.empty()) return;
    begin("rewriting packs");
    if (options_.progress != nullptr) options_.progress->files_total = rewritten_.size();
    ContentWriter writer(context_, {});
    PieceOpener opener(context_.master, context_.sealing);
    for (const ObjectId& pack : rewritten_) {
      check();
      const PackRecords records = read_toc(context_.storage, opener, pack);
      for (const PieceRecord& piece : records.pieces) {
        if (is_needed_from(piece, pack)) writer.copy(piece, reader_.read_coded(pack, piece));
      }
      if (options_.progress != nullptr) ++options_.progress->files;
    }
    writer.flush();
  }

  bool is_needed_from(const PieceRecord& piece, const ObjectId& pack) const {
    const auto first = table_->ordinal(piece.kind, piece.id);
    if (!first || !reachability_->is_marked(*first)) return false;
    std::vector<IndexRecord> copies;
    for (std::uint64_t i = *first; i < table_->size(); ++i) {
      const IndexRecord record = table_->at(i);
      if (record.id != piece.id || record.kind != piece.kind) break;
      copies.push_back(record);
    }
    const IndexRecord& chosen = copies[choose(copies)];
    return table_->pack(chosen.pack) == pack && chosen.offset == piece.offset;
  }

  void condemn() {
    if (going_.empty()) return;
    const std::vector<ObjectId> packs(going_.begin(), going_.end());
    const ObjectId id = random_id();
    context_.objects.put(ObjectType::Condemned, id, encode_condemned(context_.clock.now(), packs));
    context_.storage.sync();
    condemned_.lists.push_back(id);
  }

  bool nobody_else(const OwnClaim& claim) {
    check();
    const OtherClaims others =
        other_claims(context_.storage, context_.objects, claim.id(), context_.clock.now());
    for (const ObjectId& dead : others.dead) context_.objects.remove(ObjectType::Claim, dead);
    if (!others.dead.empty()) context_.storage.sync();
    if (!others.alive.empty() || !claim.is_valid()) return false;
    const auto now = context_.objects.list(ObjectType::Snapshot);
    return std::ranges::includes(snapshots_, now);
  }

  void finish() {
    if (going_.empty() && condemned_.lists.empty() && condemned_.damaged.empty() &&
        context_.index.damaged_objects().empty()) {
      return;
    }
    begin("removing packs");
    IdSet gone = condemned_.packs;
    gone.insert(going_.begin(), going_.end());
    rewrite_index(gone);
    for (const ObjectId& pack : gone) {
      context_.storage.remove(object_name(ObjectType::Pack, pack));
    }
    context_.storage.sync();
    for (const auto* lists : {&condemned_.lists, &condemned_.damaged}) {
      for (const ObjectId& list : *lists) context_.objects.remove(ObjectType::Condemned, list);
    }
    context_.storage.sync();
    context_.index.refresh();
  }

  // Index objects that name a pack that goes, and small ones, are written anew as few
  // large ones; the old ones go when those are durable.
  void rewrite_index(const IdSet& gone) {
    constexpr std::size_t kSmallIndex = kIndexTarget / 4;
    constexpr std::size_t kManyIndexObjects = 8;
    std::vector<ObjectId> old = context_.index.damaged_objects();
    std::vector<PackRecords> packs;
    std::size_t pieces = 0;
    const auto write = [&] {
      if (packs.empty()) return;
      context_.objects.put(ObjectType::Index, random_id(), encode_index(packs));
      packs.clear();
      pieces = 0;
    };
    const auto all = context_.objects.list(ObjectType::Index);
    const bool many_small = all.size() >= kManyIndexObjects;
    for (const ObjectId& id : all) {
      if (std::ranges::find(old, id) != old.end()) continue;
      auto listed = decode_index(context_.objects.get(ObjectType::Index, id),
                                 object_name(ObjectType::Index, id));
      std::size_t total = 0;
      for (const PackRecords& pack : listed) total += pack.pieces.size();
      const std::size_t going =
          std::erase_if(listed, [&](const PackRecords& pack) { return gone.contains(pack.pack); });
      if (going == 0 && (total >= kSmallIndex || !many_small)) continue;
      old.push_back(id);
      for (PackRecords& pack : listed) {
        pieces += pack.pieces.size();
        packs.push_back(std::move(pack));
        if (pieces >= kIndexTarget) write();
      }
    }
    write();
    context_.storage.sync();
    for (const ObjectId& id : old) context_.objects.remove(ObjectType::Index, id);
    context_.storage.sync();
  }

  const SessionContext& context_;
  ObjectReader& reader_;
  const CollectOptions& options_;
  CollectReport report_;
  CondemnedLists condemned_;
  std::vector<blob::ObjectInfo> orphans_;
  std::vector<ObjectId> snapshots_;
  std::shared_ptr<const IndexTable> table_;
  std::unique_ptr<Reachability> reachability_;
  std::vector<ObjectId> rewritten_;
  IdSet going_;
};

}  // namespace

CollectReport collect(const SessionContext& context, ObjectReader& reader,
                      const CollectOptions& options) {
  Collection collection(context, reader, options);
  return options.dry_run ? collection.dry_run() : collection.run();
}

}  // namespace snapferry::repository
