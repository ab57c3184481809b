#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/entry.h"
#include "repository/object_cache.h"
#include "repository/sealed_object.h"

namespace snapferry::repository {

enum class EndingStage : std::uint8_t { Intent = 1, Final = 2 };

// Says that claims count no longer, whatever becomes of their owners (FORMAT.md, "Removing without
// locks", E1 to E4).
struct Ended {
  struct Claim {
    ObjectId id;
    std::vector<ObjectId> manifests;  // of a final: those written under it that count
    bool operator==(const Claim&) const = default;
  };
  EndingStage stage = EndingStage::Intent;
  Timestamp time;      // by the clock of whoever wrote it; for people
  std::string reason;  // for people
  std::vector<Claim> claims;
  bool operator==(const Ended&) const = default;
};

Bytes encode_ended(const Ended& ended);
// Throws Corrupt naming `subject`.
Ended decode_ended(ByteView bytes, std::string_view subject);

// What all ended claims of a repository say together. Pure.
class Endings {
 public:
  void add(const Ended& ended);

  // An intent or a final names the claim: nothing may be committed under it any more.
  bool name(const ObjectId& claim) const;
  // A final names it.
  bool have_ended(const ObjectId& claim) const { return finals_.contains(claim); }
  // Whether the manifest, written under `claim`, never was a snapshot. Once true, true for ever.
  bool make_void(const ObjectId& claim, const ObjectId& manifest) const;

  // All finals as one, which says the same.
  Ended merged_finals() const;

 private:
  std::map<ObjectId, std::set<ObjectId>> finals_;  // by claim: what every final of it lists
  std::set<ObjectId> intents_;
};

struct EndedObject {
  ObjectId id;
  Ended ended;
};

// All ended claims; torn and damaged ones, which say nothing, are left out. `cache` may be null.
std::vector<EndedObject> read_ended(const SealedObjects& objects, ObjectCache* cache);
Endings read_endings(const SealedObjects& objects, ObjectCache* cache);

}  // namespace snapferry::repository
