#include "repository/put_back_head.h"

#include <algorithm>
#include <optional>
#include <set>

#include "core/error.h"
#include "repository/aside.h"
#include "repository/config.h"
#include "repository/key_removal.h"
#include "repository/object_limits.h"
#include "repository/pack.h"
#include "repository/sealed_object.h"
#include "repository/twin_copy.h"

namespace snapferry::repository {
namespace {

// One object of each kind that opens is proof; so many are tried.
constexpr std::size_t kMostTried = 32;

bool is_lost(const Error& error) {
  return error.kind() == ErrorKind::NotFound || error.kind() == ErrorKind::Corrupt;
}

std::string key_name(const std::string& id) { return std::string(kKeyDirectory) + "/" + id; }

// One run of it.
class PuttingBack {
 public:
  PuttingBack(blob::Storage& here, const HeadSource& copy, bool dry_run)
      : here_(here), copy_(copy), dry_run_(dry_run), slots_(read_slots(here).slots) {}

  std::vector<Damage> run() {
    read_config();
    if (config_ && !config_->is_of(copy_.key.master)) return {};  // of another repository
    if (!is_needed()) return {};
    require_proof();
    put_back_keys();
    if (!config_) put_back(std::string(kConfigName), kLargestConfig);
    return std::move(actions_);
  }

 private:
  void read_config() {
    try {
      config_ = decode_config(here_.get(kConfigName, kLargestConfig));
    } catch (const Error& error) {
      if (!is_lost(error)) throw;
    }
  }

  bool is_proven_here(const StoredSlot& slot) const {
    return state_of(slot, copy_.key, copy_.sealing) == KeyState::Proven;
  }
  bool any_proven() const {
    return std::ranges::any_of(slots_, [&](const auto& slot) { return is_proven_here(slot); });
  }

  // What is whole and says something else than this program knows is not.
  bool is_damaged(const StoredSlot& slot) const {
    if (slot.slot || slot.refused) return false;
    try {
      decode_twin(here_.get(key_name(slot.id), kLargestKey), slot.id);
      return false;
    } catch (const Error& error) {
      return error.kind() == ErrorKind::Corrupt;
    }
  }

  bool is_needed() const {
    return !config_ || !any_proven() ||
           std::ranges::any_of(slots_, [&](const auto& slot) { return is_damaged(slot); });
  }

  // H1.
  void require_proof() {
    if (config_ || any_proven() || any_opens(ObjectType::Snapshot) ||
        any_opens(ObjectType::Index) || any_pack_opens()) {
      return;
    }
    throw Error(ErrorKind::Conflict,
                here_.description() +
                    ": has no 'config', and nothing in it shows that it is the repository that " +
                    copy_.storage.description() +
                    " is a copy of; mount its disk if it is on one, or give a copy of it");
  }

  bool any_opens(ObjectType type) {
    const SealedObjects objects(here_, copy_.key.master, copy_.sealing);
    std::vector<ObjectId> ids = objects.list(type);
    if (ids.size() > kMostTried) ids.resize(kMostTried);
    return std::ranges::any_of(
        ids, [&](const ObjectId& id) { return opens([&] { objects.get(type, id); }); });
  }

  bool any_pack_opens() {
    PieceOpener opener(copy_.key.master, copy_.sealing);
    std::size_t tried = 0;
    for (const blob::ObjectInfo& info : here_.list(directory_of(ObjectType::Pack))) {
      const auto id = id_of_name(ObjectType::Pack, info.name);
      if (!id) continue;
      if (opens([&] { read_toc(here_, opener, *id); })) return true;
      if (++tried == kMostTried) break;
    }
    return false;
  }

  template <typename Read>
  static bool opens(const Read& read) {
    try {
      read();
      return true;
    } catch (const Error& error) {
      if (!is_lost(error) && error.kind() != ErrorKind::Unsupported) throw;
      return false;
    }
  }

  // H2.
  void put_back_keys() {
    const std::set<std::string> leaving = leaving_keys(here_);
    bool any = any_proven();
    std::set<std::string> there;
    std::set<std::string> damaged;
    for (const StoredSlot& slot : slots_) {
      there.insert(slot.id);
      if (is_damaged(slot)) damaged.insert(slot.id);
    }
    std::vector<std::string> missing;
    for (const StoredSlot& slot : read_slots(copy_.storage).slots) {
      if (!is_proven_here(slot) || leaving.contains(slot.id)) continue;
      if (damaged.contains(slot.id)) {
        put_back(key_name(slot.id), kLargestKey);
        any = true;
      } else if (!there.contains(slot.id)) {
        missing.push_back(slot.id);
      }
    }
    if (any) return;
    for (const std::string& id : missing) put_back(key_name(id), kLargestKey);
  }

  void put_back(const std::string& name, std::uint64_t limit) {
    const Bytes whole = encode_twin(decode_twin(copy_.storage.get(name, limit), name).body);
    const std::string cause = set_aside(name, limit);
    if (!dry_run_) {
      if (cause == kMissing) {
        here_.put_new(name, whole);
      } else {
        here_.put(name, whole);
      }
      here_.sync();
    }
    actions_.push_back({name, cause + "; put back from the copy"});
  }

  // Why it has to be put back.
  std::string set_aside(const std::string& name, std::uint64_t limit) {
    try {
      const Bytes bytes = here_.get(name, limit);
      if (bytes.empty()) return "was empty";
      if (!dry_run_) {
        here_.put(aside_name(name), bytes);
        here_.sync();
      }
      return "was damaged";
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::NotFound) return std::string(kMissing);
      if (error.kind() != ErrorKind::Corrupt) throw;
      return "was no such object";  // larger than any, or no file: nothing of ours is in it
    }
  }

  static constexpr std::string_view kMissing = "was missing";

  blob::Storage& here_;
  const HeadSource& copy_;
  const bool dry_run_;
  const std::vector<StoredSlot> slots_;
  std::optional<ReadConfig> config_;  // none: it is lost
  std::vector<Damage> actions_;
};

}  // namespace

std::vector<Damage> put_back_head(blob::Storage& here, const HeadSource& copy, bool dry_run) {
  return PuttingBack(here, copy, dry_run).run();
}

}  // namespace snapferry::repository
