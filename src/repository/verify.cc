#include "repository/verify.h"

#include <algorithm>
#include <cmath>
#include <thread>

#include "core/error.h"
#include "repository/config.h"
#include "repository/damaged_content.h"
#include "repository/key_slot.h"
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
    find_affected();
    return std::move(report_);
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
  void damaged_piece(const ObjectId& id) {
    std::lock_guard lock(mutex_);
    damaged_.add(id);
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
      const ReadConfig config = decode_config(context_.storage.get(kConfigName));
      config.authenticate(context_.master);
      if (config.one_damaged) damage("config", "one of its two copies is damaged");
    });
    for (const blob::ObjectInfo& info : context_.storage.list("keys")) {
      guard(info.name, [&] {
        bool one_damaged = false;
        decode_slot(context_.storage.get(info.name), info.name, &one_damaged);
        if (one_damaged) damage(info.name, "one of its two copies is damaged");
      });
    }
  }

  void check_snapshots() {
    begin("checking snapshots");
    snapshots_ = read_snapshots(context_.objects, nullptr, &report_.damages);
    for (const ObjectId& torn : list_manifests(context_.objects, nullptr).torn) {
      damage(object_name(ObjectType::Snapshot, torn),
             "is cut short; its backup ended before it was committed, or it is lost; the next "
             "prune removes it");
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
    for (const Damage& found : context_.index.damages()) report_.damages.push_back(found);
    if (uncovered_ == Uncovered::Include) {
      damage("index", "does not name " + std::to_string(context_.index.uncovered_packs().size()) +
                          " of the packs, and content is needed that it does not name; the next "
                          "prune writes it anew");
      context_.index.load_uncovered();
    }
    table_ = context_.index.merged();
    report_.objects = table_->size();
  }

  void check_packs() {
    begin("reading packs");
    for (blob::ObjectInfo& info : context_.storage.list(directory_of(ObjectType::Pack))) {
      if (const auto id = id_of_name(ObjectType::Pack, info.name)) sizes_.emplace(*id, info.size);
    }
    std::vector<ObjectId> present;
    for (std::size_t i = 0; i < table_->pack_count(); ++i) {
      const ObjectId& pack = table_->pack(static_cast<std::uint32_t>(i));
      if (sizes_.contains(pack)) {
        present.push_back(pack);
      } else {
        missing_packs_.insert(pack);
        damage(object_name(ObjectType::Pack, pack), "is missing");
      }
    }
    report_.packs = present.size();
    read_packs(choose(std::move(present)));
    condemn_missing_pieces();
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
    std::exception_ptr error;
    const auto work = [&] {
      try {
        PieceOpener opener(context_.master, context_.sealing);
        for (std::size_t i = next++; i < packs.size(); i = next++) read_pack(opener, packs[i]);
      } catch (...) {
        std::lock_guard lock(mutex_);
        error = std::current_exception();
        next = packs.size();
      }
    };
    std::vector<std::thread> threads;
    for (unsigned i = 1; i < std::max(1u, std::thread::hardware_concurrency()); ++i) {
      threads.emplace_back(work);
    }
    work();
    for (std::thread& thread : threads) thread.join();
    if (error) std::rethrow_exception(error);
  }

  void read_pack(PieceOpener& opener, const ObjectId& pack) {
    check_cancelled();
    const std::string name = object_name(ObjectType::Pack, pack);
    guard(name, [&] {
      const Bytes bytes = context_.storage.get(name);
      {
        std::lock_guard lock(mutex_);
        report_.bytes_read += bytes.size();
      }
      if (options_.progress != nullptr) options_.progress->bytes += bytes.size();
      if (!is_pack_header(bytes)) damage(name, "does not begin like a pack");
      PackRecords records;
      std::size_t needed = 0;
      const bool toc = guard(name, [&] {
        if (!opener.open_toc(pack, bytes, bytes.size(), records, needed)) {
          throw Error(ErrorKind::Corrupt, name + ": has a damaged table of contents");
        }
      });
      if (!toc) records = records_from_index(pack);
      for (const PieceRecord& piece : records.pieces) read_piece(opener, name, pack, piece, bytes);
    });
  }

  // What the index says of a pack that cannot say it any more.
  PackRecords records_from_index(const ObjectId& pack) const {
    PackRecords records{pack, 0, {}};
    table_->for_each([&](std::uint64_t, const IndexRecord& record) {
      if (table_->pack(record.pack) != pack) return;
      records.pieces.push_back(
          {record.id, record.kind, record.offset, record.stored_length, record.plain_length});
    });
    return records;
  }

  void read_piece(PieceOpener& opener, const std::string& name, const ObjectId& pack,
                  const PieceRecord& piece, ByteView bytes) {
    const bool whole = guard(name, [&] {
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
    });
    if (!whole) damaged_piece(piece.id);
  }

  // Pieces of missing packs are lost unless another pack has them too.
  void condemn_missing_pieces() {
    if (missing_packs_.empty()) return;
    IdSet elsewhere;
    std::vector<ObjectId> lost;
    table_->for_each([&](std::uint64_t, const IndexRecord& record) {
      if (missing_packs_.contains(table_->pack(record.pack))) {
        lost.push_back(record.id);
      }
    });
    for (const ObjectId& id : lost) damaged_.add(id);
  }

  void check_reachability() {
    begin("checking that everything is there");
    Reachability reachability(table_, reader_,
                              [&](ObjectKind, const ObjectId& id, const Error& error) {
                                if (error.kind() == ErrorKind::NotFound) {
                                  damage(id.hex(), "is needed and " + error.message());
                                  misses_pieces_ = true;
                                }
                                damaged_.add(id);
                              });
    for (const Snapshot& snapshot : snapshots_) {
      reachability.mark(snapshot, options_.cancellation, options_.progress);
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
  std::vector<Snapshot> snapshots_;
  std::shared_ptr<const IndexTable> table_;
  std::unordered_map<ObjectId, std::uint64_t, ObjectIdHash> sizes_;
  IdSet missing_packs_;
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
    if (report.ok() || attempt == kTries) return report;
    if (index_and_snapshots(context) != before) continue;
    // Packs can tell what is in them where an index object is lost.
    const bool can_look_further = uncovered == Uncovered::LeaveOut &&
                                  verification.misses_pieces() &&
                                  !context.index.uncovered_packs().empty();
    if (!can_look_further) return report;
    uncovered = Uncovered::Include;
  }
}

}  // namespace snapferry::repository
