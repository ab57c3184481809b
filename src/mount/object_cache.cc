#include "mount/object_cache.h"

#include <optional>

namespace snapferry::mount {

ObjectId ObjectCache::key_of(ObjectKind kind, ObjectId id) {
  id.bytes[ObjectId::kSize - 1] ^= static_cast<std::uint8_t>(kind);
  return id;
}

Bytes ObjectCache::get(ObjectKind kind, const ObjectId& id) {
  const ObjectId key = key_of(kind, id);
  std::promise<Shared> promise;
  std::optional<std::shared_future<Shared>> known;
  {
    const std::lock_guard lock(mutex_);
    const auto [place, added] = slots_.try_emplace(key);
    Slot& slot = place->second;
    if (added) {
      slot.object = promise.get_future().share();
      slot.use = uses_.insert(uses_.begin(), key);
    } else {
      uses_.splice(uses_.begin(), uses_, slot.use);
      known = slot.object;
    }
  }
  return known ? *known->get() : *load(kind, id, promise);
}

ObjectCache::Shared ObjectCache::load(ObjectKind kind, const ObjectId& id,
                                      std::promise<Shared>& promise) {
  const ObjectId key = key_of(kind, id);
  try {
    auto object = std::make_shared<const Bytes>(source_.get(kind, id));
    keep(key, object->size());
    promise.set_value(object);
    return object;
  } catch (...) {
    drop(key);
    promise.set_exception(std::current_exception());
    throw;
  }
}

void ObjectCache::drop(const ObjectId& id) {
  const std::lock_guard lock(mutex_);
  const auto found = slots_.find(id);
  uses_.erase(found->second.use);
  slots_.erase(found);
}

void ObjectCache::keep(const ObjectId& id, std::size_t size) {
  const std::lock_guard lock(mutex_);
  // A slot costs about this much beside its bytes.
  constexpr std::size_t kOverhead = 256;
  slots_.at(id).size = size + kOverhead;
  size_ += size + kOverhead;
  for (auto use = uses_.end(); size_ > capacity_ && use != uses_.begin();) {
    const auto slot = slots_.find(*--use);
    if (slot->second.size == 0) continue;
    size_ -= slot->second.size;
    slots_.erase(slot);
    use = uses_.erase(use);
  }
}

}  // namespace snapferry::mount
