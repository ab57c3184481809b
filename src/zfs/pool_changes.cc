#include "zfs/pool_changes.h"

#include <cerrno>
#include <set>
#include <system_error>

namespace snapferry::zfs {
namespace {

using Items = std::vector<PoolItem>;

// Bounds what the kernel does in one transaction group.
constexpr std::size_t kMostAtOnce = 1000;

// Items of one pool, of which no name is there twice.
struct Batch {
  Items items;
  std::set<std::string> names;

  bool takes(const PoolItem& item) const {
    return items.size() < kMostAtOnce && names.count(item.name) == 0;
  }
  void add(const PoolItem& item) {
    items.push_back(item);
    names.insert(item.name);
  }
};

std::vector<Batch> batches_of(const Items& items) {
  std::map<std::string, std::vector<Batch>> pools;
  for (const auto& item : items) {
    auto& batches = pools[item.name.substr(0, item.name.find_first_of("/@#"))];
    if (batches.empty() || !batches.back().takes(item)) batches.emplace_back();
    batches.back().add(item);
  }
  std::vector<Batch> all;
  for (auto& [pool, batches] : pools) {
    for (auto& batch : batches) all.push_back(std::move(batch));
  }
  return all;
}

class Changer {
 public:
  Changer(PoolCalls& calls, PoolChange change) : calls_(calls), change_(change) {}

  std::vector<RefusedItem> change_all(const Items& items) {
    for (auto& batch : batches_of(items)) change_batch(std::move(batch.items));
    return std::move(refused_);
  }

 private:
  void change_batch(Items items) {
    while (!items.empty()) {
      const auto outcome = calls_.change(change_, items);
      const auto before = items.size();
      std::erase_if(items, [&](const PoolItem& item) {
        const auto found = outcome.errors.find(item.name);
        if (found == outcome.errors.end()) return false;
        refused_.push_back({item, found->second});
        return true;
      });
      if (outcome.error == 0) return;
      if (items.size() == before) return change_each(items, outcome.error);
    }
  }

  // Nobody says which of them is to blame: without the right for one all are refused.
  void change_each(const Items& items, int error) {
    if (items.size() == 1) return refused_.push_back({items.front(), error});
    for (const auto& item : items) change_batch({item});
  }

  PoolCalls& calls_;
  const PoolChange change_;
  std::vector<RefusedItem> refused_;
};

std::string_view action(PoolChange change) {
  switch (change) {
    case PoolChange::Snapshot:
      return "taken";
    case PoolChange::Hold:
      return "held";
    case PoolChange::Bookmark:
      return "made";
    case PoolChange::Release:
      return "released";
    case PoolChange::DestroySnapshots:
    case PoolChange::DestroyBookmarks:
      return "destroyed";
  }
  return "changed";
}

// As libzfs says it (lib/libzfs/libzfs_util.c).
std::string cause_of(int error) {
  switch (error) {
    case EPERM:
    case EACCES:
      return "permission denied; run it as root, or grant it with zfs allow";
    case EROFS:
      return "the pool is read-only; import it writable, then run it again";
    case ENOSPC:
    case EDQUOT:
      return "out of space; free some, then run it again";
    case ENOENT:
      return "it is not there any more; run it again";
    case EBUSY:
      return "it is held or in use; zfs holds shows by whom";
    case EEXIST:
      return "it has clones; zfs get clones shows them";
    default:
      return std::generic_category().message(error);
  }
}

}  // namespace

std::vector<RefusedItem> change_all(PoolCalls& calls, PoolChange change, const Items& items) {
  return Changer(calls, change).change_all(items);
}

std::string refusal(PoolChange change, const RefusedItem& refused) {
  return pool_error(refused.error, action(change), refused.item.name).message();
}

Error pool_error(int number, std::string_view action, const std::string& name) {
  Error error(system_error(number, action, name).kind(),
              name + ": cannot be " + std::string(action) + ": " + cause_of(number));
  error.with_errno(number);
  return error;
}

}  // namespace snapferry::zfs
