#include "repository/repair.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "core/error.h"
#include "repository/aside.h"
#include "repository/config.h"
#include "repository/damaged_content.h"
#include "repository/ended.h"
#include "repository/expected.h"
#include "repository/key_ring.h"
#include "repository/object_limits.h"
#include "repository/reachability.h"
#include "repository/repair_survey.h"
#include "repository/snapshot_list.h"
#include "repository/twin_copy.h"

namespace snapferry::repository {
namespace {

// One run of repair.
class Repair {
 public:
  Repair(const SessionContext& context, const RepairOptions& options)
      : context_(context),
        options_(options),
        reader_(context.storage, context.index, nullptr, context.master, context.sealing) {}

  RepairReport run() {
    if (!options_.dry_run) {
      claim_.emplace(context_.storage, context_.objects, context_.cache, ClaimType::Backup,
                     context_.clock);
    }
    repair_twins();
    find_dead_endings();
    survey_ = survey_for_repair(context_, options_.cancellation, options_.progress);
    report_.bytes_read = survey_.bytes_read;
    heal_manifests();
    const bool alone = is_alone();
    write_index(alone);
    gather_lost();
    store_again();
    if (alone) {
      remove_replaced();
    } else {
      postpone();
    }
    if (!options_.dry_run) context_.index.refresh();
    tell_losses();
    if (!options_.dry_run) {
      context_.index.damage().save();
      if (!report_.is_whole()) said_to_be_nowhere_.clear();
      context_.index.damage().forget(context_.index.packs(), {survey_.whole, said_to_be_nowhere_});
      tidy_expected(context_.storage, context_.objects);
      context_.storage.sync();
      claim_->release();
    }
    return std::move(report_);
  }

 private:
  using Writer = std::optional<ContentWriter>;  // none in a dry run

  void begin(const char* phase) const {
    if (options_.progress != nullptr) options_.progress->begin(phase);
  }
  void action(std::string object, std::string what) {
    report_.actions.push_back({std::move(object), std::move(what)});
  }

  // config and the keys are stored twice in one object: a damaged copy comes from the other.
  void repair_twins() {
    begin("checking keys");
    std::vector<std::string> names{std::string(kConfigName)};
    for (const blob::ObjectInfo& info : key_objects(context_.storage)) {
      if (info.is_file && info.size == 0) {
        dead_.push_back({info.name, "is empty, and was never written whole"});
      } else {
        names.push_back(info.name);
      }
    }
    for (const std::string& name : names) {
      try {
        const TwinBody twin = decode_twin(context_.storage.get(name, kLargestKey), name);
        if (!twin.one_damaged) continue;
        if (!options_.dry_run) context_.storage.put(name, encode_twin(twin.body));
        action(name, "one of its two copies was damaged; restored from the other");
      } catch (const Error& error) {
        if (error.kind() == ErrorKind::NotFound) continue;
        if (error.kind() != ErrorKind::Corrupt) throw;
        report_.beyond_repair.push_back({name, error.message()});
        if (name != kConfigName) dead_.push_back({name, "opens nothing any more"});
      }
    }
    if (!options_.dry_run) context_.storage.sync();
  }

  // Endings that cannot be read end nothing, as if they were not there.
  void find_dead_endings() {
    for (const ObjectId& id : context_.objects.list(ObjectType::Ended)) {
      const std::string name = object_name(ObjectType::Ended, id);
      try {
        decode_ended(context_.objects.get(ObjectType::Ended, id), name);
      } catch (const Error& error) {
        if (error.kind() == ErrorKind::NotFound) continue;
        if (error.kind() != ErrorKind::Corrupt) throw;
        dead_.push_back({name, "cannot be read, and ends no claim"});
      }
    }
  }

