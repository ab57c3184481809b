#include "repository/key_removal.h"

#include <algorithm>

#include "core/error.h"

namespace snapferry::repository {
namespace {

constexpr std::string_view kLeaving = "leaving";

std::string announcement_of(const std::string& key) {
  Bytes id(kSlotIdBytes);
  random_bytes(id.data(), id.size());
  return std::string(kLeaving) + "/" + key + "." + to_hex(id);
}

// The key that "leaving/KEY.ID" names.
std::string key_of(std::string_view name) {
  name.remove_prefix(std::min(name.size(), kLeaving.size() + 1));
  return std::string(name.substr(0, name.find('.')));
}

std::string name_of(const std::string& key) { return std::string(kKeyDirectory) + "/" + key; }

}  // namespace

std::set<std::string> leaving_keys(blob::Storage& storage) {
  std::set<std::string> keys;
  for (const blob::ObjectInfo& info : storage.list(kLeaving)) keys.insert(key_of(info.name));
  return keys;
}

KeyRemoval::KeyRemoval(blob::Storage& storage, const OpenedKey& opened, Sealing sealing,
                       std::string id)
    : storage_(storage),
      opened_(opened),
      sealing_(sealing),
      id_(std::move(id)),
      announcement_(announcement_of(id_)) {}

bool KeyRemoval::advance() {
  switch (step_) {
    case Step::Announce:
      storage_.put_new(announcement_, {});
      storage_.sync();
      step_ = Step::SeeLeaving;
      return true;
    case Step::SeeLeaving:
      see_leaving();
      step_ = Step::SeeSlots;
      return true;
    case Step::SeeSlots:
      see_slots();
      step_ = Step::Decide;
      return true;
    case Step::Decide:
      decide();
      step_ = Step::Remove;
      return true;
    case Step::Remove:
      remove();
      step_ = Step::Retract;
      return true;
    case Step::Retract:
      retract();
      step_ = Step::Done;
      return false;
    case Step::Done:
      break;
  }
  return false;
}

void KeyRemoval::see_leaving() { leaving_ = leaving_keys(storage_); }

void KeyRemoval::see_slots() {
  for (const StoredSlot& stored : read_slots(storage_).slots) {
    if (stored.id == id_) continue;
    const KeyState state = state_of(stored, opened_, sealing_);
    if (state == KeyState::Unproven) ++unproven_;
    if (state == KeyState::Proven && !leaving_.contains(stored.id)) another_stays_ = true;
  }
}

void KeyRemoval::decide() {
  if (another_stays_) return;
  storage_.remove(announcement_);
  storage_.sync();
  leaving_.erase(id_);
  if (!leaving_.empty()) {
    throw Error(ErrorKind::Conflict,
                "key " + id_ + ": the only other one, " + *leaving_.begin() +
                    ", is being removed, or its removal was interrupted; end that with 'snapferry "
                    "key remove', or add a key first");
  }
  std::string cause = "is the last one that is known to open the repository";
  if (unproven_ > 0) {
    cause += " (" + std::to_string(unproven_) +
             " of an older version may; open it with the password of one of these)";
  }
  throw Error(ErrorKind::Conflict,
              "key " + id_ + ": " + cause + "; add another before you remove it");
}

void KeyRemoval::remove() {
  storage_.remove(name_of(id_));
  storage_.sync();
}

// Also what removals of the same key left that died.
void KeyRemoval::retract() {
  for (const blob::ObjectInfo& info : storage_.list(kLeaving)) {
    if (key_of(info.name) == id_) storage_.remove(info.name);
  }
  storage_.sync();
}

void remove_key(blob::Storage& storage, const OpenedKey& opened, Sealing sealing,
                const std::string& id, KeyInUse in_use) {
  std::string chosen;
  for (const blob::ObjectInfo& info : key_objects(storage)) {
    const std::string found = info.name.substr(kKeyDirectory.size() + 1);
    if (id.empty() || !found.starts_with(id)) continue;
    if (!chosen.empty()) {
      throw Error(ErrorKind::InvalidArgument, "key " + id + ": several begin like that; give more");
    }
    chosen = found;
  }
  if (chosen.empty()) {
    throw Error(ErrorKind::NotFound, "key " + id + ": is not there; see: snapferry key list");
  }
  if (chosen == opened.id && in_use == KeyInUse::Keep) {
    throw Error(ErrorKind::Conflict,
                "key " + chosen +
                    ": is the one that opened the repository just now; use another password, or "
                    "give --even-current if you mean it");
  }
  KeyRemoval removal(storage, opened, sealing, chosen);
  while (removal.advance()) {
  }
}

}  // namespace snapferry::repository
