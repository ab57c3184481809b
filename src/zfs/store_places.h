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
//
// What changes places takes several processes and may end between any two of them. At no time does
// a dataset then count as the replica of another volume (store_layout.h), and whoever comes next
// goes on from there.
class StorePlaces {
 public:
  // Borrows everything.
  StorePlaces(platform::Commands& commands, PoolCalls& calls, const StoreLayout& layout,
              KnownStore& known, Privilege privilege)
      : commands_(commands), calls_(calls), layout_(layout), known_(known), privilege_(privilege) {}

  // All that `dataset` needs between the store and itself. Throws NoSuchStore.
  void make_parents(const std::string& dataset);

  // What follows renames datasets: nobody may receive meanwhile.

  // What stands beside its place, `dataset` or above it, takes its place. Where it cannot (somebody
  // receives below it, or keys are in the way) it stays where it is, and is found there.
  void put_in_place(const std::string& dataset);
  // Whether a parent of others stands beside `place`, as far as is known.
  bool has_waiting(const std::string& place) const;
  // What is below a replica that stands beside its place goes back there, below a parent of others.
  void give_back_below(const std::string& incoming);
  // Gives a replica another name. Those below it are of other volumes, and stay. Throws as
  // `zfs rename` fails; then nothing was done.
  void rename(const std::string& dataset, const std::string& name);
  // Destroys a dataset without snapshots. What is below it stays, below an empty one.
  void destroy_alone(const std::string& dataset);

 private:
  void make_placeholder(const std::string& dataset);
  std::vector<std::string> children_of(const std::string& dataset);
  void run(const std::vector<std::string>& argv);
  void move_below(const std::string& from, const std::string& to);
  void move(const std::vector<std::string>& children, const std::string& from,
            const std::string& to);
  template <class Step>
  void with_it_alone(const std::string& dataset, Step step);
  void take_place(const std::string& incoming);
  void bring_home(const std::string& waiting);

  platform::Commands& commands_;
  PoolCalls& calls_;
  const StoreLayout& layout_;
  KnownStore& known_;
  const Privilege privilege_;
  std::mutex parents_;  // one thread at a time makes parents
};

[[noreturn]] void no_such_store(const StoreLayout& layout);

}  // namespace snapferry::zfs
