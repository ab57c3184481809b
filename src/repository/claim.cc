#include "repository/claim.h"

#include <mutex>
#include <set>

#include "core/error.h"

namespace snapferry::repository {
namespace {

constexpr std::int64_t kRefreshSeconds = 600;
constexpr std::int64_t kExpirySeconds = 24 * 3600;

void put_time(ByteWriter& out, const Timestamp& time) {
  out.i64(time.seconds);
  out.u32(time.nanoseconds);
}

Timestamp take_time(ByteReader& in) { return {in.i64(), in.u32()}; }

// The claims that objects of this very process hold: an abandoned one is dead although
// the process lives on.
class HeldClaims {
 public:
  void insert(const ObjectId& id) {
    std::lock_guard lock(mutex_);
    ids_.insert(id);
  }
  void erase(const ObjectId& id) {
    std::lock_guard lock(mutex_);
    ids_.erase(id);
  }
  bool contains(const ObjectId& id) {
    std::lock_guard lock(mutex_);
    return ids_.contains(id);
  }

 private:
  std::mutex mutex_;
  std::set<ObjectId> ids_;
};

HeldClaims& held_claims() {
  static HeldClaims held;
  return held;
}

}  // namespace

Bytes encode_claim(const Claim& claim) {
  Bytes bytes;
  ByteWriter out(bytes);
  out.u8(static_cast<std::uint8_t>(claim.type));
  put_time(out, claim.started);
  out.sized(as_bytes(claim.process.host));
  out.sized(as_bytes(claim.process.boot_id));
  out.u64(claim.process.pid_namespace);
  out.u64(claim.process.pid);
  out.u64(claim.process.start_time);
  put_time(out, claim.refreshed);
  return bytes;
}

Claim decode_claim(ByteView bytes, std::string_view subject) {
  ByteReader in(bytes, subject);
  Claim claim;
  const std::uint8_t type = in.u8();
  if (type < 1 || type > 2) in.fail("type is unknown");
  claim.type = static_cast<ClaimType>(type);
  claim.started = take_time(in);
  claim.process.host = as_text(in.sized());
  claim.process.boot_id = as_text(in.sized());
  claim.process.pid_namespace = in.u64();
  claim.process.pid = in.u64();
  claim.process.start_time = in.u64();
  claim.refreshed = take_time(in);
  in.expect_end();
  return claim;
}

bool is_dead(const ObjectId& id, const Claim& claim, Timestamp now) {
  if (claim.process == platform::this_process()) return !held_claims().contains(id);
  switch (platform::look_for(claim.process)) {
    case platform::Presence::Running:
      return false;
    case platform::Presence::Gone:
      return true;
    case platform::Presence::Unknown:
      break;
  }
  return claim.refreshed.seconds < now.seconds - kExpirySeconds;
}

OwnClaim::OwnClaim(blob::Storage& storage, SealedObjects& objects, ClaimType type,
                   platform::Clock& clock)
    : objects_(objects), clock_(clock), id_(random_id()) {
  claim_.type = type;
  claim_.started = clock.now();
  claim_.refreshed = claim_.started;
  claim_.process = platform::this_process();
  held_claims().insert(id_);
  try {
    objects_.put(ObjectType::Claim, id_, encode_claim(claim_));
    seen_ = {storage.info(object_name(ObjectType::Claim, id_)).modified, 0};
  } catch (...) {
    // It may be there all the same, and must not count as that of a running backup.
    held_claims().erase(id_);
    throw;
  }
}

OwnClaim::~OwnClaim() { held_claims().erase(id_); }

void OwnClaim::refresh() {
  std::unique_lock lock(refreshing_, std::try_to_lock);
  if (!lock) return;
  const Timestamp now = clock_.now();
  if (now.seconds - claim_.refreshed.seconds < kRefreshSeconds || !is_valid()) return;
  claim_.refreshed = now;
  objects_.put(ObjectType::Claim, id_, encode_claim(claim_));
}

bool OwnClaim::is_valid() const {
  for (const ObjectId& id : objects_.list(ObjectType::Claim)) {
    if (id == id_) return true;
  }
  return false;
}

void OwnClaim::release() noexcept {
  if (released_) return;
  released_ = true;
  try {
    objects_.remove(ObjectType::Claim, id_);
  } catch (const Error&) {
    // It is found dead later; nothing waits for it.
  }
}

OtherClaims other_claims(blob::Storage& storage, const SealedObjects& objects, const ObjectId& own,
                         Timestamp now) {
  OtherClaims others;
  for (const blob::ObjectInfo& info : storage.list(directory_of(ObjectType::Claim))) {
    const auto id = id_of_name(ObjectType::Claim, info.name);
    if (!id || *id == own) continue;
    try {
      const bool dead =
          is_dead(*id, decode_claim(objects.get(ObjectType::Claim, *id), info.name), now);
      (dead ? others.dead : others.alive).push_back(*id);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::NotFound) continue;  // it ended meanwhile
      if (error.kind() != ErrorKind::Corrupt) throw;
      // A torn claim of a crashed machine, or one that is being written.
      (now.seconds - info.modified > kExpirySeconds ? others.dead : others.alive).push_back(*id);
    }
  }
  return others;
}

}  // namespace snapferry::repository
