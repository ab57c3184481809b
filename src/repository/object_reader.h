#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "core/object_store.h"
#include "repository/object_cache.h"
#include "repository/object_index.h"
#include "repository/pack.h"

namespace snapferry::repository {

// Reads content: index, pack, opening, decompression, and whether it is what its id says; trees
// and lists by way of the local cache. Every copy is tried before content counts as lost, and one
// that turns out damaged is noted in the index's DamageLog. Finds its way again when a prune moves
// things meanwhile. Safe from several threads. Borrows everything; `cache` may be null.
class ObjectReader : public ObjectSource {
 public:
  ObjectReader(blob::Storage& storage, ObjectIndex& index, ObjectCache* cache, const Key& master,
               Sealing sealing);

  Bytes get(ObjectKind kind, const ObjectId& id) override;

  // Codec and payload of a piece at a known place. Throws Corrupt, NotFound.
  Bytes read_coded(const ObjectId& pack, const PieceRecord& piece);

  // Whether the copy of a piece at a known place can be read and is what its id says. Notes damage.
  bool is_intact(const ObjectId& pack, const PieceRecord& piece);

 private:
  struct Attempt;

  Bytes get_stored(ObjectKind kind, const ObjectId& id);
  std::optional<Bytes> try_copies(Attempt& attempt);
  Bytes open(ObjectKind kind, const ObjectId& id, const Location& location);

  blob::Storage& storage_;
  ObjectIndex& index_;
  ObjectCache* cache_;
  const Key master_;
  const Sealing sealing_;
  const ContentIds ids_;
  bool may_look_again();

  std::mutex mutex_;
  std::chrono::steady_clock::time_point looked_again_{};
  std::vector<std::unique_ptr<PieceOpener>> idle_;
};

}  // namespace snapferry::repository
