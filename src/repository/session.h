#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <unordered_set>

#include "repository/claim.h"
#include "repository/claim_sightings.h"
#include "repository/condemned.h"
#include "repository/object_cache.h"
#include "repository/pack_writer.h"
#include "repository/repository.h"

namespace snapferry::repository {

// What sessions share with the repository they belong to; all borrowed.
struct SessionContext {
  blob::Storage& storage;
  SealedObjects& objects;
  ObjectIndex& index;
  ObjectCache* cache;  // may be null
  const ContentIds& ids;
  const Key& master;
  Sealing sealing;
  platform::Clock& clock;
  ClaimSightings& sightings;
  std::uint32_t format;  // version of the repository (repository/config.h)
};

// Stores content that is not there yet: the write path of backups and prunes.
class ContentWriter {
 public:
  // Content in `condemned` packs counts as absent. The index is told of new packs only while the
  // claim is intact, which is borrowed; otherwise Conflict is thrown.
  ContentWriter(const SessionContext& context, const OwnClaim& claim, IdSet condemned);

  ObjectId put(ObjectKind kind, ByteView bytes);

  // Whether put() would have to store it.
  bool is_missing(ObjectKind kind, const ObjectId& id);
  // Whether there are packs in which content counts as absent.
  bool has_condemned() const { return !condemned_.empty(); }

  // Stores a piece again as it was opened from another pack, whether or not it is there.
  void copy(const PieceRecord& piece, ByteView coded);

  // Makes everything durable and part of the index.
  void flush();

  // After one of the others threw: gives back the room of what is not part of the index.
  void remove_unindexed() { writer_.remove_unindexed(); }

  std::uint64_t bytes_added() const { return bytes_added_; }
  std::uint64_t bytes_stored() const { return writer_.bytes_stored(); }

 private:
  struct Stream {
    std::mutex mutex;
    std::unique_ptr<PackBuilder> builder;
  };

  bool is_stored(ObjectKind kind, const ObjectId& id);
  bool claim_new(const ObjectId& id);
  PackBuilder& builder_locked(Stream& stream, PackContent content);
  void write_if_full(std::unique_lock<std::mutex> lock, Stream& stream);

  const SessionContext context_;
  const IdSet condemned_;
  std::mutex pending_mutex_;
  IdSet pending_;  // put here, and not in the index yet
  std::array<Stream, 2> streams_;
  std::atomic<std::uint64_t> bytes_added_{0};
  PackWriter writer_;
};

std::unique_ptr<BackupSession> begin_backup_session(const SessionContext& context);

// Takes whole packs that no index object names into the index, but for condemned ones. Returns
// those that are torn.
std::vector<blob::ObjectInfo> adopt_uncovered_packs(const SessionContext& context,
                                                    const IdSet& condemned);

}  // namespace snapferry::repository
