#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "platform/command.h"
#include "zfs/known_store.h"
#include "zfs/pool_calls.h"
#include "zfs/replica_safety.h"

namespace snapferry::zfs {

// Datasets of a store that hold no replica but have a place: parents that replicas need, and what
// makes way. Safe from several threads but where it says otherwise.
class StorePlaces {
 public:
  // Borrows everything.
  StorePlaces(platform::Commands& commands, PoolCalls& calls, const StoreLayout& layout,
              KnownStore& known, Privilege privilege)
      : commands_(commands), calls_(calls), layout_(layout), known_(known), privilege_(privilege) {}

  // All that `dataset` needs between the store and itself. Throws NoSuchStore.
  void make_parents(const std::string& dataset);

  // What follows renames datasets: nobody may receive meanwhile.

  // The replica takes the place of the dataset without snapshots that only was there to be a
  // parent. Where it cannot (somebody receives below it, or keys are in the way) it stays where it
  // is, and is found there.
  void put_in_place(const std::string& incoming);
  // What is below a dataset that was renamed goes back to where it was, below an empty one.
  void give_back_children(const std::string& renamed, const std::string& place);
  // Destroys a dataset without snapshots. What is below it stays, below an empty one.
  void destroy_alone(const std::string& dataset);

 private:
  void make_placeholder(const std::string& dataset, const std::string& final_name);
  std::vector<std::string> children_of(const std::string& dataset);
  void move(const std::vector<std::string>& children, const std::string& from,
            const std::string& to);
  void replace(const std::string& dataset, const std::string& successor);

  platform::Commands& commands_;
  PoolCalls& calls_;
  const StoreLayout& layout_;
  KnownStore& known_;
  const Privilege privilege_;
  std::mutex parents_;  // one thread at a time makes parents
};

[[noreturn]] void no_such_store(const StoreLayout& layout);

}  // namespace snapferry::zfs
