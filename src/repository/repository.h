#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "blob/storage.h"
#include "core/cancellation.h"
#include "core/expectation.h"
#include "core/object_store.h"
#include "core/progress.h"
#include "core/snapshot.h"
#include "platform/clock.h"

namespace snapferry::repository {

enum class Encryption {
  Password,  // sealed with keys that only a password or a recovery key opens
  None,      // authenticated against damage, readable by anyone who has the files
};

struct CreateOptions {
  Encryption encryption = Encryption::Password;
  std::string password;              // not empty with Encryption::Password
  bool weak_key_derivation = false;  // for tests: milliseconds instead of tenths of a second
};

struct OpenOptions {
  // Asked at most once, and only if the repository has a password. May be null where
  // there is no way to ask: then WrongPassword is thrown.
  std::function<std::string()> password;
  // Throws WrongPassword for a repository without encryption. Whoever can write to the
  // storage can put such a one in the place of an encrypted one, and read what is backed
  // up into it; who gives a password expects that it is needed.
  bool require_encryption = false;
  // Told what the storage says it holds before the password is asked for; none of it is
  // authentic yet. Throws to refuse it. May be null.
  std::function<void(const ObjectId& id, Encryption encryption)> recognise = {};
  // Where the index and trees are kept between runs; created if missing. Empty: an
  // unnamed temporary directory. Losing it costs only time.
  std::string cache_directory;
};

// What is known of a key (FORMAT.md, "Which slots belong here").
enum class KeyState {
  Proven,    // opens this repository
  Unproven,  // of an older version: may open it with its password, or may not
  Foreign,   // does not belong to this repository
  Damaged,   // cannot be read
};

// Whether the key that opened the repository may be removed, too.
enum class KeyInUse { Keep, Remove };

struct KeyInfo {
  std::string id;  // 8 hexadecimal digits or more, enough to be unique
  KeyState state = KeyState::Proven;
  std::string kind;   // "password" or "recovery"; empty if it cannot be read
  std::string label;  // "user@host" unless named
  Timestamp created;
  bool current = false;  // opened this session
};

struct RepositoryStats {
  std::uint64_t snapshots = 0;
  std::uint64_t packs = 0;
  std::uint64_t bytes_stored = 0;  // all objects of the storage
  std::uint64_t data_objects = 0;
  std::uint64_t data_bytes = 0;         // before compression
  std::uint64_t data_bytes_stored = 0;  // in packs
  std::uint64_t tree_objects = 0;       // trees and lists
  std::uint64_t tree_bytes = 0;
  std::uint64_t tree_bytes_stored = 0;
  std::uint64_t bytes_referenced =
      0;  // sum of the sizes of all snapshots: what restoring all would write
};

struct CollectOptions {
  bool dry_run = false;
  // With dry_run alone: snapshots that would be forgotten before.
  std::vector<ObjectId> as_if_forgotten = {};
  // A pack is rewritten if more than this part of it is not referenced any more;
  // one without any referenced object is always removed.
  double max_unused = 0.2;
  Progress* progress = nullptr;
  const Cancellation* cancellation = nullptr;
};

struct Damage {
  std::string object;  // "packs/3f…", "snapshots/…", "tree 12ab…"
  std::string message;
};

// The claim of a process that uses the repository, or did.
struct ClaimInfo {
  ObjectId id;
  bool is_readable = true;  // otherwise nothing is known but id and time
  bool is_prune = false;
  std::string host;
  std::uint64_t pid = 0;
  Timestamp started;             // by the clock of its host
  Timestamp refreshed;           // by the storage's clock; 0: it has none
  bool counts = true;            // prunes wait for it; otherwise the next one ends it
  bool from_the_future = false;  // refreshed later than now, by the storage's clock
  std::string state;             // why: "its process is gone"
};

struct CollectReport {
  std::uint64_t packs_before = 0;
  std::uint64_t packs_removed = 0;  // with those rewritten
  std::uint64_t packs_rewritten = 0;
  std::uint64_t bytes_before = 0;
  std::uint64_t bytes_freed = 0;  // net of what was written again
  std::uint64_t bytes_unused_left = 0;
  // Could go, and stays for a later prune.
  std::uint64_t packs_deferred = 0;
  std::uint64_t bytes_deferred = 0;
  std::vector<ClaimInfo> deferred_to;  // who may still need them
  bool deferred_to_new_snapshots = false;
  bool lacks_room = false;  // there was no room to write packs again that hold unneeded content
  // What repair had set aside long ago.
  std::uint64_t asides_removed = 0;
  std::uint64_t bytes_of_asides = 0;
  // Removed, because their backups ended before they were committed.
  std::vector<ObjectId> torn_manifests;
  std::vector<ObjectId> void_manifests;
  // What is lost or unreadable. Nothing that it might need was removed.
  std::vector<Damage> damages;
};

struct AffectedPath {
  ObjectId snapshot;
  VolumeName volume;
  std::string path;         // of a file, or of a directory whose whole content is lost
  std::uint64_t bytes = 0;  // size of the file; 0 of a directory
};

struct VerifyOptions {
  double read_data = 0;  // percent of packs whose content is read: 0 to 100
  Progress* progress = nullptr;
  const Cancellation* cancellation = nullptr;
};

struct VerifyReport {
  std::uint64_t snapshots = 0;
  std::uint64_t packs = 0;
  std::uint64_t objects = 0;
  std::uint64_t bytes_read = 0;
  std::vector<Damage> damages;
  // What is damaged or missing, while all of it is stored elsewhere too: no loss.
  std::vector<Damage> remarks;
  std::vector<AffectedPath> affected;
  bool ok() const { return damages.empty() && affected.empty(); }
};

struct RecoveryKey {
  std::string id;
  std::string text;  // the form to print: groups of letters and digits with a checksum
};

class Repository;

struct RepairOptions {
  bool dry_run = false;
  Repository* from = nullptr;  // another one, to take from what is missing here; borrowed
  Progress* progress = nullptr;
  const Cancellation* cancellation = nullptr;
};

struct RepairReport {
  std::vector<Damage> actions;        // what was done with which object, or would be
  std::vector<Damage> beyond_repair;  // objects without which a snapshot or a key is lost
  std::vector<AffectedPath> lost;     // what no snapshot can give back any more
  std::uint64_t pieces_rescued = 0;   // from damaged packs
  std::uint64_t pieces_taken = 0;     // from the other repository
  std::uint64_t bytes_read = 0;
  bool index_rebuilt = false;
  bool postponed = false;  // others run: nothing was removed from its place
  bool is_whole() const { return beyond_repair.empty() && lost.empty(); }
};

// One backup on its way into the repository. Destroying it without commit abandons
// it; what was stored already is found by the next one.
class BackupSession : public ObjectSink {
 public:
  // Makes what was stored so far durable and known to later backups, without
  // committing anything. For an interruption.
  virtual void checkpoint() = 0;

