#pragma once

#include <map>
#include <mutex>

#include "blob/storage.h"
#include "platform/clock.h"

namespace snapferry::blob {

// Objects in the memory of this process: everything is durable as long as it lives.
class MemoryStorage : public Storage {
 public:
  using Objects = std::map<std::string, Bytes, std::less<>>;

  // `clock` gives the times of objects; it is borrowed.
  explicit MemoryStorage(platform::Clock& clock = platform::system_clock()) : clock_(clock) {}
  explicit MemoryStorage(Objects objects, platform::Clock& clock = platform::system_clock());

  // A copy of everything that is there now.
  Objects objects() const;

  std::string description() const override { return "memory"; }
  void put(std::string_view name, ByteView bytes) override;
  void put_new(std::string_view name, ByteView bytes) override;
  Bytes get(std::string_view name, std::uint64_t limit = kNoLimit) override;
  Bytes get_range(std::string_view name, std::uint64_t offset, std::size_t length) override;
  Bytes get_tail(std::string_view name, std::size_t length) override;
  ObjectInfo info(std::string_view name) override;
  // An empty prefix lists the names of one part.
  std::vector<ObjectInfo> list(std::string_view prefix) override;
  bool has_place(std::string_view) override { return true; }
  void make_place(std::string_view) override {}
  void remove(std::string_view name) override;
  void adopt(std::string_view name) override { (void)info(name); }
  void sync() override {}

 private:
  struct Object {
    Bytes bytes;
    std::int64_t modified = 0;
  };

  // Called with the lock held. Throws NotFound.
  const Object& find(std::string_view name) const;

  platform::Clock& clock_;
  mutable std::mutex mutex_;
  std::map<std::string, Object, std::less<>> objects_;
};

}  // namespace snapferry::blob
