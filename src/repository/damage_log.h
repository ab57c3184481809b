#pragma once

#include <atomic>
#include <cstddef>
#include <map>
#include <set>
#include <shared_mutex>
#include <string>
#include <vector>

#include "repository/damage_record.h"
#include "repository/pack_list.h"
#include "repository/sealed_object.h"

namespace snapferry::repository {

// Which copies of content are known to be damaged, and which content is nowhere: what the records
// of the repository say, and what this process came upon. A copy that is named here does not count
// as stored, so that the next backup stores its content again; it is still read where there is no
// other, and never removed because of what is said here: anyone who can write to the repository can
// say it. What is nowhere is said for those who ask whether a snapshot is sound
// (repository/known_damage.h).
//
// Safe from several threads; lookups cost nothing while there is no damage. Borrows the objects.
class DamageLog {
 public:
  // `directory`: where what cannot be written to the repository is kept; may be empty.
  DamageLog(SealedObjects& objects, std::string directory)
      : objects_(objects), directory_(std::move(directory)) {}

  // Reads what others recorded, and what earlier runs could not. Unreadable records are left out.
  void refresh();

  // A copy was found damaged. Kept by save().
  void note(const ObjectId& pack, const ObjectId& piece);
  // Nothing in the pack can be relied on.
  void note(const ObjectId& pack);
  // The content was wanted, and is nowhere.
  void note_nowhere(const ObjectId& piece);

  // Records in the repository what was noted and is in no record yet; where that fails, in the
  // local directory. Never throws: recording must not fail whoever reads.
  void save() noexcept;

  bool contains(const ObjectId& pack, const ObjectId& piece) const;
  // Whether nothing in the pack can be relied on.
  bool contains(const ObjectId& pack) const;
  bool empty() const { return size_.load(std::memory_order_relaxed) == 0; }
  // How much is known; only grows but for refresh(), clear() and forget().
  std::size_t size() const { return size_.load(std::memory_order_relaxed); }
  // One id for each damaged copy, ascending; for KnownState.
  std::vector<ObjectId> marks() const;
  // What is nowhere is under the pack id of zeros.
  std::vector<DamagedPack> packs() const;
  // All that is said to be nowhere.
  std::set<ObjectId> nowhere() const;

  // Whoever read all of the pack found it whole, whatever was said or noted.
  void clear(const ObjectId& pack);

  // What is true by now.
  struct Disproven {
    std::vector<ObjectId> whole = {};  // packs that were found whole
    // Said to be nowhere before the look that found that nothing is lost that a snapshot needs.
    std::set<ObjectId> nowhere = {};
  };
  // Removes the records of which all packs are gone, and all else is disproven, from the repository
  // and from here.
  void forget(const PackList& present, const Disproven& disproven);

 private:
  using Pieces = std::set<ObjectId>;  // empty: the whole pack
  using Packs = std::map<ObjectId, Pieces>;

  void put(const std::vector<DamagedPack>& packs);
  std::vector<DamagedPack> read_local() const;
  void write_local(const Packs& packs) const;
  void add_locked(const std::vector<DamagedPack>& packs);
  void count_locked();

  SealedObjects& objects_;
  const std::string directory_;
  mutable std::shared_mutex mutex_;
  Packs known_;
  Packs unsaved_;
  std::atomic<std::size_t> size_{0};
};

}  // namespace snapferry::repository