  void heal_manifests() {
    begin("checking snapshots");
    const ManifestList list = list_manifests(context_.objects, nullptr);
    if (list.place_is_lost) report_.beyond_repair.push_back(lost_place());
    for (const UnreadableManifest& damaged : list.unreadable) {
      if (!damaged.is_announced) heal_manifest(damaged);
    }
    std::vector<Damage> damaged;
    for (Snapshot& snapshot : read_snapshots(context_.objects, nullptr, &damaged))
      snapshots_.push_back(std::move(snapshot));
  }

  // From what this host remembers, or another copy of this repository has. The damaged one is kept.
  void heal_manifest(const UnreadableManifest& damaged) {
    const std::string name = object_name(ObjectType::Snapshot, damaged.id);
    const auto whole = whole_manifest(damaged.id);
    if (!whole) {
      damaged_manifests_.push_back({name, damaged.message});
      report_.beyond_repair.push_back({name, damaged.message});
      return;
    }
    action(name, damaged.message + "; written again as it was");
    if (options_.dry_run) {
      snapshots_.push_back(decode_manifest(*whole, damaged.id).snapshot);
      return;
    }
    try {
      keep_aside(name);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Corrupt) throw;  // there is nothing of ours to keep
    }
    context_.objects.put(ObjectType::Snapshot, damaged.id, *whole);
    context_.storage.sync();
  }

  std::optional<Bytes> whole_manifest(const ObjectId& id) {
    const auto try_to = [&](const auto& get) -> std::optional<Bytes> {
      try {
        Bytes bytes = get();
        decode_manifest(bytes, id);
        return bytes;
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::NotFound && error.kind() != ErrorKind::Corrupt) throw;
        return std::nullopt;
      }
    };
    auto whole = try_to([&] { return read_manifest(context_.objects, context_.cache, id); });
    if (!whole && options_.from != nullptr)
      whole = try_to([&] { return options_.from->manifest(id); });
    return whole;
  }

  // Content of which no whole pack has a copy that was read.
  void gather_lost() {
    without_ = read_condemned(context_.objects).packs;
    for (const BrokenPack& broken : survey_.broken) without_.insert(broken.pack);
    if (!options_.dry_run) context_.index.refresh();
    context_.index.load_uncovered();
    said_to_be_nowhere_ = context_.index.damage().nowhere();
    for (const BrokenPack& broken : survey_.broken) {
      for (const PieceRecord& piece : broken.damaged) add_lost(piece.kind, piece.id);
      for (const PieceRecord& piece : broken.intact) can_be_read_.insert(piece.id);
    }
    const auto table = context_.index.merged_with_lost();
    const std::set<NamedPack> missing(survey_.missing.begin(), survey_.missing.end());
    if (!missing.empty()) {
      table->for_each([&](std::uint64_t, const IndexRecord& record) {
        if (missing.contains(table->named_pack(record.pack))) add_lost(record.kind, record.id);
      });
    }
    Reachability reachability(
        context_.index.merged_with_lost(), reader_,
        [&](ObjectKind kind, const ObjectId& id, const Error&) { add_lost(kind, id); });
    for (const Snapshot& snapshot : snapshots_) {
      reachability.mark(snapshot, options_.cancellation, nullptr);
    }
    // A wrong place that an index object gave may have looked like damage.
    for (const ObjectId& pack : survey_.whole) context_.index.damage().clear(pack);
    std::erase_if(lost_, [&](const auto& piece) {
      return can_be_read_.contains(piece.first) ||
             context_.index.has(piece.second, piece.first, without_);
    });
    if (options_.dry_run) note_lost();  // before it is found out what could be taken
  }

  // The packs that it was in go, or are gone: nothing else will tell that it is lost.
  void note_lost() {
    for (const auto& [id, kind] : lost_) context_.index.damage().note_nowhere(id);
  }

  void add_lost(ObjectKind kind, const ObjectId& id) {
    if (!context_.index.has(kind, id, without_)) lost_.emplace(id, kind);
  }

