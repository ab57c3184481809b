// Repository::create: FORMAT.md, "init".

#include <algorithm>
#include <vector>

#include "core/error.h"
#include "platform/process_identity.h"
#include "repository/config.h"
#include "repository/key_ring.h"
#include "repository/object_name.h"
#include "repository/put_back_head.h"
#include "repository/repository.h"
#include "repository/spare.h"

namespace snapferry::repository {
namespace {

[[noreturn]] void fail_as_there(const blob::Storage& storage) {
  throw Error(
      ErrorKind::AlreadyExists,
      storage.description() + ": holds a repository already; use it, or choose another directory");
}

// Removes an empty config, which says nothing, and which a crash leaves on some storages.
void require_no_config(blob::Storage& storage) {
  try {
    if (storage.info(kConfigName).size != 0) fail_as_there(storage);
    storage.remove(kConfigName);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::NotFound) throw;
  }
}

// I1: without one of these there is nothing that a new config could make unreadable.
void require_nothing_stored(blob::Storage& storage) {
  for (const std::string_view directory :
       {"packs", "index", "snapshots", "condemned", "ended", "damaged"}) {
    if (storage.list(directory).empty()) continue;
    throw Error(ErrorKind::Corrupt,
                storage.description() + ": holds a repository that has lost its file 'config'" +
                    std::string(kHowToPutBack) + ", or choose another directory");
  }
}

Key random_key() {
  Key key;
  random_bytes(key.data(), Key::kSize);
  return key;
}

bool same(const Key& one, const Key& other) { return std::ranges::equal(one.view(), other.view()); }

KeySlot make_slot(const Key& master, const CreateOptions& options) {
  const Timestamp now = platform::system_clock().now();
  if (options.encryption == Encryption::None) return make_clear_slot(master, now);
  const KeyCost cost = options.weak_key_derivation ? kWeakKeyCost : KeyCost{};
  return make_password_slot(master, options.password, cost, platform::host_name(), now);
}

}  // namespace

ObjectId Repository::create(blob::Storage& storage, const CreateOptions& options) {
  const bool encrypt = options.encryption == Encryption::Password;
  if (encrypt && options.password.empty()) {
    throw Error(ErrorKind::InvalidArgument, "the password: is empty; choose one");
  }
  const Sealing sealing = encrypt ? Sealing::Encrypt : Sealing::Authenticate;
  require_no_config(storage);
  require_nothing_stored(storage);
  const std::vector<OpenedKey> left =
      open_all(read_slots(storage).slots, sealing, options.password);
  const Key master = left.empty() ? random_key() : left.front().master;
  const ObjectId id = random_id();
  const std::string own = store_slot(storage, master, make_slot(master, options));
  try {
    storage.put_new(kConfigName, encode_config({id, sealing}, master));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::AlreadyExists) throw;  // nobody knows: the slot may be needed
    storage.remove(std::string(kKeyDirectory) + "/" + own);
    storage.sync();
    fail_as_there(storage);
  }
  // From now on it is missed.
  storage.make_place(directory_of(ObjectType::Snapshot));
  storage.sync();
  for (const OpenedKey& key : left) {
    // Says what the own one says.
    if (same(key.master, master)) storage.remove(std::string(kKeyDirectory) + "/" + key.id);
  }
  if (!left.empty()) storage.sync();
  keep_spare(storage);
  return id;
}

}  // namespace snapferry::repository
