#pragma once

#include <mutex>
#include <optional>

#include "blob/memory_storage.h"
#include "testing/observed_storage.h"

namespace snapferry::testing {

// What becomes of a change that was not synced when the power goes.
enum class CrashPolicy {
  KeepAll,
  DropAll,
  TearAll,  // objects are cut, filled with zeros or with garbage from some byte on;
            // removals are kept
  Random,   // for each change one of these
};

struct PowerLoss {
  std::uint64_t at_operation = 0;  // counting all calls, from 1 on; 0: never
  std::uint64_t at_sync = 0;       // counting sync() only; 0: never
};

// Objects in memory that know what a loss of power may leave of them. A put or remove
// is durable after the next sync(); the call during which the power is lost may have
// taken effect, a sync not. Then that call and all later ones throw Unavailable, "power
// lost". Safe from several threads.
class CrashStorage : public blob::Storage {
 public:
  using Objects = blob::MemoryStorage::Objects;

  explicit CrashStorage(Objects durable = {}, PowerLoss power_loss = {});

  // What is there after the power went now, or when it did. The same `seed` gives the
  // same result. Changes nothing.
  Objects crash(CrashPolicy policy, std::uint64_t seed) const;

  // Calls so far, the failed ones with them.
  std::uint64_t operations() const;
  std::uint64_t syncs() const;
  bool power_lost() const;

  std::string description() const override { return "crashing memory"; }
  void put(std::string_view name, ByteView bytes) override;
  void put_new(std::string_view name, ByteView bytes) override;
  Bytes get(std::string_view name, std::uint64_t limit = kNoLimit) override;
  Bytes get_range(std::string_view name, std::uint64_t offset, std::size_t length) override;
  Bytes get_tail(std::string_view name, std::size_t length) override;
  blob::ObjectInfo info(std::string_view name) override;
  std::vector<blob::ObjectInfo> list(std::string_view prefix) override;
  bool has_place(std::string_view) override { return true; }
  void make_place(std::string_view) override {}
  void remove(std::string_view name) override;
  void adopt(std::string_view name) override;
  void sync() override;

 private:
  struct Change {
    std::string name;
    std::optional<Bytes> bytes;  // nullopt: removed
  };
  enum class Power { On, FailsNow };

  // Counts a call, with the lock held. Throws if the power is lost already.
  Power begin(Verb verb);
  [[noreturn]] void lose_power();

  const PowerLoss power_loss_;
  mutable std::mutex mutex_;
  blob::MemoryStorage current_;
  Objects durable_;
  std::vector<Change> unsynced_;  // oldest first
  std::uint64_t operations_ = 0;
  std::uint64_t syncs_ = 0;
  bool power_lost_ = false;
};

}  // namespace snapferry::testing
