#include "testing/memory_objects.h"

#include <numeric>
#include <string>

#include <xxhash.h>

#include "core/error.h"

namespace snapferry::testing {

ObjectId MemoryObjects::hash_of(ObjectKind kind, ByteView bytes) {
  ObjectId id;
  for (std::uint64_t half = 0; half < 2; ++half) {
    const std::uint64_t seed = static_cast<std::uint64_t>(kind) << 1 | half;
    XXH128_canonical_t hash;
    XXH128_canonicalFromHash(&hash, XXH3_128bits_withSeed(bytes.data(), bytes.size(), seed));
    std::memcpy(id.bytes.data() + half * sizeof hash, &hash, sizeof hash);
  }
  return id;
}

ObjectId MemoryObjects::put(ObjectKind kind, ByteView bytes) {
  if (bytes.size() > kMaxObjectSize) {
    throw Error(ErrorKind::InvalidArgument,
                "object: has " + std::to_string(bytes.size()) + " bytes, more than one may have");
  }
  const ObjectId id = id_of(kind, bytes);
  const std::lock_guard lock(mutex_);
  ++counters_.puts[static_cast<std::size_t>(kind)];
  counters_.put_bytes += bytes.size();
  const auto [object, added] = objects_.try_emplace(id, Object{kind, {}});
  if (added) {
    object->second.bytes.assign(bytes.begin(), bytes.end());
    ++counters_.new_objects;
    counters_.new_bytes += bytes.size();
  }
  return id;
}

Bytes MemoryObjects::get(ObjectKind kind, const ObjectId& id) {
  const std::lock_guard lock(mutex_);
  ++counters_.gets[static_cast<std::size_t>(kind)];
  const auto object = objects_.find(id);
  if (object == objects_.end() || object->second.kind != kind) {
    throw Error(ErrorKind::NotFound, "object " + id.short_hex() + ": is not there");
  }
  return object->second.bytes;
}

bool MemoryObjects::contains(ObjectKind kind, const ObjectId& id) const {
  const std::lock_guard lock(mutex_);
  const auto object = objects_.find(id);
  return object != objects_.end() && object->second.kind == kind;
}

bool MemoryObjects::any_lost() const {
  const std::lock_guard lock(mutex_);
  return any_lost_;
}

std::vector<ObjectRef> MemoryObjects::missing(std::span<const ObjectRef> objects) {
  std::vector<ObjectRef> missing;
  for (const ObjectRef& object : objects) {
    if (!contains(object.kind, object.id)) missing.push_back(object);
  }
  return missing;
}

void MemoryObjects::erase(const ObjectId& id) {
  const std::lock_guard lock(mutex_);
  any_lost_ = true;
  objects_.erase(id);
}

void MemoryObjects::replace(ObjectKind kind, const ObjectId& id, ByteView bytes) {
  const std::lock_guard lock(mutex_);
  objects_.insert_or_assign(id, Object{kind, Bytes(bytes.begin(), bytes.end())});
}

std::size_t MemoryObjects::puts() const {
  const std::lock_guard lock(mutex_);
  return std::accumulate(counters_.puts, counters_.puts + kKinds, std::size_t{0});
}

std::size_t MemoryObjects::puts(ObjectKind kind) const {
  const std::lock_guard lock(mutex_);
  return counters_.puts[static_cast<std::size_t>(kind)];
}

std::size_t MemoryObjects::new_objects() const {
  const std::lock_guard lock(mutex_);
  return counters_.new_objects;
}

std::uint64_t MemoryObjects::put_bytes() const {
  const std::lock_guard lock(mutex_);
  return counters_.put_bytes;
}

std::uint64_t MemoryObjects::new_bytes() const {
  const std::lock_guard lock(mutex_);
  return counters_.new_bytes;
}

std::size_t MemoryObjects::gets() const {
  const std::lock_guard lock(mutex_);
  return std::accumulate(counters_.gets, counters_.gets + kKinds, std::size_t{0});
}

std::size_t MemoryObjects::gets(ObjectKind kind) const {
  const std::lock_guard lock(mutex_);
  return counters_.gets[static_cast<std::size_t>(kind)];
}

void MemoryObjects::reset_counters() {
  const std::lock_guard lock(mutex_);
  counters_ = {};
}

std::size_t MemoryObjects::size() const {
  const std::lock_guard lock(mutex_);
  return objects_.size();
}

}  // namespace snapferry::testing
