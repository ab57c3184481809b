#include "repository/verify.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "core/error.h"
#include "platform/workers.h"
#include "repository/config.h"
#include "repository/damaged_content.h"
#include "repository/key_ring.h"
#include "repository/named_pieces.h"
#include "repository/object_limits.h"
#include "repository/reachability.h"
#include "repository/snapshot_list.h"

namespace snapferry::repository {
namespace {

bool is_damage(const Error& error) {
  return error.kind() == ErrorKind::Corrupt || error.kind() == ErrorKind::NotFound ||
         error.kind() == ErrorKind::Unsupported;
}

enum class Uncovered { LeaveOut, Include };

// One look at the whole repository; on request with the packs that no index object names.
class Verification {
 public:
  Verification(const SessionContext& context, const VerifyOptions& options, Uncovered uncovered)
      : context_(context),
        options_(options),
        uncovered_(uncovered),
        reader_(context.storage, context.index, nullptr, context.master, context.sealing),
        damaged_(reader_) {}

  VerifyReport run() {
    check_head();
    check_snapshots();
    check_lists();
    check_index();
    check_packs();
    check_reachability();
    look_at_new_records();
    weigh_bad_packs();
    find_affected();
    context_.index.damage().save();
    return std::move(report_);
  }

  // Whatever is done about damaged packs, their content stays known to be lost.
  void record_losses() {
    for (const ObjectId& id : lost_) context_.index.damage().note_nowhere(id);
    context_.index.damage().save();
  }

  // Something that is needed was not in the index.
  bool misses_pieces() const { return misses_pieces_; }

 private:
  void begin(const char* phase) const {
    if (options_.progress != nullptr) options_.progress->begin(phase);
  }
  void check_cancelled() const {
    if (options_.cancellation != nullptr) options_.cancellation->check();
  }
  void damage(std::string object, std::string message) {
    std::lock_guard lock(mutex_);
    report_.damages.push_back({std::move(object), std::move(message)});
  }
  void remark(std::string object, std::string message) {
    report_.remarks.push_back({std::move(object), std::move(message)});
  }
  void bad_copy(const ObjectId& pack, const PieceRecord& piece, std::string message) {
    context_.index.damage().note(pack, piece.id);
    std::lock_guard lock(mutex_);
    bad_copies_.push_back({pack, piece.kind, piece.id, std::move(message)});
  }

  // Runs `step`, and turns damage that it throws into a line of the report.
  template <typename Step>
  bool guard(const std::string& object, const Step& step) {
    try {
      step();
      return true;
    } catch (const Error& error) {
      if (!is_damage(error)) throw;
      damage(object, error.message());
      return false;
    }
  }

  void check_head() {
    begin("checking keys");
    guard(std::string(kConfigName), [&] {
      const ReadConfig config = decode_config(context_.storage.get(kConfigName, kLargestConfig));
      config.authenticate(context_.master);
      if (config.one_damaged) damage("config", "one of its two copies is damaged");
    });
    for (const blob::ObjectInfo& info : key_objects(context_.storage)) {
      guard(info.name, [&] {
        bool one_damaged = false;
        decode_slot(context_.storage.get(info.name, kLargestKey), info.name, &one_damaged);
        if (one_damaged) damage(info.name, "one of its two copies is damaged");
      });
    }
  }

  void check_snapshots() {
    begin("checking snapshots");
    const std::size_t damages = report_.damages.size();
    snapshots_ = read_snapshots(context_.objects, nullptr, &report_.damages);
    needs_are_unknown_ = report_.damages.size() > damages;
    for (const UnreadableManifest& torn : list_manifests(context_.objects, nullptr).unreadable) {
      if (!torn.is_announced) continue;
      remark(object_name(ObjectType::Snapshot, torn.id),
             "was cut short before its backup had committed it; the next prune removes it");
    }
    report_.snapshots = snapshots_.size();
  }

  void check_lists() {
    for (const ObjectId& list : read_condemned(context_.objects).damaged) {
      damage(object_name(ObjectType::Condemned, list), "is damaged; the next prune replaces it");
    }
    for (const ObjectId& id : context_.objects.list(ObjectType::Claim)) {
      const std::string name = object_name(ObjectType::Claim, id);
      try {
        decode_claim(context_.objects.get(ObjectType::Claim, id), name);
      } catch (const Error& error) {
        if (error.kind() == ErrorKind::Corrupt) damage(name, error.message());
      }
    }
    for (const ObjectId& id : context_.objects.list(ObjectType::Ended)) {
      const std::string name = object_name(ObjectType::Ended, id);
      try {
        decode_ended(context_.objects.get(ObjectType::Ended, id), name);
      } catch (const Error& error) {
        if (error.kind() == ErrorKind::Corrupt) damage(name, error.message());
      }
    }
  }

