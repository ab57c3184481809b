#pragma once

#include <vector>

#include "core/error.h"
#include "repository/object_index.h"
#include "repository/pack.h"
#include "repository/sealed_object.h"

namespace snapferry::repository {

// Makes room on a full storage for the few small objects without which nothing can be removed: the
// spare goes first (spare.h), then index objects, the smallest first, of which it keeps what they
// say in memory until there is room again. The index is a convenience (FORMAT.md, "Index objects"):
// packs tell the same, if this process dies before that.
class RoomMaker {
 public:
  RoomMaker(blob::Storage& storage, SealedObjects& objects)
      : storage_(storage), objects_(objects) {}
  // Puts back what it took, if there is room, the index before the spare.
  ~RoomMaker();
  RoomMaker(const RoomMaker&) = delete;
  RoomMaker& operator=(const RoomMaker&) = delete;

  // Runs `step`, and again after making room where there is none. Throws what it throws, NoSpace if
  // there is nothing more to take away.
  template <typename Step>
  void with_room(const Step& step) {
    for (;;) {
      try {
        step();
        return;
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::NoSpace || !make()) throw;
      }
    }
  }

  // Tells `index`, after each of its refreshes, what the index objects said that were taken away.
  void complete(ObjectIndex& index) const;

  // The packs that must be put into an index object again.
  const std::vector<PackRecords>& taken() const { return taken_; }
  // They are.
  void forget_taken() { taken_.clear(); }

 private:
  bool make();
  bool take_index_object();

  blob::Storage& storage_;
  SealedObjects& objects_;
  std::vector<PackRecords> taken_;
  bool gave_up_spare_ = false;
};

}  // namespace snapferry::repository
