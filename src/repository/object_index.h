#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

#include "repository/condemned.h"
#include "repository/damage_log.h"
#include "repository/index_object.h"
#include "repository/index_table.h"
#include "repository/known_state.h"
#include "repository/pack_list.h"
#include "repository/repository.h"
#include "repository/sealed_object.h"

namespace snapferry::repository {

// A pack that an index object names and that is not stored as it says.
struct LostPack {
  NamedPack named;
  std::optional<std::uint64_t> listed;  // its size in the storage; nullopt: missing
};

// Where every piece of content is: the index objects of the repository, kept locally as
// a few sorted tables so that memory stays constant. Tables found in `directory` are
// used and new ones left there; with an empty directory they are unnamed files. Damaged ones are
// made again, whenever that is noticed.
//
// The index is a convenience. What exists is what the storage lists: the packs are listed once
// when the index is loaded, and at each refresh, and what a table says counts only while its pack
// is listed, and as long as recorded.
//
// Safe from several threads. Borrows the storage and the objects.
class ObjectIndex {
 public:
  ObjectIndex(blob::Storage& storage, SealedObjects& objects, const Key& master, Sealing sealing,
              std::string directory);
  ~ObjectIndex();

  // Whether the content is stored: there is a copy in a pack that is listed as long as recorded
  // and not in `without`, and the copy is not known to be damaged. Looks in what is loaded;
  // loads first if nothing was.
  bool has(ObjectKind kind, const ObjectId& id, const IdSet& without = {});

  // All places where the content may be read, in the order in which to try them: those that
  // count first, then those in packs of another size than recorded or known to be damaged. None in
  // packs that are missing. Loads like has().
  std::vector<Location> copies(ObjectKind kind, const ObjectId& id);

  // Counts how often what copies() answers may have changed.
  std::uint64_t generation() const { return generation_; }

  DamageLog& damage() { return damage_; }

  // Takes in what others added and removed since. Damaged index objects are passed
  // over, and the packs that only they named are read instead.
  void refresh();

  // Reads the tables of contents of the packs that no index object names. For content
  // that is missing otherwise.
  void load_uncovered();

  // What refresh() found damaged.
  std::vector<Damage> damages() const;
  std::vector<ObjectId> damaged_objects() const;

  // Takes in the packs of an index object that was just written.
  void add(const std::vector<PackRecords>& packs, const ObjectId& index_object);

  // Everything in one table, as of the last refresh: what is in packs that are stored as
  // recorded.
  std::shared_ptr<const IndexTable> merged();
  // The same with what is said of other packs.
  std::shared_ptr<const IndexTable> merged_with_lost();

  // The packs that merged() leaves out.
  std::vector<LostPack> lost_packs();

  // Packs in the storage that are not in the index.
  std::vector<blob::ObjectInfo> uncovered_packs();

  // What is listed, as of the last refresh.
  PackList packs();

  // For later backups (known_state.h).
  KnownState state();

 private:
  struct Part {
    std::shared_ptr<const IndexTable> table;
    std::string path;          // empty: unnamed
    std::vector<bool> counts;  // by pack of the table: it is stored as recorded
  };

  template <typename Look>
  auto look(const Look& look_locked);
  template <typename Work>
  auto with_whole_tables_locked(const Work& work);
  void drop_tables_locked();
  bool has_locked(ObjectKind kind, const ObjectId& id, const IdSet& without) const;
  std::vector<Location> copies_locked(ObjectKind kind, const ObjectId& id) const;
  bool is_good(const Part& part, const IndexRecord& record, const IdSet& without) const;
  std::shared_ptr<const IndexTable> merged_whole_locked(bool with_lost);
  std::shared_ptr<const IndexTable> merged_locked(bool with_lost);
  void load_locked();
  void list_packs_locked();
  void weigh(Part& part) const;
  void refresh_locked();
  void read_locked();
  std::vector<ObjectId> list_whole_locked();
  std::vector<Part> open_cached(const IdSet& wanted) const;
  void read_missing(const std::vector<ObjectId>& missing);
  void load_uncovered_locked();
  void append_locked(const std::vector<PackRecords>& packs, const std::vector<ObjectId>& note);
  void merge_small_locked();
  IdSet covered_packs() const;
  std::string new_path() const;
  std::string temporary_directory() const;

  blob::Storage& storage_;
  SealedObjects& objects_;
  const Key master_;
  const Sealing sealing_;
  const std::string directory_;
  DamageLog damage_;
  std::atomic<std::uint64_t> generation_{0};
  mutable std::shared_mutex mutex_;
  PackList packs_;
  bool loaded_ = false;
  std::vector<Part> parts_;
  std::vector<Part> uncovered_;  // from tables of contents; never kept
  std::vector<ObjectId> damaged_;
  std::vector<Damage> damages_;
};

}  // namespace snapferry::repository
