#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/store.h"
#include "core/store_address.h"
#include "stores/known_stores.h"
#include "stores/surroundings.h"

namespace snapferry::stores {

// The one path of a directory, whatever symlinks lead to it, and also while it or what they lead to
// is not there, as when its disk is not mounted.
std::string settled_path(const std::string& path);

// Where the filesystem is mounted that `directory`, a settled path, is on or would be; of a btrfs
// subvolume its root.
std::string mount_point_of(const std::string& directory);

// Whether the store at an address is the one that was seen there: whoever can write to a disk, and
// any disk that is not mounted, puts another one, or none, in its place. What was seen is a
// convenience of this user's cache: without it every store counts as new. Throws Error as said, and
// nothing for the cache.
class StoreRecognition {
 public:
  static StoreRecognition of_repository(const Surroundings& surroundings,
                                        const std::string& directory);
  static StoreRecognition of_native(const Surroundings& surroundings, const StoreAddress& address);

  // Throws Conflict where another store was seen here, or an encrypted one and this is not, unless
  // that is accepted (Surroundings). Before the password is asked for, or anything written.
  void require_familiar(const std::string& identity, SeenStore::Protection protection) const;

  // From now on this store is familiar here.
  void remember(const std::string& identity, SeenStore::Protection protection) const;

  // Both, of a native store.
  void recognise(const std::string& identity) const;

  // The error where there is no store: what was seen here, or `unknown`.
  NoSuchStore missing(const std::string& unknown) const;

  // Throws Conflict where a store was seen here, on a disk that is not mounted now: one that is
  // made now would be in its mount point. Not where that is accepted.
  void require_mounted() const;

 private:
  // For messages the store is `name`; "" for the directory of one that is none of this machine.
  StoreRecognition(const Surroundings& surroundings, std::string name, const std::string& address,
                   const std::string& directory);

  const bool is_accepted_;
  const std::string name_;
  const std::string address_;
  const std::string directory_;
  const KnownStores known_;
  const std::vector<SeenStore> seen_;
};

// What every command does with a native store: throws Conflict as require_familiar() does, or
// NoSuchStore; otherwise remembers it.
void recognise_native(const Surroundings& surroundings, const StoreAddress& address, Store& store);

}  // namespace snapferry::stores
