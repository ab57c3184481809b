#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "core/bytes.h"
#include "core/entry.h"
#include "core/object_id.h"
#include "platform/clock.h"
#include "platform/process_identity.h"
#include "repository/sealed_object.h"

namespace snapferry::repository {

enum class ClaimType : std::uint8_t { Backup = 1, Prune = 2 };

// A running process that may reference content (FORMAT.md, "Removing without locks").
struct Claim {
  ClaimType type = ClaimType::Backup;
  Timestamp started;
  platform::ProcessIdentity process;
  Timestamp refreshed;
};

Bytes encode_claim(const Claim& claim);
Claim decode_claim(ByteView bytes, std::string_view subject);

// True if what wrote the claim `id` can no longer be running.
bool is_dead(const ObjectId& id, const Claim& claim, Timestamp now);

// A claim of this process. Destroying it without release() leaves it behind as a dead
// one, by which the next backup knows that there may be something to pick up.
class OwnClaim {
 public:
  OwnClaim(blob::Storage& storage, SealedObjects& objects, ClaimType type, platform::Clock& clock);
  ~OwnClaim();
  OwnClaim(const OwnClaim&) = delete;
  OwnClaim& operator=(const OwnClaim&) = delete;

  const ObjectId& id() const { return id_; }
  // When it was first written, by the storage's clock; 0 if that has none.
  Timestamp seen() const { return seen_; }
  // Writes the claim again if that was last done ten minutes ago. Cheap otherwise, and
  // safe from several threads.
  void refresh();
  // False once somebody took it for dead.
  bool is_valid() const;
  // Removes it; does nothing the second time. Failure only delays a later prune.
  void release() noexcept;

 private:
  SealedObjects& objects_;
  platform::Clock& clock_;
  ObjectId id_;
  Claim claim_;
  Timestamp seen_;
  std::mutex refreshing_;
  bool released_ = false;
};

struct OtherClaims {
  std::vector<ObjectId> alive;
  std::vector<ObjectId> dead;
};

// All claims but `own`. One that cannot be read counts as alive for a day, by the
// time of the storage.
OtherClaims other_claims(blob::Storage& storage, const SealedObjects& objects, const ObjectId& own,
                         Timestamp now);

}  // namespace snapferry::repository
