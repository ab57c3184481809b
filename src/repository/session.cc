#include "repository/session.h"

#include <algorithm>
#include <limits>

#include "core/error.h"
#include "repository/config.h"
#include "repository/end_claims.h"
#include "repository/known_state.h"
#include "repository/manifest.h"
#include "repository/object_limits.h"
#include "repository/other_claims.h"
#include "repository/snapshot_list.h"

namespace snapferry::repository {

namespace {

// Packs that are gone, or are not what was written, belong to somebody who was taken for dead.
void require_packs(const SessionContext& context, const OwnClaim& claim,
                   const std::vector<PackRecords>& packs) {
  claim.require();
  for (const PackRecords& pack : packs) {
    const std::string name = object_name(ObjectType::Pack, pack.pack);
    std::optional<blob::ObjectInfo> info;
    try {
      info = context.storage.info(name);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::NotFound) throw;
    }
    if (info && info->size == pack.size) continue;
    throw Error(ErrorKind::Conflict, context.storage.description() + "/" + name +
                                         (info ? ": is not as it was written" : ": is gone") +
                                         " since this run wrote it; run it again");
  }
}

}  // namespace

ContentWriter::ContentWriter(const SessionContext& context, const OwnClaim& claim, IdSet condemned)
    : context_(context),
      condemned_(std::move(condemned)),
      writer_(
          context.storage, context.objects, context.index,
          [this, &claim](const std::vector<PackRecords>& packs) {
            require_packs(context_, claim, packs);
          },
          [this](const std::vector<PackRecords>& packs) {
            std::lock_guard lock(pending_mutex_);
            for (const PackRecords& pack : packs) {
              for (const PieceRecord& piece : pack.pieces) pending_.erase(piece.id);
            }
          }) {}

bool ContentWriter::is_stored(ObjectKind kind, const ObjectId& id) {
  return context_.index.has(kind, id, condemned_);
}

bool ContentWriter::claim_new(const ObjectId& id) {
  std::lock_guard lock(pending_mutex_);
  return pending_.insert(id).second;
}

ObjectId ContentWriter::put(ObjectKind kind, ByteView bytes) {
  if (bytes.size() > kMaxObjectSize) {
    throw Error(ErrorKind::Internal, "content: larger than an object can be");
  }
  const ObjectId id = context_.ids.id(kind, bytes);
  // Claimed before the index is asked: a piece leaves `pending_` only once it is there.
  if (!claim_new(id)) return id;
  if (is_stored(kind, id)) {
    std::lock_guard lock(pending_mutex_);
    pending_.erase(id);
    return id;
  }
  const Compressed compressed = compress(bytes);
  Stream& stream = streams_[static_cast<std::size_t>(content_of(kind)) - 1];
  std::unique_lock lock(stream.mutex);
  builder_locked(stream, content_of(kind)).add(kind, id, compressed, bytes.size());
  write_if_full(std::move(lock), stream);
  bytes_added_ += bytes.size();
  if (kind != ObjectKind::Data && context_.cache != nullptr) context_.cache->put(id, bytes);
  return id;
}

bool ContentWriter::is_missing(ObjectKind kind, const ObjectId& id) {
  {
    std::lock_guard lock(pending_mutex_);
    if (pending_.contains(id)) return false;
  }
  return !is_stored(kind, id);
}

void ContentWriter::copy(const PieceRecord& piece, ByteView coded) {
  const PackContent content = content_of(piece.kind);
  Stream& stream = streams_[static_cast<std::size_t>(content) - 1];
  std::unique_lock lock(stream.mutex);
  builder_locked(stream, content).add_coded(piece.kind, piece.id, coded, piece.plain_length);
  write_if_full(std::move(lock), stream);
}

PackBuilder& ContentWriter::builder_locked(Stream& stream, PackContent content) {
  if (!stream.builder) {
    stream.builder = std::make_unique<PackBuilder>(content, context_.master, context_.sealing,
                                                   writer_.take_buffer());
  }
  return *stream.builder;
}

