#include "repository/key_ring.h"

#include "core/error.h"

namespace snapferry::repository {
namespace {

constexpr std::string_view kDirectory = "keys";
constexpr std::size_t kIdBytes = 8;

struct StoredSlot {
  std::string id;
  KeySlot slot;
};

// Whole slots; how many others there are goes to `damaged`.
std::vector<StoredSlot> read_slots(blob::Storage& storage, std::size_t& damaged) {
  std::vector<StoredSlot> slots;
  damaged = 0;
  for (const blob::ObjectInfo& info : storage.list(kDirectory)) {
    try {
      slots.push_back({info.name.substr(kDirectory.size() + 1),
                       decode_slot(storage.get(info.name), info.name)});
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::NotFound) continue;
      if (error.kind() != ErrorKind::Corrupt) throw;
      ++damaged;
    }
  }
  return slots;
}

}  // namespace

OpenedKey open_key(blob::Storage& storage, bool encrypted,
                   const std::function<std::string()>& password) {
  std::size_t damaged = 0;
  const auto slots = read_slots(storage, damaged);
  if (slots.empty()) {
    throw Error(ErrorKind::Corrupt,
                storage.description() + ": has no key that is whole; restore the directory 'keys'");
  }
  if (encrypted && !password) {
    throw Error(ErrorKind::WrongPassword,
                storage.description() + ": needs a password; set SNAPFERRY_PASSWORD");
  }
  const std::string secret = encrypted ? password() : std::string();
  const bool recovery = parse_recovery_key(secret).has_value();
  for (const bool fast : {true, false}) {
    for (const StoredSlot& stored : slots) {
      if (fast != (stored.slot.kind != SlotKind::Password)) continue;
      if (!fast && recovery) continue;
      if (encrypted && stored.slot.kind == SlotKind::Clear) continue;
      if (auto master = unwrap(stored.slot, secret)) {
        const bool is_password = stored.slot.kind == SlotKind::Password;
        return {*master, stored.id, is_password ? stored.slot.cost : KeyCost{}};
      }
    }
  }
  std::string message = storage.description() + ": the password is wrong";
  if (damaged > 0) {
    message += ", or its key is one of " + std::to_string(damaged) + " that are damaged";
  }
  throw Error(ErrorKind::WrongPassword, message + "; try another or a recovery key");
}

std::string store_slot(blob::Storage& storage, const KeySlot& slot) {
  Bytes id(kIdBytes);
  random_bytes(id.data(), id.size());
  const std::string text = to_hex(id);
  storage.put_new(std::string(kDirectory) + "/" + text, encode_slot(slot));
  storage.sync();
  return text;
}

std::vector<KeyInfo> list_keys(blob::Storage& storage, const std::string& current) {
  std::size_t damaged = 0;
  std::vector<KeyInfo> keys;
  for (const StoredSlot& stored : read_slots(storage, damaged)) {
    if (stored.slot.kind == SlotKind::Clear) continue;
    keys.push_back({stored.id, stored.slot.kind == SlotKind::Password ? "password" : "recovery",
                    stored.slot.label, stored.slot.created, stored.id == current});
  }
  return keys;
}

void remove_slot(blob::Storage& storage, const std::string& id) {
  std::size_t damaged = 0;
  const auto slots = read_slots(storage, damaged);
  const StoredSlot* chosen = nullptr;
  for (const StoredSlot& stored : slots) {
    if (id.empty() || !stored.id.starts_with(id)) continue;
    if (chosen != nullptr) {
      throw Error(ErrorKind::InvalidArgument, "key " + id + ": several begin like that; give more");
    }
    chosen = &stored;
  }
  if (chosen == nullptr) {
    throw Error(ErrorKind::NotFound, "key " + id + ": is not there; see: snapferry key list");
  }
  if (slots.size() == 1) {
    throw Error(ErrorKind::Conflict,
                "key " + id + ": is the last one; add another before you remove it");
  }
  storage.remove(std::string(kDirectory) + "/" + chosen->id);
  storage.sync();
}

}  // namespace snapferry::repository
