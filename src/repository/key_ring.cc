#include "repository/key_ring.h"

#include <algorithm>
#include <tuple>

#include "core/error.h"
#include "repository/object_limits.h"
#include "repository/put_back_head.h"

namespace snapferry::repository {
namespace {

// Whose order nobody but the storage decides, and which adding to it does not change at the front.
std::vector<blob::ObjectInfo> oldest_first(blob::Storage& storage) {
  auto infos = key_objects(storage);
  std::ranges::sort(
      infos, {}, [](const blob::ObjectInfo& info) { return std::tie(info.modified, info.name); });
  return infos;
}

StoredSlot read_slot(blob::Storage& storage, const std::string& name) {
  StoredSlot stored{name.substr(kKeyDirectory.size() + 1), {}, {}, {}};
  try {
    stored.slot = decode_slot(storage.get(name, kLargestKey), name);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::NotFound) throw;
    stored.damage = error.message();
    if (error.kind() != ErrorKind::Corrupt && error.kind() != ErrorKind::Unsupported)
      stored.refused = error;
  }
  return stored;
}

// Why the key in question could not be looked at, if the storage refused one: that is no damage,
// and says nothing about a password.
void require_all_were_given(const StoredSlots& stored) {
  for (const StoredSlot& slot : stored.slots) {
    if (slot.refused) throw *slot.refused;
  }
}

bool may_open(const KeySlot& slot, Sealing sealing) {
  return (slot.kind == SlotKind::Clear) == (sealing == Sealing::Authenticate);
}

// Tries one slot after the other, those that cost nothing first, until `accept` takes what one
// gives.
template <typename Accept>
std::optional<OpenedKey> try_slots(const std::vector<StoredSlot>& slots, Sealing sealing,
                                   std::string_view secret, const Accept& accept) {
  const bool recovery = parse_recovery_key(secret).has_value();
  std::size_t derived = 0;
  for (const bool fast : {true, false}) {
    for (const StoredSlot& stored : slots) {
      if (!stored.slot || !may_open(*stored.slot, sealing)) continue;
      const bool is_password = stored.slot->kind == SlotKind::Password;
      if (fast == is_password || (is_password && recovery)) continue;
      if (is_password && derived++ == kMostDerived) return std::nullopt;
      const auto master = unwrap(*stored.slot, secret);
      if (!master) continue;
      OpenedKey opened{*master, stored.id, is_password ? stored.slot->cost : KeyCost{}};
      if (accept(*stored.slot, opened)) return opened;
    }
  }
  return std::nullopt;
}

[[noreturn]] void fail_to_open(const std::string& store, const StoredSlots& stored, bool opened) {
  const auto passwords = static_cast<std::size_t>(std::ranges::count_if(
      stored.slots, [](const auto& s) { return s.slot && s.slot->kind == SlotKind::Password; }));
  const bool some_untried = stored.unread > 0 || passwords > kMostDerived;
  if (opened && !some_untried) {
    throw Error(ErrorKind::Corrupt,
                store +
                    ": the key that opens does not belong to the file 'config' of this repository; "
                    "put the directory 'keys' and 'config' back from one copy of it");
  }
  require_all_were_given(stored);
  std::string message = store + ": the password is wrong";
  const auto damaged = std::ranges::count_if(stored.slots, [](const auto& s) { return !s.slot; });
  if (damaged > 0) {
    message += ", or its key is one of " + std::to_string(damaged) + " that cannot be read (" +
               std::ranges::find_if(stored.slots, [](const auto& s) { return !s.slot; })->damage +
               ")";
  }
  if (some_untried) {
    message +=
        ", or its key is one of those that were not tried, as there are more than any "
        "repository has: remove what others put into the directory 'keys'";
  }
  throw Error(ErrorKind::WrongPassword, message + "; try another or a recovery key");
}

bool is_key_name(std::string_view name) {
  const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  name.remove_prefix(kKeyDirectory.size() + 1);
  return name.size() == 2 * kSlotIdBytes && std::ranges::all_of(name, is_digit);
}

}  // namespace

std::vector<blob::ObjectInfo> key_objects(blob::Storage& storage) {
  auto infos = storage.list(kKeyDirectory);
  std::erase_if(infos, [](const blob::ObjectInfo& info) { return !is_key_name(info.name); });
  return infos;
}

