#pragma once

#include "blob/storage.h"
#include "repository/crypto.h"
#include "repository/object_name.h"

namespace snapferry::repository {

// Magic, version, type, nonce, codec, plain length and tag: what is shorter was torn by a loss of
// power and holds nothing.
inline constexpr std::size_t kSmallestSealed = 4 + 1 + 1 + 12 + 1 + 4 + kTagSize;
inline bool is_torn(const blob::ObjectInfo& sealed) {
  return sealed.is_file && sealed.size < kSmallestSealed;
}

// Reads and writes the `sealed` objects of FORMAT.md, which are all but packs, keys and the config.
// Borrows the storage. Safe from several threads.
class SealedObjects {
 public:
  SealedObjects(blob::Storage& storage, const Key& master, Sealing sealing)
      : storage_(storage), master_(master), sealing_(sealing) {}

  void put(ObjectType type, const ObjectId& id, ByteView plain);

  // Throws NotFound, or Corrupt naming the object.
  Bytes get(ObjectType type, const ObjectId& id) const;

  // The ids of all objects of the type, and of what is in the place of one and no file: that is
  // damage, as get() says, but where a record proves nothing, and is left out. So are names that
  // are no ids.
  std::vector<ObjectId> list(ObjectType type) const;

  // The same with sizes and times, in no order.
  std::vector<blob::ObjectInfo> infos(ObjectType type) const;

  // Whether there is a place for objects of the type, as blob::Storage::has_place() says.
  bool has_place(ObjectType type) const { return storage_.has_place(directory_of(type)); }

  void remove(ObjectType type, const ObjectId& id);

 private:
  Key key(ObjectType type, const ObjectId& id) const;

  blob::Storage& storage_;
  const Key master_;
  const Sealing sealing_;
};

// The bytes of a sealed object and back; for tests and fuzzing without a storage.
Bytes seal_object(const Key& key, Sealing sealing, ObjectType type, std::string_view name,
                  ByteView plain);
Bytes open_object(const Key& key, Sealing sealing, ObjectType type, std::string_view name,
                  ByteView sealed);

}  // namespace snapferry::repository