  void check_index() {
    begin("checking the index");
    context_.index.refresh();
    read_index_objects();
    if (uncovered_ == Uncovered::Include) {
      damage("index", "does not name " + std::to_string(context_.index.uncovered_packs().size()) +
                          " of the packs, and content is needed that it does not name; rebuild it "
                          "with: snapferry repair");
      context_.index.load_uncovered();
    }
    table_ = context_.index.merged_with_lost();
    report_.objects = table_->size();
  }

  // As they are stored: a local table that was made from one hides that it was damaged since.
  void read_index_objects() {
    for (const ObjectId& id : context_.objects.list(ObjectType::Index)) {
      check_cancelled();
      const std::string name = object_name(ObjectType::Index, id);
      try {
        decode_index(context_.objects.get(ObjectType::Index, id), name);
      } catch (const Error& error) {
        if (error.kind() == ErrorKind::NotFound) continue;  // replaced by a prune meanwhile
        if (error.kind() != ErrorKind::Corrupt) throw;
        damage(name, error.message());
      }
    }
  }

  void check_packs() {
    begin("reading packs");
    const PackList listed = context_.index.packs();
    std::vector<ObjectId> present;
    for (std::size_t i = 0; i < table_->pack_count(); ++i) {
      const NamedPack& pack = table_->named_pack(static_cast<std::uint32_t>(i));
      if (!listed.is_whole(pack)) continue;
      sizes_.emplace(pack.id, pack.size);
      present.push_back(pack.id);
    }
    report_.packs = present.size();
    const std::vector<ObjectId> chosen = choose(present);
    if (chosen.size() < present.size()) look_at_packs(present);
    read_packs(chosen);
    weigh_lost_packs();
    weigh_bad_copies();
  }

  // What tells without reading contents that a pack is another, or not what was written: its
  // header, and its table of contents, which only the pack's own key opens.
  void look_at_packs(const std::vector<ObjectId>& packs) {
    PieceOpener opener(context_.master, context_.sealing);
    for (const ObjectId& pack : packs) {
      check_cancelled();
      const std::string name = object_name(ObjectType::Pack, pack);
      try {
        read_toc(context_.storage, opener, pack);
        if (!is_pack_header(context_.storage.get_range(name, 0, kPackHeaderSize))) headless(pack);
      } catch (const Error& error) {
        if (!is_damage(error)) throw;
        context_.index.damage().note(pack);
        bad_packs_.emplace(pack, error.message());
      }
    }
  }

  void headless(const ObjectId& pack) {
    context_.index.damage().note(pack);
    damage(object_name(ObjectType::Pack, pack),
           "does not begin like a pack; the next prune writes it anew");
  }

  // Finds what of each pack is not stored anywhere else.
  void weigh_lost_packs() {
    for (const LostPack& lost : context_.index.lost_packs()) {
      bad_packs_.emplace(lost.named.id, lost.listed ? "has " + std::to_string(*lost.listed) +
                                                          " bytes, and was " +
                                                          std::to_string(lost.named.size) + " long"
                                                    : std::string("is missing"));
    }
    table_->for_each([&](std::uint64_t ordinal, const IndexRecord& record) {
      const ObjectId& pack = table_->pack(record.pack);
      if (bad_packs_.contains(pack)) {
        if (context_.index.has(record.kind, record.id)) return;
        losses_[pack].push_back(ordinal);
        damaged_.add(record.id);
        lost_.push_back(record.id);
      } else if (context_.index.damage().contains(pack, record.id)) {
        recorded_copy(pack, record);
      }
    });
  }

