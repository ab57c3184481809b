#include "repository/repair_survey.h"

#include <algorithm>
#include <map>

#include "core/error.h"
#include "repository/compression.h"
#include "repository/named_pieces.h"
#include "repository/object_limits.h"

namespace snapferry::repository {
namespace {

class Survey {
 public:
  Survey(const SessionContext& context, const Cancellation* cancellation, Progress* progress)
      : context_(context),
        cancellation_(cancellation),
        progress_(progress),
        opener_(context.master, context.sealing) {}

  RepairSurvey run() {
    read_index();
    const PackList packs = context_.index.packs();
    if (progress_ != nullptr) {
      progress_->begin("reading packs");
      packs.for_each([&](const ObjectId&, std::uint64_t size) { progress_->bytes_total += size; });
    }
    packs.for_each([&](const ObjectId& pack, std::uint64_t) { read_pack(pack); });
    for (const LostPack& lost : context_.index.lost_packs()) {
      if (!lost.listed) survey_.missing.push_back(lost.named);
    }
    return std::move(survey_);
  }

 private:
  void read_index() {
    context_.index.refresh();
    survey_.index_objects = context_.objects.list(ObjectType::Index);
    for (const ObjectId& id : survey_.index_objects) {
      const std::string name = object_name(ObjectType::Index, id);
      try {
        decode_index(context_.objects.get(ObjectType::Index, id), name);
      } catch (const Error& error) {
        if (error.kind() == ErrorKind::NotFound) continue;
        if (error.kind() != ErrorKind::Corrupt) throw;
        survey_.damaged_index_objects.push_back({name, error.message()});
      }
    }
    table_ = context_.index.merged_with_lost();
    count_named();
  }

  // How many pieces the index says are in each pack.
  void count_named() {
    table_->for_each([&](std::uint64_t, const IndexRecord& record) { ++named_[record.pack]; });
    for (const auto& [ordinal, count] : named_) {
      pieces_[table_->named_pack(ordinal)] = count;
    }
    named_.clear();
  }

  void read_pack(const ObjectId& pack) {
    if (cancellation_ != nullptr) cancellation_->check();
    const std::string name = object_name(ObjectType::Pack, pack);
    Bytes bytes;
    try {
      bytes = context_.storage.get(name, largest(ObjectType::Pack));
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::NotFound) return;  // a prune removed it meanwhile
      if (error.kind() != ErrorKind::Corrupt) throw;
      survey_.broken.push_back({pack, error.message(), {}, {}});
      return;
    }
    survey_.bytes_read += bytes.size();
    if (progress_ != nullptr) progress_->bytes += bytes.size();
    BrokenPack found{pack, {}, {}, {}};
    PackRecords records{pack, 0, {}};
    if (!read_contents(bytes, records, found)) records.pieces = named_pieces(*table_, pack);
    for (const PieceRecord& piece : records.pieces) check_piece(bytes, piece, found);
    if (!found.message.empty()) {
      survey_.broken.push_back(std::move(found));
      return;
    }
    survey_.whole.push_back(pack);
    if (!pieces_.contains({pack, records.size})) {
      survey_.any_unnamed = true;
    } else if (!survey_.index_differs) {
      survey_.index_differs = !is_named_alike(records);
    }
  }

  // The table of contents; false if it cannot be read.
  bool read_contents(ByteView bytes, PackRecords& records, BrokenPack& found) {
    try {
      std::size_t needed = 0;
      if (!opener_.open_toc(found.pack, bytes, bytes.size(), records, needed)) {
        throw Error(ErrorKind::Corrupt, "has a damaged table of contents");
      }
      if (!is_pack_header(bytes)) found.message = "does not begin like a pack";
      return true;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Corrupt) throw;
      found.message = error.message();
      context_.index.damage().note(found.pack);
      return false;
    }
  }

  void check_piece(ByteView bytes, const PieceRecord& piece, BrokenPack& found) {
    if (is_intact(bytes, piece, found.pack)) {
      found.intact.push_back(piece);
      return;
    }
    context_.index.damage().note(found.pack, piece.id);
    found.damaged.push_back(piece);
    if (found.message.empty()) found.message = piece.id.hex() + " is damaged";
  }

  bool is_intact(ByteView bytes, const PieceRecord& piece, const ObjectId& pack) {
    if (piece.offset > bytes.size() || piece.stored_length > bytes.size() - piece.offset) {
      return false;
    }
    Bytes coded;
    if (!opener_.open(pack, piece, bytes.subspan(piece.offset, piece.stored_length), coded)) {
      return false;
    }
    try {
      return context_.ids.id(piece.kind, decompress(coded, piece.plain_length, "piece")) ==
             piece.id;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Corrupt && error.kind() != ErrorKind::Unsupported) throw;
      return false;
    }
  }

  // Whether the index names exactly what is in the pack, where it is.
  bool is_named_alike(const PackRecords& pack) const {
    return pieces_.at({pack.pack, pack.size}) == pack.pieces.size() &&
           std::ranges::all_of(pack.pieces, [&](const PieceRecord& piece) {
             const auto copies = table_->copies(piece.kind, piece.id);
             const Location place{pack.pack, piece.offset, piece.stored_length, piece.plain_length};
             return std::ranges::any_of(
                 copies, [&](const IndexRecord& copy) { return table_->location(copy) == place; });
           });
  }

  const SessionContext& context_;
  const Cancellation* cancellation_;
  Progress* progress_;
  PieceOpener opener_;
  RepairSurvey survey_;
  std::shared_ptr<const IndexTable> table_;
  std::map<std::uint32_t, std::size_t> named_;
  std::map<NamedPack, std::size_t> pieces_;
};

}  // namespace

RepairSurvey survey_for_repair(const SessionContext& context, const Cancellation* cancellation,
                               Progress* progress) {
  return Survey(context, cancellation, progress).run();
}

}  // namespace snapferry::repository
