#pragma once

#include <set>
#include <string>

#include "blob/storage.h"
#include "repository/key_ring.h"

namespace snapferry::repository {

// Removes one slot in the steps of FORMAT.md, "Removing a key": whatever others remove at the same
// time, and wherever anyone dies, a key stays that is proven. Borrows what it is given.
class KeyRemoval {
 public:
  // `id` is that of a slot, whole.
  KeyRemoval(blob::Storage& storage, const OpenedKey& opened, Sealing sealing, std::string id);

  // Takes the next step, R1 to R6; false when there is none left. Throws Conflict at R4, with
  // nothing changed, and what the storage does.
  bool advance();

 private:
  enum class Step { Announce, SeeLeaving, SeeSlots, Decide, Remove, Retract, Done };

  void see_leaving();
  void see_slots();
  void decide();
  void remove();
  void retract();

  blob::Storage& storage_;
  const OpenedKey& opened_;
  const Sealing sealing_;
  const std::string id_;
  const std::string announcement_;
  Step step_ = Step::Announce;
  std::set<std::string> leaving_;
  bool another_stays_ = false;
  std::size_t unproven_ = 0;
};

// The ids of the keys that are being removed.
std::set<std::string> leaving_keys(blob::Storage& storage);

// Removes the slot whose id begins with `id`. Throws NotFound; InvalidArgument if it is a prefix of
// several; Conflict if no other is proven, or with KeyInUse::Keep for the one that opened.
void remove_key(blob::Storage& storage, const OpenedKey& opened, Sealing sealing,
                const std::string& id, KeyInUse in_use);

}  // namespace snapferry::repository
