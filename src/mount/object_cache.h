#pragma once

#include <future>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "core/object_store.h"

namespace snapferry::mount {

// Keeps the objects read last, so that a file read in small pieces, by several threads
// at once as the kernel reads ahead, costs one reading of each chunk. Passes errors on
// and forgets them. Borrows the source. Safe from several threads at once.
class ObjectCache : public ObjectSource {
 public:
  // Holds at most `capacity` bytes, and beyond that what is being read.
  ObjectCache(ObjectSource& source, std::size_t capacity) : source_(source), capacity_(capacity) {}

  Bytes get(ObjectKind kind, const ObjectId& id) override;

 private:
  using Shared = std::shared_ptr<const Bytes>;
  struct Slot {
    std::shared_future<Shared> object;
    std::size_t size = 0;  // 0 while it is being read
    std::list<ObjectId>::iterator use;
  };
  using Slots = std::unordered_map<ObjectId, Slot, ObjectIdHash>;

  Shared load(ObjectKind kind, const ObjectId& id, std::promise<Shared>& promise);
  void drop(const ObjectId& id);
  void keep(const ObjectId& id, std::size_t size);
  // The kind is part of what an id authenticates, but not every source checks that.
  static ObjectId key_of(ObjectKind kind, ObjectId id);

  ObjectSource& source_;
  const std::size_t capacity_;
  std::mutex mutex_;
  Slots slots_;
  std::list<ObjectId> uses_;  // the latest first
  std::size_t size_ = 0;
};

}  // namespace snapferry::mount
