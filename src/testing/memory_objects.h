#pragma once

#include <cstddef>
#include <mutex>
#include <unordered_map>

#include "core/object_store.h"

namespace snapferry::testing {

// Content in memory, addressed by a hash of kind and bytes. Safe from several threads.
class MemoryObjects : public ObjectSink, public ObjectSource {
 public:
  ObjectId id_of(ObjectKind kind, ByteView bytes) const override { return hash_of(kind, bytes); }
  std::vector<ObjectRef> missing(std::span<const ObjectRef> objects) override;
  // Throws InvalidArgument for more than kMaxObjectSize bytes.
  ObjectId put(ObjectKind kind, ByteView bytes) override;
  void settle() override {}
  // True once something was erased.
  bool any_lost() const override;
  // Throws NotFound.
  Bytes get(ObjectKind kind, const ObjectId& id) override;

  // The id that all of these give.
  static ObjectId hash_of(ObjectKind kind, ByteView bytes);

  bool contains(ObjectKind kind, const ObjectId& id) const;
  // Forgets an object, so that reading it throws NotFound; no error if it is not there.
  void erase(const ObjectId& id);
  // Puts other bytes behind `id`, as damage that nobody noticed would.
  void replace(ObjectKind kind, const ObjectId& id, ByteView bytes);

  // Calls of put(), and their bytes, since the last reset_counters(); of these, what was new.
  std::size_t puts() const;
  std::size_t puts(ObjectKind kind) const;
  std::size_t new_objects() const;
  std::uint64_t put_bytes() const;
  std::uint64_t new_bytes() const;
  // Calls of get() since then.
  std::size_t gets() const;
  std::size_t gets(ObjectKind kind) const;
  void reset_counters();

  // Objects held now.
  std::size_t size() const;

 private:
  static constexpr std::size_t kKinds = 4;  // indexed by ObjectKind, 0 unused

  struct Object {
    ObjectKind kind;
    Bytes bytes;
  };
  struct Counters {
    std::size_t puts[kKinds] = {};
    std::size_t gets[kKinds] = {};
    std::size_t new_objects = 0;
    std::uint64_t put_bytes = 0;
    std::uint64_t new_bytes = 0;
  };

  mutable std::mutex mutex_;
  std::unordered_map<ObjectId, Object, ObjectIdHash> objects_;
  Counters counters_;
  bool any_lost_ = false;
};

}  // namespace snapferry::testing
