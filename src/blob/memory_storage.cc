#include "blob/memory_storage.h"

#include <algorithm>

#include "blob/object_name.h"
#include "core/error.h"

namespace snapferry::blob {

MemoryStorage::MemoryStorage(Objects objects, platform::Clock& clock) : clock_(clock) {
  const std::int64_t now = clock_.now().seconds;
  for (auto& [name, bytes] : objects) objects_[name] = {std::move(bytes), now};
}

MemoryStorage::Objects MemoryStorage::objects() const {
  const std::lock_guard lock(mutex_);
  Objects copy;
  for (const auto& [name, object] : objects_) copy.emplace_hint(copy.end(), name, object.bytes);
  return copy;
}

const MemoryStorage::Object& MemoryStorage::find(std::string_view name) const {
  const auto object = objects_.find(name);
  if (object == objects_.end()) {
    throw Error(ErrorKind::NotFound, "memory/" + std::string(name) + ": is not there");
  }
  return object->second;
}

void MemoryStorage::put(std::string_view name, ByteView bytes) {
  check_object_name(name);
  Object object{Bytes(bytes.begin(), bytes.end()), clock_.now().seconds};
  const std::lock_guard lock(mutex_);
  objects_.insert_or_assign(std::string(name), std::move(object));
}

void MemoryStorage::put_new(std::string_view name, ByteView bytes) {
  check_object_name(name);
  Object object{Bytes(bytes.begin(), bytes.end()), clock_.now().seconds};
  const std::lock_guard lock(mutex_);
  if (!objects_.try_emplace(std::string(name), std::move(object)).second) {
    throw Error(ErrorKind::AlreadyExists, "memory/" + std::string(name) + ": is there already");
  }
}

Bytes MemoryStorage::get(std::string_view name, std::uint64_t limit) {
  check_object_name(name);
  const std::lock_guard lock(mutex_);
  const Bytes& bytes = find(name).bytes;
  require_size("memory/" + std::string(name), bytes.size(), limit);
  return bytes;
}

Bytes MemoryStorage::get_range(std::string_view name, std::uint64_t offset, std::size_t length) {
  check_object_name(name);
  const std::lock_guard lock(mutex_);
  const Bytes& bytes = find(name).bytes;
  if (offset > bytes.size() || length > bytes.size() - offset) {
    throw Error(ErrorKind::Corrupt, "memory/" + std::string(name) +
                                        ": ends before what is to be read; it has " +
                                        std::to_string(bytes.size()) + " bytes");
  }
  const auto first = bytes.begin() + static_cast<std::ptrdiff_t>(offset);
  return Bytes(first, first + static_cast<std::ptrdiff_t>(length));
}

Bytes MemoryStorage::get_tail(std::string_view name, std::size_t length) {
  check_object_name(name);
  const std::lock_guard lock(mutex_);
  const Bytes& bytes = find(name).bytes;
  return Bytes(bytes.end() - static_cast<std::ptrdiff_t>(std::min(length, bytes.size())),
               bytes.end());
}

ObjectInfo MemoryStorage::info(std::string_view name) {
  check_object_name(name);
  const std::lock_guard lock(mutex_);
  const Object& object = find(name);
  return {std::string(name), object.bytes.size(), object.modified};
}

std::vector<ObjectInfo> MemoryStorage::list(std::string_view prefix) {
  check_list_prefix(prefix);
  const std::string start = prefix.empty() ? "" : std::string(prefix) + "/";
  const std::lock_guard lock(mutex_);
  std::vector<ObjectInfo> found;
  for (auto object = objects_.lower_bound(start);
       object != objects_.end() && object->first.starts_with(start); ++object) {
    if (prefix.empty() && object->first.find('/') != std::string::npos) continue;
    found.push_back({object->first, object->second.bytes.size(), object->second.modified});
  }
  return found;
}

void MemoryStorage::remove(std::string_view name) {
  check_object_name(name);
  const std::lock_guard lock(mutex_);
  if (const auto object = objects_.find(name); object != objects_.end()) objects_.erase(object);
}

}  // namespace snapferry::blob
