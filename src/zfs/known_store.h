#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "zfs/store_layout.h"
#include "zfs/store_listing.h"

namespace snapferry::zfs {

// What listings have told of a store, so that not every call needs one. It may be out of date: the
// kernel checks everything all the same. Safe from several threads.
class KnownStore {
 public:
  // Borrows `layout`.
  explicit KnownStore(const StoreLayout& layout) : layout_(layout) {}

  // Takes the contents of a listing in place of what was known of `root` and below.
  void take(const std::string& root, const StoreContents& contents);

  // Whether it would be known if it were there: a listing covered its place, and nothing has been
  // forgotten of it since.
  bool has_listing_of(const std::string& name) const;
  std::optional<StoreDataset> dataset(const std::string& name) const;
  // The dataset in the place of the volume, or the one that came in beside it.
  std::optional<StoreDataset> replica(const VolumeName& volume) const;
  void remember(StoreDataset dataset);
  void forget(const std::string& name);
  // With what is below it.
  void forget_tree(const std::string& name);

  // Of each replica of the host.
  std::vector<Guid> newest_snapshots(const std::string& host) const;

  // nullopt: the host has none.
  std::optional<UnchangedRecord> memory(const std::string& host) const;
  void remember_memory(const std::string& host, UnchangedRecord record, HostExpectations expected);

  // Those of the hosts that have a memory.
  Expectations expectations() const;

  // Whether something was seen that is encrypted with a key of the store's own: OpenZFS takes no
  // embedded data into such datasets.
  bool encrypts() const;
  void remember_encryption();

  std::string identity() const;  // empty: not known
  void remember_identity(std::string identity);

 private:
  const StoreLayout& layout_;
  mutable std::mutex mutex_;
  std::map<std::string, StoreDataset> datasets_;
  std::set<std::string> listed_;     // the roots of listings
  std::set<std::string> forgotten_;  // what is below them and may be there all the same
  std::map<std::string, UnchangedRecord> memories_;
  Expectations expectations_;
  std::string identity_;
  bool encrypts_ = false;
};

}  // namespace snapferry::zfs