  // What can still be read in broken packs, and what another repository has.
  void store_again() {
    begin("storing again what can be read");
    Writer writer;
    if (claim_) writer.emplace(context_, *claim_, without_);
    std::set<ObjectId> stored;
    for (const BrokenPack& broken : survey_.broken) {
      if (options_.cancellation != nullptr) options_.cancellation->check();
      for (const PieceRecord& piece : broken.intact) {
        if (context_.index.has(piece.kind, piece.id, without_)) continue;
        if (!stored.insert(piece.id).second) continue;
        ++report_.pieces_rescued;
        if (writer) writer->copy(piece, reader_.read_coded(broken.pack, piece));
      }
    }
    if (options_.from != nullptr) take_from(*options_.from, writer);
    if (writer) writer->flush();
  }

  void take_from(Repository& other, Writer& writer) {
    take_by_id(other, writer);
    if (lost_.empty()) return;
    // Another repository has other ids for the same content, but cuts files alike.
    other.for_each_data([&](ByteView bytes) {
      if (options_.cancellation != nullptr) options_.cancellation->check();
      const auto found = lost_.find(context_.ids.id(ObjectKind::Data, bytes));
      if (found != lost_.end() && found->second == ObjectKind::Data)
        take(found->first, bytes, writer);
      return !lost_.empty();
    });
  }