  // What is lost with them is damage where a snapshot needs it, or could.
  void weigh_bad_packs() {
    for (const auto& [pack, message] : bad_packs_) {
      const std::string name = object_name(ObjectType::Pack, pack);
      const auto lost = losses_.find(pack);
      if (lost == losses_.end()) {
        remark(name, message + "; all of its content is stored elsewhere, too");
        continue;
      }
      const auto needed = std::ranges::count_if(lost->second, [&](std::uint64_t ordinal) {
        return needs_are_unknown_ || is_needed(ordinal);
      });
      if (needed == 0) {
        remark(name, message + "; no snapshot needs what was in it");
      } else {
        damage(name, message + "; " + std::to_string(needed) +
                         (needed == 1 ? " piece of content in it is nowhere else"
                                      : " pieces of content in it are nowhere else"));
      }
    }
  }

  // Marks are at the first copy of a piece in the table.
  bool is_needed(std::uint64_t ordinal) const {
    const IndexRecord record = table_->at(ordinal);
    const auto first = table_->ordinal(record.kind, record.id);
    return first && reachability_->is_marked(*first);
  }

  // A record may be false: what it says is looked at.
  void recorded_copy(const ObjectId& pack, const IndexRecord& record) {
    const auto is_this = [&](const BadCopy& bad) {
      return bad.pack == pack && bad.id == record.id;
    };
    if (!sizes_.contains(pack) || std::ranges::any_of(bad_copies_, is_this)) return;
    const PieceRecord piece{record.id, record.kind, record.offset, record.stored_length,
                            record.plain_length};
    if (!reader_.is_intact(pack, piece)) bad_copy(pack, piece, record.id.hex() + " is damaged");
  }

  // What was found damaged while trees and lists were read.
  void look_at_new_records() {
    const DamageLog& known = context_.index.damage();
    if (known.size() == records_at_weighing_) return;
    table_->for_each([&](std::uint64_t, const IndexRecord& record) {
      const ObjectId& pack = table_->pack(record.pack);
      if (!bad_packs_.contains(pack) && known.contains(pack, record.id)) {
        recorded_copy(pack, record);
      }
    });
    weigh_bad_copies();
  }

  void weigh_bad_copies() {
    records_at_weighing_ = context_.index.damage().size();
    for (; weighed_ < bad_copies_.size(); ++weighed_) {
      const BadCopy& bad = bad_copies_[weighed_];
      const std::string name = object_name(ObjectType::Pack, bad.pack);
      if (context_.index.has(bad.kind, bad.id)) {
        remark(name, bad.message + "; it is stored elsewhere, too");
      } else {
        damage(name, bad.message);
        damaged_.add(bad.id);
      }
    }
  }

  // A part of the packs, another one every time, or all.
  std::vector<ObjectId> choose(std::vector<ObjectId> packs) const {
    if (options_.read_data <= 0) return {};
    if (options_.read_data < 100) {
      const auto count = static_cast<std::size_t>(
          std::ceil(static_cast<double>(packs.size()) * options_.read_data / 100));
      for (std::size_t i = 0; i < count; ++i) {
        const std::size_t other = i + random_id().prefix() % (packs.size() - i);
        std::swap(packs[i], packs[other]);
      }
      packs.resize(count);
    }
    return packs;
  }

  void read_packs(const std::vector<ObjectId>& packs) {
    if (options_.progress != nullptr) {
      for (const ObjectId& pack : packs) options_.progress->bytes_total += sizes_.at(pack);
    }
    std::atomic<std::size_t> next{0};
    platform::run_workers(platform::processor_count(), [&](std::size_t) {
      PieceOpener opener(context_.master, context_.sealing);
      try {
        for (std::size_t i = next++; i < packs.size(); i = next++) read_pack(opener, packs[i]);
      } catch (...) {
        next = packs.size();
        throw;
      }
    });
  }

  void read_pack(PieceOpener& opener, const ObjectId& pack) {
    check_cancelled();
    const std::string name = object_name(ObjectType::Pack, pack);
    guard(name, [&] {
      const Bytes bytes = context_.storage.get(name, largest(ObjectType::Pack));
      {
        std::lock_guard lock(mutex_);
        report_.bytes_read += bytes.size();
      }
      if (options_.progress != nullptr) options_.progress->bytes += bytes.size();
      if (!is_pack_header(bytes)) headless(pack);
      PackRecords records;
      std::size_t needed = 0;
      const bool has_contents = guard(name, [&] {
        if (!opener.open_toc(pack, bytes, bytes.size(), records, needed)) {
          throw Error(ErrorKind::Corrupt, name + ": has a damaged table of contents");
        }
      });
      if (!has_contents) {
        // The next prune writes it anew if what is needed of it can be read.
        context_.index.damage().note(pack);
        records.pieces = named_pieces(*table_, pack);
      }
      for (const PieceRecord& piece : records.pieces) read_piece(opener, pack, piece, bytes);
    });
  }

