#pragma once

#include <functional>
#include <mutex>
#include <string>

#include "core/bytes.h"
#include "core/entry.h"
#include "core/object_id.h"
#include "platform/clock.h"
#include "platform/process_identity.h"
#include "repository/object_cache.h"
#include "repository/sealed_object.h"

namespace snapferry::repository {

enum class ClaimType : std::uint8_t { Backup = 1, Prune = 2 };

// A running process that may reference content (FORMAT.md, "Removing without locks").
struct Claim {
  ClaimType type = ClaimType::Backup;
  Timestamp started;
  platform::ProcessIdentity process;  // its machine_id as machine_of() makes it; empty: unknown
  Timestamp refreshed;
  ObjectId manifest;  // what it is about to commit; zeros before that
  bool operator==(const Claim&) const = default;
};

// Of the newest version.
Bytes encode_claim(const Claim& claim);
// Of any version. Throws Corrupt naming `subject`.
Claim decode_claim(ByteView bytes, std::string_view subject);

// This process as claims name it: with a hash of machine-id(5), which must not leave the machine.
platform::ProcessIdentity claiming_process();

// This machine as claims and manifests name it; zeros where it has no machine-id(5).
ObjectId this_machine();

// Whether an object of this very process holds the claim: an abandoned one is dead although the
// process lives on.
bool is_held_here(const ObjectId& id);

// Measures how long ago something was, in seconds: platform::seconds_since_boot unless tests say.
using Stopwatch = std::function<std::int64_t()>;

// A claim of this process. Destroying it without release() leaves it behind as a dead
// one, by which the next backup knows that there may be something to pick up.
class OwnClaim {
 public:
  // Durable when it returns. Borrows everything; `cache` may be null.
  OwnClaim(blob::Storage& storage, SealedObjects& objects, ObjectCache* cache, ClaimType type,
           platform::Clock& clock, Stopwatch stopwatch = platform::seconds_since_boot);
  ~OwnClaim();
  OwnClaim(const OwnClaim&) = delete;
  OwnClaim& operator=(const OwnClaim&) = delete;

  const ObjectId& id() const { return id_; }
  // When it was first written, by the storage's clock; 0 if that has none.
  Timestamp seen() const { return seen_; }

  // Ten minutes after it was last written, suspends counted: looks at it as require() does, and
  // writes it again. Cheap otherwise, and safe from several threads.
  void refresh();
  // Writes it with the manifest that is to be committed under it, durably: step 3 of the commit.
  void announce(const ObjectId& manifest);
  // Whether it is there and nobody ended it, or is about to: B7 of FORMAT.md.
  bool is_intact() const;
  // Throws Conflict unless it is intact.
  void require() const;
  // Removes it; does nothing the second time. Failure only delays a later prune.
  void release() noexcept;

 private:
  void write();

  blob::Storage& storage_;
  SealedObjects& objects_;
  ObjectCache* cache_;
  platform::Clock& clock_;
  const Stopwatch stopwatch_;
  ObjectId id_;
  Claim claim_;
  Timestamp seen_;
  std::mutex refreshing_;
  std::int64_t written_ = 0;  // by the stopwatch
  bool released_ = false;
};

}  // namespace snapferry::repository
