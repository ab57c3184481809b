#include "repository/known_damage.h"

#include <algorithm>

#include "repository/named_pieces.h"

namespace snapferry::repository {

KnownDamage::KnownDamage(const SessionContext& context, ObjectSource& trees)
    : context_(context),
      reader_(context.storage, context.index, nullptr, context.master, context.sealing),
      lost_(trees) {
  DamageLog& damage = context.index.damage();
  damage.refresh();
  if (damage.empty()) return;
  context.index.refresh();
  if (!context.index.uncovered_packs().empty()) context.index.load_uncovered();
  for (const DamagedPack& recorded : damage.packs()) look_at(recorded);
}

void KnownDamage::look_at(const DamagedPack& recorded) {
  if (recorded.pieces.empty()) {
    const auto table = context_.index.merged_with_lost();
    for (const PieceRecord& piece : named_pieces(*table, recorded.pack)) {
      if (is_lost(piece.kind, piece.id)) lost_.add(piece.id);
    }
    return;
  }
  // A record names no kinds; each has ids of its own, so that the content is of one at most.
  constexpr ObjectKind kKinds[] = {ObjectKind::Data, ObjectKind::Tree, ObjectKind::List};
  for (const ObjectId& id : recorded.pieces) {
    const bool lost =
        std::ranges::all_of(kKinds, [&](ObjectKind kind) { return is_lost(kind, id); });
    if (lost) lost_.add(id);
  }
}

bool KnownDamage::is_lost(ObjectKind kind, const ObjectId& id) {
  if (context_.index.has(kind, id)) return false;
  return std::ranges::none_of(context_.index.copies(kind, id), [&](const Location& place) {
    return reader_.is_intact(place.pack,
                             {id, kind, place.offset, place.stored_length, place.plain_length});
  });
}

std::vector<AffectedPath> KnownDamage::in(const Snapshot& snapshot) {
  std::vector<AffectedPath> affected;
  if (!lost_.empty()) lost_.find(snapshot, affected);
  return affected;
}

}  // namespace snapferry::repository