  // A copy of this repository has the same ids. What a tree or list that was taken needs may be
  // lost, too, and unknown to any index here.
  void take_by_id(Repository& other, Writer& writer) {
    std::vector<std::pair<ObjectId, ObjectKind>> wanted(lost_.begin(), lost_.end());
    while (!wanted.empty()) {
      const auto [id, kind] = wanted.back();
      wanted.pop_back();
      if (!lost_.contains(id)) continue;
      if (options_.cancellation != nullptr) options_.cancellation->check();
      try {
        const Bytes bytes = other.find(kind, id);
        if (context_.ids.id(kind, bytes) != id) continue;
        take(id, bytes, writer);
        for_each_reference(kind, bytes, [&](ObjectKind needed, const ObjectId& reference) {
          if (can_be_read_.contains(reference) || lost_.contains(reference)) return;
          add_lost(needed, reference);
          if (lost_.contains(reference)) wanted.emplace_back(reference, needed);
        });
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::NotFound && error.kind() != ErrorKind::Corrupt) throw;
      }
    }
  }

  void take(ObjectId id, ByteView bytes, Writer& writer) {
    if (writer) writer->put(lost_.at(id), bytes);
    lost_.erase(id);
    can_be_read_.insert(id);
    ++report_.pieces_taken;
  }

  // The tables of contents of all whole packs, where the index says anything else.
  void write_index(bool alone) {
    for (const Damage& damage : survey_.damaged_index_objects) {
      action(damage.object, "is damaged; its packs are indexed anew");
    }
    for (const NamedPack& pack : survey_.missing) {
      action(object_name(ObjectType::Pack, pack.id), "is missing; taken out of the index");
    }
    report_.index_rebuilt =
        survey_.index_is_wrong() || !survey_.broken.empty() || (survey_.any_unnamed && alone);
    if (!report_.index_rebuilt || options_.dry_run) return;
    begin("writing the index");
    PieceOpener opener(context_.master, context_.sealing);
    std::vector<PackRecords> packs;
    std::size_t pieces = 0;
    const auto write = [&] {
      if (packs.empty()) return;
      context_.storage.sync();
      context_.objects.put(ObjectType::Index, random_id(), encode_index(packs));
      packs.clear();
      pieces = 0;
    };
    for (const ObjectId& pack : survey_.whole) {
      try {
        // Whoever wrote it may have died before making it durable.
        context_.storage.adopt(object_name(ObjectType::Pack, pack));
        packs.push_back(read_toc(context_.storage, opener, pack));
      } catch (const Error& error) {
        if (error.kind() == ErrorKind::NotFound) continue;  // a prune removed it meanwhile
        throw;
      }
      pieces += packs.back().pieces.size();
      if (pieces >= kIndexTarget) write();
    }
    write();
    context_.storage.sync();
  }

  // Whatever is removed from its place may be in use by others that run now.
  bool is_alone() const {
    if (options_.dry_run) return true;
    return std::ranges::all_of(context_.objects.list(ObjectType::Claim),
                               [&](const ObjectId& id) { return id == claim_->id(); });
  }

  void remove_replaced() {
    if (report_.index_rebuilt && !options_.dry_run) {
      for (const ObjectId& id : survey_.index_objects) {
        context_.objects.remove(ObjectType::Index, id);
      }
      context_.storage.sync();
    }
    for (const BrokenPack& broken : survey_.broken) {
      set_aside(object_name(ObjectType::Pack, broken.pack), broken.message);
    }
    for (const Damage& damage : damaged_manifests_) set_aside(damage.object, damage.message);
    for (const Damage& dead : dead_) set_aside(dead.object, dead.message);
  }

  // What has to go, and stays while others may use it.
  void postpone() {
    report_.postponed = report_.index_rebuilt;
    const auto stays = [&](const std::string& object, const std::string& message) {
      report_.postponed = true;
      action(object, message + "; left in its place");
    };
    for (const Damage& damage : survey_.damaged_index_objects) {
      stays(damage.object, damage.message);
    }
    for (const BrokenPack& broken : survey_.broken) {
      stays(object_name(ObjectType::Pack, broken.pack), broken.message);
    }
    for (const Damage& damage : damaged_manifests_) stays(damage.object, damage.message);
    for (const Damage& dead : dead_) stays(dead.object, dead.message);
  }

  // Kept under another name, and durable there, before it goes.
  void set_aside(const std::string& name, const std::string& message) {
    if (!options_.dry_run) {
      try {
        keep_aside(name);
      } catch (const Error& error) {
        if (error.kind() == ErrorKind::NotFound) return;
        if (error.kind() != ErrorKind::Corrupt) throw;
        return remove_impossible(name, error.message());
      }
      context_.storage.remove(name);
      context_.storage.sync();
    }
    action(name, message + "; set aside as " + aside_name(name));
  }

  // Larger than anything that this program writes: nothing of ours is in it. What is no file may be
  // a link to ours, and stays.
  void remove_impossible(const std::string& name, const std::string& message) {
    try {
      (void)context_.storage.info(name);
      context_.storage.remove(name);
      context_.storage.sync();
      action(name, message + "; removed, as no object can be like that");
    } catch (const Error& error) {
      const auto is_this = [&](const Damage& told) { return told.object == name; };
      if (std::ranges::any_of(report_.beyond_repair, is_this)) return;
      report_.beyond_repair.push_back({name, error.message()});
    }
  }

  void keep_aside(const std::string& name) {
    context_.storage.put(aside_name(name), context_.storage.get(name, largest(ObjectType::Pack)));
    context_.storage.sync();
  }

  void tell_losses() {
    if (lost_.empty()) return;
    if (!options_.dry_run) note_lost();
    begin("finding what is affected");
    DamagedContent damaged(reader_);
    for (const auto& [id, kind] : lost_) damaged.add(id);
    for (const Snapshot& snapshot : snapshots_) damaged.find(snapshot, report_.lost);
  }

  const SessionContext& context_;
  const RepairOptions& options_;
  std::optional<OwnClaim> claim_;  // none in a dry run
  ObjectReader reader_;            // without the cache: what is stored counts
  RepairReport report_;
  RepairSurvey survey_;
  IdSet without_;  // packs that are broken, or about to be removed
  std::set<ObjectId> said_to_be_nowhere_;
  std::map<ObjectId, ObjectKind> lost_;  // content that is needed or was there, and is nowhere
  std::set<ObjectId> can_be_read_;
  std::vector<Snapshot> snapshots_;
  std::vector<Damage> damaged_manifests_;
  std::vector<Damage> dead_;  // objects without use to anyone, and why
};

}  // namespace

RepairReport repair(const SessionContext& context, const RepairOptions& options) {
  return Repair(context, options).run();
}

}  // namespace snapferry::repository