void ContentWriter::write_if_full(std::unique_lock<std::mutex> lock, Stream& stream) {
  if (!stream.builder->full()) return;
  const std::unique_ptr<PackBuilder> full = std::move(stream.builder);
  lock.unlock();
  writer_.write(full->finish());
}

void ContentWriter::flush() {
  for (Stream& stream : streams_) {
    std::unique_lock lock(stream.mutex);
    if (stream.builder && !stream.builder->empty()) writer_.write(stream.builder->finish());
    stream.builder.reset();
  }
  writer_.flush();
}

namespace {

class Session : public BackupSession {
 public:
  explicit Session(const SessionContext& context)
      : context_(context),
        claim_(context.storage, context.objects, context.cache, ClaimType::Backup, context.clock),
        writer_(context_, claim_, prepare()) {
    // What exists now, after the claim and the condemned lists: FORMAT.md, B4.
    context_.index.refresh();
    start_ = context_.index.state();
    damage_at_start_ = context_.index.damage().size();
  }

  ObjectId id_of(ObjectKind kind, ByteView bytes) const override {
    return context_.ids.id(kind, bytes);
  }

  ObjectId put(ObjectKind kind, ByteView bytes) override {
    claim_.refresh();
    return writer_.put(kind, bytes);
  }

  // What put() took is part of a pack, and commit() writes those.
  void settle() override {}

  bool any_lost() const override {
    // What is in a condemned pack counts as absent, also where the base references it: B4.
    return !base_is_known_ || writer_.has_condemned() ||
           context_.index.damage().size() != damage_at_start_;
  }

  std::vector<ObjectRef> missing(std::span<const ObjectRef> objects) override {
    std::vector<ObjectRef> missing;
    for (const ObjectRef& object : objects) {
      if (writer_.is_missing(object.kind, object.id)) missing.push_back(object);
    }
    return missing;
  }

  void checkpoint() override { writer_.flush(); }

  // Where what the base was found in is no longer what it was, all that is taken over from it is
  // looked up.
  void build_on(const ObjectId& base) override {
    if (context_.cache == nullptr) return;
    const auto then = recall_state(*context_.cache, base);
    base_is_known_ = then && still_holds(*then, start_);
  }

  Snapshot commit(Snapshot snapshot) override {
    if (snapshot.feed && !snapshot.feed->is_valid()) {
      throw Error(ErrorKind::Internal, "the token of a change feed: is none that can be stored");
    }
    writer_.flush();
    snapshot.id = random_id();
    claim_.announce(snapshot.id);
    snapshot.stats.bytes_added = writer_.bytes_added();
    snapshot.stats.bytes_stored = writer_.bytes_stored();
    snapshot.incomplete = snapshot.stats.files_failed > 0;
    snapshot.seen = claim_.seen();
    snapshot.sequence = next_sequence();
    // In a repository of version 1 there is no room for it, and without it the next backup only
    // looks at more.
    if (context_.format < kVersionWithFeeds) snapshot.feed.reset();
    const Bytes manifest = encode_manifest({snapshot, claim_.id()}, context_.format);
    claim_.require();
    context_.objects.put(ObjectType::Snapshot, snapshot.id, manifest);
    context_.storage.sync();
    confirm(snapshot.id);
    if (context_.cache != nullptr) {
      context_.cache->put(snapshot.id, manifest);
      remember(snapshot.id);
      context_.cache->flush();
    }
    claim_.release();
    return snapshot;
  }

 private:
  // After the claim is written, before anything is looked up: FORMAT.md, B2.
  IdSet prepare() {
    require_place(context_.objects);  // or nothing would miss it any more
    context_.storage.make_place(directory_of(ObjectType::Snapshot));
    end_the_gone();
    CondemnedLists condemned = read_condemned(context_.objects);
    context_.index.refresh();  // B4: what was known before the claim is not to be relied on
    if (found_dead_) adopt_uncovered_packs(context_, condemned.packs);
    return std::move(condemned.packs);
  }