  // Says from which snapshot content is taken over without being put, one that was listed after
  // the session began. To be called before commit where there is one.
  virtual void build_on(const ObjectId& base) = 0;

  // Publishes `snapshot`: its id is chosen here, bytes_added and bytes_stored are
  // filled in; everything it references must have been put into this session or come
  // from a snapshot listed after the session began. When this returns the snapshot is
  // durable and complete. The token of a change feed is kept where the repository has room for it
  // (not in one of format version 1), and is in what is returned only then.
  virtual Snapshot commit(Snapshot snapshot) = 0;
};

// A Snapferry repository on a Storage, which it borrows. FORMAT.md says what is
// stored. Any number of processes may use one repository at the same time, for
// anything; no method waits for another process.
//
// Methods throw Unavailable, PermissionDenied, NoSpace or Corrupt as they come.
class Repository : public ObjectSource {
 public:
  // Ends what an interrupted creation left. Throws AlreadyExists if there is one, Corrupt if there
  // is one that lost its config. Returns the id.
  static ObjectId create(blob::Storage& storage, const CreateOptions& options);

  // Throws NotFound if there is none, Unsupported for a newer format, WrongPassword.
  static std::unique_ptr<Repository> open(blob::Storage& storage, const OpenOptions& options);

  // Random, fixed at creation.
  virtual const ObjectId& id() const = 0;
  virtual Encryption encryption() const = 0;

  // All committed snapshots, oldest first. Asks the storage each time. A damaged
  // manifest does not hide the others: it is given to `damaged`, or if null thrown.
  virtual std::vector<Snapshot> snapshots(std::vector<Damage>* damaged = nullptr) = 0;