  void read_piece(PieceOpener& opener, const ObjectId& pack, const PieceRecord& piece,
                  ByteView bytes) {
    try {
      if (piece.offset > bytes.size() || piece.stored_length > bytes.size() - piece.offset) {
        throw Error(ErrorKind::Corrupt, piece.id.hex() + " is cut off");
      }
      Bytes coded;
      if (!opener.open(pack, piece, bytes.subspan(piece.offset, piece.stored_length), coded)) {
        throw Error(ErrorKind::Corrupt, piece.id.hex() + " is damaged (authentication failed)");
      }
      const Bytes plain = decompress(coded, piece.plain_length, piece.id.hex());
      if (context_.ids.id(piece.kind, plain) != piece.id) {
        throw Error(ErrorKind::Corrupt, piece.id.hex() + " was written with other content");
      }
    } catch (const Error& error) {
      if (!is_damage(error)) throw;
      bad_copy(pack, piece, error.message());
    }
  }

  void check_reachability() {
    begin("checking that everything is there");
    reachability_ = std::make_unique<Reachability>(
        table_, reader_, [&](ObjectKind kind, const ObjectId& id, const Error& error) {
          // What a lost directory or list needs is not known.
          needs_are_unknown_ = needs_are_unknown_ || kind != ObjectKind::Data;
          if (damaged_.contains(id)) return;
          if (error.kind() == ErrorKind::NotFound) {
            damage(id.hex(), "is needed and " + error.message());
            misses_pieces_ = true;
            lost_.push_back(id);
          }
          damaged_.add(id);
        });
    for (const Snapshot& snapshot : snapshots_) {
      reachability_->mark(snapshot, options_.cancellation, options_.progress);
    }
  }

  void find_affected() {
    if (damaged_.empty()) return;
    begin("finding what is affected");
    for (const Snapshot& snapshot : snapshots_) damaged_.find(snapshot, report_.affected);
  }

  const SessionContext& context_;
  const VerifyOptions& options_;
  const Uncovered uncovered_;
  ObjectReader reader_;  // without the cache: what is stored counts
  std::mutex mutex_;
  VerifyReport report_;
  DamagedContent damaged_;
  std::vector<ObjectId> lost_;  // content without a copy that could be recorded as damaged
  std::vector<Snapshot> snapshots_;
  std::shared_ptr<const IndexTable> table_;
  std::unordered_map<ObjectId, std::uint64_t, ObjectIdHash> sizes_;
  struct BadCopy {
    ObjectId pack;
    ObjectKind kind;
    ObjectId id;
    std::string message;
  };
  std::vector<BadCopy> bad_copies_;
  std::size_t weighed_ = 0;              // of these
  std::size_t records_at_weighing_ = 0;  // of damage
  std::map<ObjectId, std::string> bad_packs_;
  std::unordered_map<ObjectId, std::vector<std::uint64_t>, ObjectIdHash> losses_;
  std::unique_ptr<Reachability> reachability_;
  bool needs_are_unknown_ = false;
  bool misses_pieces_ = false;
};

// What a prune that runs at the same time would change.
std::vector<ObjectId> index_and_snapshots(const SessionContext& context) {
  std::vector<ObjectId> ids = context.objects.list(ObjectType::Index);
  for (const ObjectId& id : context.objects.list(ObjectType::Snapshot)) ids.push_back(id);
  return ids;
}

}  // namespace

VerifyReport verify(const SessionContext& context, const VerifyOptions& options) {
  constexpr int kTries = 5;
  Uncovered uncovered = Uncovered::LeaveOut;
  for (int attempt = 1;; ++attempt) {
    const auto before = index_and_snapshots(context);
    Verification verification(context, options, uncovered);
    VerifyReport report = verification.run();
    if (report.ok()) return report;
    if (attempt < kTries && index_and_snapshots(context) != before) continue;
    // Packs can tell what is in them where an index object is lost.
    const bool can_look_further = attempt < kTries && uncovered == Uncovered::LeaveOut &&
                                  verification.misses_pieces() &&
                                  !context.index.uncovered_packs().empty();
    if (!can_look_further) {
      verification.record_losses();
      return report;
    }
    uncovered = Uncovered::Include;
  }
}

}  // namespace snapferry::repository