  // Only what is certain: two machines that cannot be told apart must not end each other's
  // backups for ever.
  void end_the_gone() {
    std::vector<OtherClaim> gone =
        other_claims(context_.objects, &claim_.id(), context_.sightings, context_.clock.now());
    std::erase_if(gone, [](const OtherClaim& other) {
      return other.state != ClaimState::Gone && other.state != ClaimState::Torn;
    });
    found_dead_ = !gone.empty();
    end_claims(context_.storage, context_.objects, context_.cache, gone, "found by a backup",
               context_.clock.now());
  }

  // Damaged ones have none, and it stays where it cannot grow.
  std::uint64_t next_sequence() const {
    std::uint64_t largest = 0;
    for (const Manifest& other : list_manifests(context_.objects, context_.cache).manifests) {
      largest = std::max(largest, other.snapshot.sequence);
    }
    return largest + (largest < std::numeric_limits<std::uint64_t>::max() ? 1 : 0);
  }

  // What was lost at the start was stored again, or is not needed; what was lost since is for the
  // next backup to find. Index objects that went since may have been what content was found in.
  void remember(const ObjectId& snapshot) const {
    KnownState now = context_.index.state();
    if (!std::ranges::includes(now.index_objects, start_.index_objects)) return;
    now.losses = start_.losses;
    remember_state(*context_.cache, snapshot, now);
  }

  // B7: whoever ended the claim may have removed content that the manifest needs. Where that cannot
  // be found out, too, the manifest goes.
  void confirm(const ObjectId& snapshot) {
    try {
      claim_.require();
    } catch (const Error&) {
      context_.objects.remove(ObjectType::Snapshot, snapshot);
      context_.storage.sync();
      throw;
    }
  }

  const SessionContext context_;
  OwnClaim claim_;
  bool found_dead_ = false;
  KnownState start_;  // when the session began
  std::size_t damage_at_start_ = 0;
  bool base_is_known_ = false;
  ContentWriter writer_;
};

// What is in a pack of which every piece opens. Throws Corrupt.
PackRecords read_whole_pack(const SessionContext& context, PieceOpener& opener,
                            const ObjectId& pack) {
  const std::string name = object_name(ObjectType::Pack, pack);
  Bytes bytes = context.storage.get(name, largest(ObjectType::Pack));
  PackRecords records;
  std::size_t needed = 0;
  if (!opener.open_toc(pack, bytes, bytes.size(), records, needed)) {
    throw Error(ErrorKind::Corrupt, name + ": is torn");
  }
  Bytes coded;
  for (const PieceRecord& piece : records.pieces) {
    if (!opener.open(pack, piece, ByteView(bytes).subspan(piece.offset, piece.stored_length),
                     coded)) {
      throw Error(ErrorKind::Corrupt, name + ": is torn");
    }
  }
  return records;
}

}  // namespace

std::unique_ptr<BackupSession> begin_backup_session(const SessionContext& context) {
  return std::make_unique<Session>(context);
}

std::vector<blob::ObjectInfo> adopt_uncovered_packs(const SessionContext& context,
                                                    const IdSet& condemned) {
  PieceOpener opener(context.master, context.sealing);
  std::vector<PackRecords> adopted;
  std::vector<blob::ObjectInfo> torn;
  for (const blob::ObjectInfo& info : context.index.uncovered_packs()) {
    const ObjectId pack = *id_of_name(ObjectType::Pack, info.name);
    if (condemned.contains(pack)) continue;
    try {
      PackRecords records = read_whole_pack(context, opener, pack);
      // Whoever wrote it may have died before syncing. It is not written again: where an
      // index object was lost, snapshots need this pack, and a loss of power would leave
      // the new one torn in the place of a good one.
      context.storage.adopt(info.name);
      adopted.push_back(std::move(records));
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::NotFound) continue;
      if (error.kind() != ErrorKind::Corrupt) throw;
      torn.push_back(info);  // left to the next prune
    }
  }
  if (!adopted.empty()) {
    context.storage.sync();
    const ObjectId id = random_id();
    context.objects.put(ObjectType::Index, id, encode_index(adopted));
    context.storage.sync();
    context.index.add(adopted, id);
  }
  return torn;
}

}  // namespace snapferry::repository
