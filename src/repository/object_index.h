#pragma once

#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

#include "repository/condemned.h"
#include "repository/index_object.h"
#include "repository/index_table.h"
#include "repository/repository.h"
#include "repository/sealed_object.h"

namespace snapferry::repository {

// Where every piece of content is: the index objects of the repository, kept locally as
// a few sorted tables so that memory stays constant. Tables found in `directory` are
// used and new ones left there; with an empty directory they are unnamed files.
//
// Safe from several threads. Borrows the storage and the objects.
class ObjectIndex {
 public:
  ObjectIndex(blob::Storage& storage, const SealedObjects& objects, const Key& master,
              Sealing sealing, std::string directory);
  ~ObjectIndex();

  // Looks in what is loaded; loads first if nothing was.
  std::optional<Location> find(ObjectKind kind, const ObjectId& id);

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

  // Everything in one table, as of the last refresh.
  std::shared_ptr<const IndexTable> merged();

  // Packs in the storage that are not in the index.
  std::vector<blob::ObjectInfo> uncovered_packs();

 private:
  struct Part {
    std::shared_ptr<const IndexTable> table;
    std::string path;  // empty: unnamed
  };

  void load_locked();
  void refresh_locked();
  std::vector<Part> open_cached(const IdSet& wanted) const;
  void read_missing(const std::vector<ObjectId>& missing);
  void load_uncovered_locked();
  void append_locked(const std::vector<PackRecords>& packs, const std::vector<ObjectId>& note);
  void merge_small_locked();
  IdSet covered_packs() const;
  std::string new_path() const;
  std::string temporary_directory() const;

  blob::Storage& storage_;
  const SealedObjects& objects_;
  const Key master_;
  const Sealing sealing_;
  const std::string directory_;
  mutable std::shared_mutex mutex_;
  bool loaded_ = false;
  std::vector<Part> parts_;
  std::vector<Part> uncovered_;  // from tables of contents; never kept
  std::vector<ObjectId> damaged_;
  std::vector<Damage> damages_;
};

}  // namespace snapferry::repository