  // get(), for whoever does not know whether it was ever here: nothing is recorded as lost.
  virtual Bytes find(ObjectKind kind, const ObjectId& id) = 0;

  // What of the snapshot is known to be damaged or lost (FORMAT.md, "Damage"): recorded, and still
  // true. As of the last snapshots(): costs one listing after it where nothing is recorded, and
  // otherwise reading the trees of the snapshot.
  virtual std::vector<AffectedPath> known_damage(const Snapshot& snapshot) = 0;

  // What is stored of a snapshot, for another copy of this repository. Throws NotFound and Corrupt.
  virtual Bytes manifest(const ObjectId& snapshot) = 0;

  // What is expected of the hosts beside what their snapshots say (FORMAT.md, "What is expected").
  // Asks the storage each time. What cannot be read expects nothing.
  virtual Expectations expectations() = 0;
  // Makes the change to what is expected of the host, as changed() does; writes nothing where that
  // changes nothing.
  virtual std::vector<VolumeFailure> change_expectations(const std::string& host,
                                                         const ExpectationChange& change) = 0;

  // Announces itself to prunes before it looks at anything, so that nothing it may
  // reference goes away. One session at a time per Repository.
  virtual std::unique_ptr<BackupSession> begin_backup() = 0;

  // Removes the manifests; the space is freed by collect(). Unknown ids are ignored.
  virtual void forget(const std::vector<ObjectId>& snapshots) = 0;

  // Removes what no snapshot references, first what can go whole. Damage does not stop it; it is
  // reported, and what might be needed stays. Throws Conflict if this run was taken for dead.
  virtual CollectReport collect(const CollectOptions& options) = 0;

  // Now, by the storage's own clock: the time that it lists for a claim, which is written for that
  // and goes again. 0 where it has no clock, or nothing can be written.
  virtual Timestamp storage_time() = 0;

  // All claims of other processes.
  virtual std::vector<ClaimInfo> claims() = 0;
  // Takes the claim from its owner, whether or not it still runs: a backup fails then. `reason` is
  // kept. Ids may be prefixes. Throws NotFound, or Conflict if ambiguous.
  virtual ClaimInfo remove_claim(const std::string& id, const std::string& reason) = 0;

  // Damage is reported, not thrown; which copies are damaged is recorded, so that the next backup
  // stores their content again.
  virtual VerifyReport verify(const VerifyOptions& options) = 0;

  // Brings the repository into the best state that it can have. Reads all of it.
  virtual RepairReport repair(const RepairOptions& options) = 0;

  // Puts the config and the keys back that `damaged`, a copy of this repository, has lost
  // (FORMAT.md, "Putting back what opens a repository"), and says what it did, or in a dry run
  // would do; empty where nothing is missing, or `damaged` is known to be of another repository.
  // Throws Conflict if nothing proves that they belong there.
  virtual std::vector<Damage> put_back_head(blob::Storage& damaged, bool dry_run) = 0;

  // Calls `visit` with each piece of file content that can be read, until it returns false.
  virtual void for_each_data(const std::function<bool(ByteView bytes)>& visit) = 0;

  virtual RepositoryStats stats() = 0;

  virtual std::vector<KeyInfo> keys() = 0;
  // Returns the id of the new key.
  virtual std::string add_password(const std::string& password, const std::string& label) = 0;
  // Makes a key that opens the repository in place of a password.
  virtual RecoveryKey add_recovery_key(const std::string& label) = 0;
  // Throws NotFound, InvalidArgument if `id` is ambiguous, or Conflict if no other key is known to
  // open the repository, or for the one in use.
  virtual void remove_key(const std::string& id, KeyInUse in_use = KeyInUse::Keep) = 0;

  // Any internal object as readable text (JSON): "config", "key ID", "index ID",
  // "pack ID", "snapshot ID", "tree ID", "list ID", "claim ID", "condemned ID", "ended ID",
  // "damaged ID", "expected ID";
  // "data ID" gives the bytes themselves. Ids may be prefixes. For `debug cat`.
  virtual std::string debug_text(std::string_view kind, std::string_view id) = 0;
  // The names of all objects in the storage, for `debug list`.
  virtual std::vector<blob::ObjectInfo> debug_list() = 0;
};

}  // namespace snapferry::repository