StoredSlots read_slots(blob::Storage& storage) {
  StoredSlots stored;
  auto infos = oldest_first(storage);
  if (infos.size() > kMostSlotsRead) {
    stored.unread = infos.size() - kMostSlotsRead;
    infos.resize(kMostSlotsRead);
  }
  for (const blob::ObjectInfo& info : infos) {
    try {
      stored.slots.push_back(read_slot(storage, info.name));
    } catch (const Error&) {
      // Removed meanwhile.
    }
  }
  return stored;
}

OpenedKey open_key(blob::Storage& storage, const ReadConfig& config,
                   const std::function<std::string()>& password) {
  const StoredSlots stored = read_slots(storage);
  if (std::ranges::none_of(stored.slots, [](const auto& s) { return s.slot.has_value(); })) {
    require_all_were_given(stored);
    throw Error(ErrorKind::Corrupt,
                storage.description() + ": has no key that is whole" + std::string(kHowToPutBack));
  }
  const Sealing sealing = config.config.sealing;
  const bool encrypted = sealing == Sealing::Encrypt;
  if (encrypted && !password) {
    throw Error(ErrorKind::WrongPassword,
                storage.description() + ": needs a password; set SNAPFERRY_PASSWORD");
  }
  std::string given = encrypted ? password() : std::string();
  const Secret secret(given);
  wipe(given);
  bool any_opened = false;
  auto opened = try_slots(stored.slots, sealing, secret.view(),
                          [&](const KeySlot& slot, const OpenedKey& key) {
                            any_opened = true;
                            return config.is_of(key.master) &&
                                   (slot.version < 2 || is_proven(slot, key.id, key.master));
                          });
  if (!opened) fail_to_open(storage.description(), stored, any_opened);
  return *opened;
}

std::vector<OpenedKey> open_all(const std::vector<StoredSlot>& slots, Sealing sealing,
                                std::string_view secret) {
  std::vector<OpenedKey> all;
  try_slots(slots, sealing, secret, [&](const KeySlot& slot, const OpenedKey& key) {
    if (slot.version < 2 || is_proven(slot, key.id, key.master)) all.push_back(key);
    return false;
  });
  return all;
}

std::string store_slot(blob::Storage& storage, const Key& master, KeySlot slot) {
  if (key_objects(storage).size() >= kMostDerived) {
    throw Error(ErrorKind::Conflict,
                storage.description() + ": has " + std::to_string(kMostDerived) +
                    " keys, and no more are ever tried; remove one first, see: snapferry key list");
  }
  if (slot.label.size() > kLongestLabel) {
    throw Error(ErrorKind::InvalidArgument, "the label: is longer than " +
                                                std::to_string(kLongestLabel) +
                                                " bytes; give a shorter one");
  }
  Bytes id(kSlotIdBytes);
  random_bytes(id.data(), id.size());
  const std::string text = to_hex(id);
  prove(slot, text, master);
  storage.put_new(std::string(kKeyDirectory) + "/" + text, encode_slot(slot));
  storage.sync();
  return text;
}

KeyState state_of(const StoredSlot& stored, const OpenedKey& opened, Sealing sealing) {
  if (!stored.slot) return KeyState::Damaged;
  if (!may_open(*stored.slot, sealing)) return KeyState::Foreign;
  if (stored.id == opened.id || is_proven(*stored.slot, stored.id, opened.master)) {
    return KeyState::Proven;
  }
  return stored.slot->version < 2 ? KeyState::Unproven : KeyState::Foreign;
}

std::vector<KeyInfo> list_keys(blob::Storage& storage, const OpenedKey& opened, Sealing sealing) {
  std::vector<KeyInfo> keys;
  for (const StoredSlot& stored : read_slots(storage).slots) {
    KeyInfo info;
    info.id = stored.id;
    info.state = state_of(stored, opened, sealing);
    info.current = stored.id == opened.id;
    if (stored.slot) {
      static constexpr std::string_view kKinds[] = {"", "password", "recovery", "clear"};
      info.kind = kKinds[static_cast<std::size_t>(stored.slot->kind)];
      info.label = stored.slot->label;
      info.created = stored.slot->created;
    }
    // That of a repository without encryption is nobody's secret.
    if (info.current && info.kind == "clear") continue;
    keys.push_back(std::move(info));
  }
  return keys;
}

}  // namespace snapferry::repository
