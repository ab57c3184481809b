#include "repository/claim.h"

#include <algorithm>
#include <set>

#include "core/error.h"
#include "repository/ended.h"
#include "repository/stored_time.h"

namespace snapferry::repository {
namespace {

constexpr std::int64_t kRefreshSeconds = 600;
// Larger than every type, with which claims of the first version begin.
constexpr std::uint8_t kClaimVersion = 128;

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

// Unknown is zeros in the format and empty here.
ObjectId machine_of(const std::string& hex) { return ObjectId::from_hex(hex).value_or(ObjectId{}); }

std::string machine_text(const ObjectId& machine) {
  return machine == ObjectId{} ? "" : machine.hex();
}

// By what machine-id(5) says.
ObjectId machine_of_id(const std::string& machine_id) {
  if (machine_id.empty()) return {};
  return ObjectId::from_bytes(hmac_sha256(as_bytes("snapferry claim"), {as_bytes(machine_id)}));
}

}  // namespace

platform::ProcessIdentity claiming_process() {
  platform::ProcessIdentity process = platform::this_process();
  process.machine_id = machine_text(machine_of_id(process.machine_id));
  return process;
}

ObjectId this_machine() { return machine_of_id(platform::this_process().machine_id); }

bool is_held_here(const ObjectId& id) { return held_claims().contains(id); }

Bytes encode_claim(const Claim& claim) {
  Bytes bytes;
  ByteWriter out(bytes);
  out.u8(kClaimVersion);
  out.u8(static_cast<std::uint8_t>(claim.type));
  put_time(out, claim.started);
  out.sized(as_bytes(claim.process.host));
  out.sized(as_bytes(claim.process.boot_id));
  out.u64(claim.process.pid_namespace);
  out.u64(claim.process.pid);
  out.u64(claim.process.start_time);
  out.raw(machine_of(claim.process.machine_id).view());
  put_time(out, claim.refreshed);
  out.raw(claim.manifest.view());
  return bytes;
}

Claim decode_claim(ByteView bytes, std::string_view subject) {
  ByteReader in(bytes, subject);
  Claim claim;
  std::uint8_t type = in.u8();
  const bool is_first_version = type != kClaimVersion;
  if (!is_first_version) type = in.u8();
  if (type < 1 || type > 2) in.fail("type is unknown");
  claim.type = static_cast<ClaimType>(type);
  claim.started = take_time(in);
  claim.process.host = as_text(in.sized());
  claim.process.boot_id = as_text(in.sized());
  claim.process.pid_namespace = in.u64();
  claim.process.pid = in.u64();
  claim.process.start_time = in.u64();
  if (!is_first_version) {
    claim.process.machine_id = machine_text(ObjectId::from_bytes(in.raw(ObjectId::kSize)));
  }
  claim.refreshed = take_time(in);
  if (!is_first_version) claim.manifest = ObjectId::from_bytes(in.raw(ObjectId::kSize));
  in.expect_end();
  return claim;
}

OwnClaim::OwnClaim(blob::Storage& storage, SealedObjects& objects, ObjectCache* cache,
                   ClaimType type, platform::Clock& clock, Stopwatch stopwatch)
    : storage_(storage),
      objects_(objects),
      cache_(cache),
      clock_(clock),
      stopwatch_(std::move(stopwatch)),
      id_(random_id()) {
  claim_.type = type;
  claim_.started = clock.now();
  claim_.process = claiming_process();
  held_claims().insert(id_);
  try {
    write();
    storage.sync();
    seen_ = {storage.info(object_name(ObjectType::Claim, id_)).modified, 0};
  } catch (...) {
    // It may be there all the same, and must not count as that of a running backup.
    held_claims().erase(id_);
    throw;
  }
}

OwnClaim::~OwnClaim() { held_claims().erase(id_); }

void OwnClaim::write() {
  claim_.refreshed = clock_.now();
  objects_.put(ObjectType::Claim, id_, encode_claim(claim_));
  written_ = stopwatch_();
}

void OwnClaim::refresh() {
  std::unique_lock lock(refreshing_, std::try_to_lock);
  if (!lock || stopwatch_() - written_ < kRefreshSeconds) return;
  require();
  try {
    write();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::NoSpace) throw;  // it stays as it is, and only looks older
  }
}

void OwnClaim::announce(const ObjectId& manifest) {
  std::lock_guard lock(refreshing_);
  require();
  claim_.manifest = manifest;
  write();
  storage_.sync();
}

bool OwnClaim::is_intact() const {
  const auto claims = objects_.list(ObjectType::Claim);
  return std::ranges::binary_search(claims, id_) && !read_endings(objects_, cache_).name(id_);
}

void OwnClaim::require() const {
  if (is_intact()) return;
  throw Error(ErrorKind::Conflict,
              storage_.description() +
                  ": this run stood still for so long that it was taken for dead, or its claim was "
                  "removed; run it again, what it stored is still there");
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

}  // namespace snapferry::repository
