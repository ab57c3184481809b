#include "repository/pack_usage.h"

namespace snapferry::repository {

PackUsage::PackUsage(std::shared_ptr<const IndexTable> table, const Reachability& reachability,
                     const IdSet& condemned, const Sizes& listed, bool everything,
                     CopyChooser& chooser)
    : table_(std::move(table)),
      reachability_(reachability),
      condemned_(condemned),
      listed_(listed),
      everything_(everything),
      chooser_(chooser) {
  count();
}

std::optional<std::size_t> PackUsage::choose(const std::vector<IndexRecord>& copies) const {
  std::vector<IndexRecord> there;
  std::vector<std::size_t> positions;
  for (std::size_t i = 0; i < copies.size(); ++i) {
    if (!listed_.contains(table_->pack(copies[i].pack))) continue;
    there.push_back(copies[i]);
    positions.push_back(i);
  }
  if (there.empty()) return std::nullopt;
  return positions[chooser_.choose(there)];
}

void PackUsage::count() {
  by_ordinal_.resize(table_->pack_count());
  needs_damaged_.resize(table_->pack_count());
  for (std::size_t i = 0; i < by_ordinal_.size(); ++i) {
    by_ordinal_[i].pack = table_->pack(static_cast<std::uint32_t>(i));
    by_ordinal_[i].condemned = condemned_.contains(by_ordinal_[i].pack);
  }
  std::vector<IndexRecord> copies;
  std::uint64_t first = 0;
  const auto close = [&] {
    if (!copies.empty()) count_copies(copies, everything_ || reachability_.is_marked(first));
    copies.clear();
  };
  table_->for_each([&](std::uint64_t ordinal, const IndexRecord& record) {
    if (!copies.empty() && (copies.front().id != record.id || copies.front().kind != record.kind)) {
      close();
    }
    if (copies.empty()) first = ordinal;
    copies.push_back(record);
  });
  close();
  for (std::size_t i = 0; i < by_ordinal_.size(); ++i) {
    PackUse& use = by_ordinal_[i];
    // What is needed of a pack of which nothing can be relied on may be readable all the same.
    use.damaged = chooser_.is_recorded(use.pack) || (use.damaged && !needs_damaged_[i]);
    if (listed_.contains(use.pack)) uses_.push_back(use);
  }
}

void PackUsage::count_copies(const std::vector<IndexRecord>& copies, bool needed) {
  const auto chosen = needed ? choose(copies) : std::nullopt;
  if (needed && !chosen) lost_.push_back(copies.front().id);
  for (std::size_t i = 0; i < copies.size(); ++i) {
    PackUse& use = by_ordinal_[copies[i].pack];
    const bool is_kept = needed && i == chosen;
    use.content = content_of(copies[i].kind);
    (is_kept ? use.used : use.unused) += copies[i].stored_length;
    if (!chooser_.is_recorded(copies[i])) continue;
    use.damaged = true;
    if (is_kept) needs_damaged_[copies[i].pack] = true;
  }
}

bool PackUsage::is_needed(const PieceRecord& piece, const ObjectId& pack) const {
  const auto first = table_->ordinal(piece.kind, piece.id);
  if (!first || !(everything_ || reachability_.is_marked(*first))) return false;
  std::vector<IndexRecord> copies;
  for (std::uint64_t i = *first; i < table_->size(); ++i) {
    const IndexRecord record = table_->at(i);
    if (record.id != piece.id || record.kind != piece.kind) break;
    copies.push_back(record);
  }
  const auto chosen = choose(copies);
  if (!chosen) return false;
  const IndexRecord& copy = copies[*chosen];
  return table_->pack(copy.pack) == pack && copy.offset == piece.offset;
}

}  // namespace snapferry::repository
