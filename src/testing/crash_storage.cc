#include "testing/crash_storage.h"

#include <algorithm>
#include <random>

#include "core/error.h"

namespace snapferry::testing {
namespace {

using Generator = std::mt19937_64;

std::uint64_t below(std::uint64_t bound, Generator& generator) { return generator() % bound; }

Bytes torn(Bytes bytes, Generator& generator) {
  if (bytes.empty()) return bytes;
  const auto kept = bytes.begin() + static_cast<std::ptrdiff_t>(below(bytes.size(), generator));
  switch (below(3, generator)) {
    case 0:
      bytes.erase(kept, bytes.end());
      break;
    case 1:
      std::fill(kept, bytes.end(), 0);
      break;
    default:
      std::generate(kept, bytes.end(), [&] { return static_cast<std::uint8_t>(generator()); });
  }
  return bytes;
}

CrashPolicy policy_of_change(CrashPolicy policy, Generator& generator) {
  if (policy != CrashPolicy::Random) return policy;
  constexpr CrashPolicy kChoices[] = {CrashPolicy::KeepAll, CrashPolicy::DropAll,
                                      CrashPolicy::TearAll};
  return kChoices[below(3, generator)];
}

Error power_lost_error() { return Error(ErrorKind::Unavailable, "crashing memory: power lost"); }

}  // namespace

CrashStorage::CrashStorage(Objects durable, PowerLoss power_loss)
    : power_loss_(power_loss), current_(durable), durable_(std::move(durable)) {}

CrashStorage::Objects CrashStorage::crash(CrashPolicy policy, std::uint64_t seed) const {
  const std::lock_guard lock(mutex_);
  Generator generator(seed);
  Objects left = durable_;
  for (const Change& change : unsynced_) {
    const CrashPolicy fate = policy_of_change(policy, generator);
    if (fate == CrashPolicy::DropAll) continue;
    if (!change.bytes) {
      left.erase(change.name);
    } else {
      left[change.name] =
          fate == CrashPolicy::TearAll ? torn(*change.bytes, generator) : *change.bytes;
    }
  }
  return left;
}

std::uint64_t CrashStorage::operations() const {
  const std::lock_guard lock(mutex_);
  return operations_;
}

std::uint64_t CrashStorage::syncs() const {
  const std::lock_guard lock(mutex_);
  return syncs_;
}

bool CrashStorage::power_lost() const {
  const std::lock_guard lock(mutex_);
  return power_lost_;
}

CrashStorage::Power CrashStorage::begin(Verb verb) {
  ++operations_;
  if (verb == Verb::Sync) ++syncs_;
  if (power_lost_) throw power_lost_error();
  const bool fails = (power_loss_.at_operation != 0 && operations_ >= power_loss_.at_operation) ||
                     (power_loss_.at_sync != 0 && syncs_ >= power_loss_.at_sync);
  return fails ? Power::FailsNow : Power::On;
}

void CrashStorage::lose_power() {
  power_lost_ = true;
  throw power_lost_error();
}

void CrashStorage::put(std::string_view name, ByteView bytes) {
  const std::lock_guard lock(mutex_);
  const Power power = begin(Verb::Put);
  current_.put(name, bytes);
  unsynced_.push_back({std::string(name), Bytes(bytes.begin(), bytes.end())});
  if (power == Power::FailsNow) lose_power();
}

void CrashStorage::put_new(std::string_view name, ByteView bytes) {
  const std::lock_guard lock(mutex_);
  const Power power = begin(Verb::PutNew);
  current_.put_new(name, bytes);
  unsynced_.push_back({std::string(name), Bytes(bytes.begin(), bytes.end())});
  if (power == Power::FailsNow) lose_power();
}

Bytes CrashStorage::get(std::string_view name, std::uint64_t limit) {
  const std::lock_guard lock(mutex_);
  if (begin(Verb::Get) == Power::FailsNow) lose_power();
  return current_.get(name, limit);
}

Bytes CrashStorage::get_range(std::string_view name, std::uint64_t offset, std::size_t length) {
  const std::lock_guard lock(mutex_);
  if (begin(Verb::GetRange) == Power::FailsNow) lose_power();
  return current_.get_range(name, offset, length);
}

Bytes CrashStorage::get_tail(std::string_view name, std::size_t length) {
  const std::lock_guard lock(mutex_);
  if (begin(Verb::GetTail) == Power::FailsNow) lose_power();
  return current_.get_tail(name, length);
}

blob::ObjectInfo CrashStorage::info(std::string_view name) {
  const std::lock_guard lock(mutex_);
  if (begin(Verb::Info) == Power::FailsNow) lose_power();
  return current_.info(name);
}

std::vector<blob::ObjectInfo> CrashStorage::list(std::string_view prefix) {
  const std::lock_guard lock(mutex_);
  if (begin(Verb::List) == Power::FailsNow) lose_power();
  return current_.list(prefix);
}

void CrashStorage::remove(std::string_view name) {
  const std::lock_guard lock(mutex_);
  const Power power = begin(Verb::Remove);
  current_.remove(name);
  unsynced_.push_back({std::string(name), std::nullopt});
  if (power == Power::FailsNow) lose_power();
}

// What another instance put was lost or kept when that one crashed; here it is durable.
void CrashStorage::adopt(std::string_view name) {
  const std::lock_guard lock(mutex_);
  const Power power = begin(Verb::Adopt);
  current_.adopt(name);
  if (power == Power::FailsNow) lose_power();
}

void CrashStorage::sync() {
  const std::lock_guard lock(mutex_);
  if (begin(Verb::Sync) == Power::FailsNow) lose_power();
  for (Change& change : unsynced_) {
    if (change.bytes) {
      durable_[change.name] = std::move(*change.bytes);
    } else {
      durable_.erase(change.name);
    }
  }
  unsynced_.clear();
}

}  // namespace snapferry::testing
