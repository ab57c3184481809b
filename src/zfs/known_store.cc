#include "zfs/known_store.h"

#include <algorithm>
#include <utility>

namespace snapferry::zfs {
namespace {

bool is_within(const std::string& name, const std::string& root) {
  return name == root || name.starts_with(root + "/");
}

void erase_tree(std::map<std::string, StoreDataset>& datasets, const std::string& root) {
  std::erase_if(datasets, [&](const auto& known) { return is_within(known.first, root); });
}

template <typename Value>
std::optional<Value> find(const std::map<std::string, Value>& values, const std::string& name) {
  const auto found = values.find(name);
  return found == values.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace

void KnownStore::take(const std::string& root, const StoreContents& contents) {
  const std::scoped_lock lock(mutex_);
  if (!contents.identity.empty()) identity_ = contents.identity;
  encrypts_ |= contents.encrypts;
  listed_.insert(root);
  std::erase_if(forgotten_, [&](const std::string& name) { return is_within(name, root); });
  erase_tree(datasets_, root);
  for (const auto& [name, dataset] : contents.datasets) datasets_[name] = dataset;
  for (const auto& [host, memory] : contents.memories) memories_[host] = memory;
  for (const auto& [host, expected] : contents.expectations) expectations_[host] = expected;
}

bool KnownStore::has_listing_of(const std::string& name) const {
  const std::scoped_lock lock(mutex_);
  const auto covers = [&](const std::string& root) { return is_within(name, root); };
  return std::ranges::any_of(listed_, covers) && std::ranges::none_of(forgotten_, covers);
}

std::optional<StoreDataset> KnownStore::dataset(const std::string& name) const {
  const std::scoped_lock lock(mutex_);
  return find(datasets_, name);
}

std::optional<StoreDataset> KnownStore::replica(const VolumeName& volume) const {
  const std::scoped_lock lock(mutex_);
  auto in_place = find(datasets_, layout_.replica(volume));
  if (in_place && !in_place->placeholder) return in_place;
  for (const auto& [name, dataset] : datasets_) {
    if (is_incoming(name) && !dataset.placeholder && layout_.volume_of(name) == volume) {
      return dataset;
    }
  }
  return in_place;
}

void KnownStore::remember(StoreDataset dataset) {
  const std::scoped_lock lock(mutex_);
  auto name = dataset.name;
  forgotten_.erase(name);
  datasets_[std::move(name)] = std::move(dataset);
}

void KnownStore::forget(const std::string& name) {
  const std::scoped_lock lock(mutex_);
  datasets_.erase(name);
  forgotten_.insert(name);
}

void KnownStore::forget_tree(const std::string& name) {
  const std::scoped_lock lock(mutex_);
  erase_tree(datasets_, name);
  forgotten_.insert(name);
}

std::vector<Guid> KnownStore::newest_snapshots(const std::string& host) const {
  const std::scoped_lock lock(mutex_);
  std::vector<Guid> newest;
  for (const auto& [name, dataset] : datasets_) {
    if (dataset.points.empty() || !is_within(name, layout_.host_dataset(host))) continue;
    newest.push_back(dataset.points.back().guid);
  }
  return newest;
}

std::optional<UnchangedRecord> KnownStore::memory(const std::string& host) const {
  const std::scoped_lock lock(mutex_);
  return find(memories_, host);
}

void KnownStore::remember_memory(const std::string& host, UnchangedRecord record,
                                 HostExpectations expected) {
  const std::scoped_lock lock(mutex_);
  memories_[host] = std::move(record);
  expectations_[host] = std::move(expected);
}

Expectations KnownStore::expectations() const {
  const std::scoped_lock lock(mutex_);
  return expectations_;
}

bool KnownStore::encrypts() const {
  const std::scoped_lock lock(mutex_);
  return encrypts_;
}

void KnownStore::remember_encryption() {
  const std::scoped_lock lock(mutex_);
  encrypts_ = true;
}

std::string KnownStore::identity() const {
  const std::scoped_lock lock(mutex_);
  return identity_;
}

void KnownStore::remember_identity(std::string identity) {
  const std::scoped_lock lock(mutex_);
  identity_ = std::move(identity);
}

}  // namespace snapferry::zfs
