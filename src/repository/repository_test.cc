#include "repository/repository.h"

#include <gtest/gtest.h>

#include "blob/memory_storage.h"
#include "core/error.h"
#include "core/tree_node.h"
#include "repository/config.h"
#include "repository/key_ring.h"
#include "repository/key_slot.h"
#include "repository/twin_copy.h"
#include "testing/temporary_directory.h"

namespace snapferry::repository {
namespace {

CreateOptions weak(Encryption encryption = Encryption::Password) {
  return {.encryption = encryption, .password = "secret", .weak_key_derivation = true};
}

OpenOptions with_password(std::string password = "secret", std::string cache = "") {
  return {.password = [password] { return password; }, .cache_directory = std::move(cache)};
}

Entry file(std::string name, const ObjectId& id, std::uint64_t size) {
  Entry entry;
  entry.name = std::move(name);
  entry.size = size;
  entry.content.runs.push_back({size, id});
  return entry;
}

// A snapshot of one directory with the given files, put into the session.
Snapshot make_snapshot(BackupSession& session,
                       const std::vector<std::pair<std::string, std::string>>& files,
                       std::int64_t seconds = 1000) {
  Bytes leaf{1};
  for (const auto& [name, content] : files) {
    encode_entry(file(name, session.put(ObjectKind::Data, as_bytes(content)), content.size()),
                 leaf);
  }
  Snapshot snapshot;
  snapshot.volume = {"host", "/data"};
  snapshot.set = "default";
  snapshot.time = {seconds, 0};
  snapshot.root.type = EntryType::Directory;
  snapshot.root.tree = session.put(ObjectKind::Tree, leaf);
  return snapshot;
}

Snapshot back_up(Repository& repository,
                 const std::vector<std::pair<std::string, std::string>>& files,
                 std::int64_t seconds = 1000) {
  auto session = repository.begin_backup();
  return session->commit(make_snapshot(*session, files, seconds));
}

std::string noise(unsigned seed, std::size_t size) {
  std::string bytes(size, 0);
  for (char& byte : bytes) byte = static_cast<char>((seed = seed * 1664525 + 1013904223) >> 24);
  return bytes;
}

std::string read_back(Repository& repository, const Snapshot& snapshot, std::string_view name) {
  const Bytes tree = repository.get(ObjectKind::Tree, snapshot.root.tree);
  const TreeNode node = TreeNode::parse(tree);
  for (const auto& item : node.items) {
    if (item.name != name) continue;
    const Bytes content =
        repository.get(ObjectKind::Data, *decode_entry(item.bytes).content.runs.at(0).id);
    return std::string(as_text(content));
  }
  return "not there";
}

ErrorKind kind_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.kind();
  }
  return ErrorKind::Internal;
}

class RepositoryTest : public ::testing::TestWithParam<Encryption> {
 protected:
  RepositoryTest() {
    Repository::create(storage_, weak(GetParam()));
    repository_ = Repository::open(storage_, with_password());
  }
  void reopen() { repository_ = Repository::open(storage_, with_password()); }

  blob::MemoryStorage storage_;
  std::unique_ptr<Repository> repository_;
};

INSTANTIATE_TEST_SUITE_P(Encryption, RepositoryTest,
                         ::testing::Values(Encryption::Password, Encryption::None));

TEST_P(RepositoryTest, GivesBackWhatWasCommitted) {
  const std::string big = noise(1, 3 << 20);
  const Snapshot written = back_up(*repository_, {{"a", "hello"}, {"b", big}});
  reopen();
  const auto snapshots = repository_->snapshots();
  ASSERT_EQ(snapshots.size(), 1u);
  EXPECT_EQ(snapshots[0], written);
  EXPECT_EQ(read_back(*repository_, written, "a"), "hello");
  EXPECT_EQ(read_back(*repository_, written, "b"), big);
  EXPECT_TRUE(repository_->verify({.read_data = 100}).ok());
}

TEST_P(RepositoryTest, OrdersSnapshotsAsTheyCameWhateverTheirHostsClockSaid) {
  const Snapshot of_the_future = back_up(*repository_, {{"a", "one"}}, 9'000'000'000);
  const Snapshot later = back_up(*repository_, {{"a", "two"}}, 1000);
  reopen();
  const auto snapshots = repository_->snapshots();
  ASSERT_EQ(snapshots.size(), 2u);
  EXPECT_EQ(snapshots[0].id, of_the_future.id);
  EXPECT_EQ(snapshots[1].id, later.id);
  EXPECT_EQ(later.sequence, of_the_future.sequence + 1);
  EXPECT_LT(of_the_future.seen.seconds, 9'000'000'000);
  EXPECT_GT(of_the_future.seen.seconds, 0);
}

TEST_P(RepositoryTest, StoresTheSameContentOnce) {
  const std::string content = noise(2, 1 << 20);
  back_up(*repository_, {{"a", content}});
  const Snapshot second = back_up(*repository_, {{"a", content}, {"copy", content}}, 2000);
  EXPECT_LT(second.stats.bytes_stored, 10'000u);
  EXPECT_EQ(repository_->stats().data_objects, 1u);
}

TEST_P(RepositoryTest, ShowsNothingOfAnAbandonedBackupAndPicksUpWhatItStored) {
  const std::string content = noise(3, 20 << 20 >> 1);
  const std::string more = noise(4, 10 << 20);
  {
    auto session = repository_->begin_backup();
    make_snapshot(*session, {{"a", content}, {"b", more}});
    // Two packs are full or on their way; nothing was committed.
  }
  reopen();
  EXPECT_TRUE(repository_->snapshots().empty());
  auto session = repository_->begin_backup();
  const Snapshot snapshot = session->commit(make_snapshot(*session, {{"a", content}, {"b", more}}));
  EXPECT_EQ(read_back(*repository_, snapshot, "b"), more);
  EXPECT_TRUE(storage_.list("claims").empty());
  EXPECT_TRUE(repository_->verify({.read_data = 100}).ok());
}

TEST_P(RepositoryTest, CheckpointLetsTheNextBackupPickUpWhatWasStored) {
  const std::string content = noise(3, 1 << 20);
  {
    auto session = repository_->begin_backup();
    make_snapshot(*session, {{"a", content}});
    session->checkpoint();
  }
  reopen();
  const Snapshot snapshot = back_up(*repository_, {{"a", content}});
  EXPECT_LT(snapshot.stats.bytes_stored, 10'000u);
}

TEST_P(RepositoryTest, CollectKeepsWhatIsReferencedAndFreesTheRest) {
  const std::string shared = noise(5, 1 << 20);
  const Snapshot first = back_up(*repository_, {{"old", noise(6, 2 << 20)}, {"shared", shared}});
  const Snapshot second = back_up(*repository_, {{"shared", shared}}, 2000);
  EXPECT_EQ(repository_->collect({.dry_run = true}).packs_removed, 0u);
  const auto foreseen = repository_->collect({.dry_run = true, .as_if_forgotten = {first.id}});
  EXPECT_EQ(repository_->snapshots().size(), 2u);
  repository_->forget({first.id});
  const auto planned = repository_->collect({.dry_run = true});
  EXPECT_EQ(planned.packs_rewritten, 1u);
  EXPECT_EQ(foreseen.bytes_freed, planned.bytes_freed);
  EXPECT_EQ(foreseen.packs_removed, planned.packs_removed);
  const auto report = repository_->collect({});
  EXPECT_EQ(report.bytes_freed, planned.bytes_freed);
  EXPECT_GT(report.bytes_freed, 2u << 20);
  EXPECT_EQ(report.packs_deferred, 0u);
  EXPECT_LT(repository_->stats().bytes_stored, 1'200'000u);
  EXPECT_EQ(read_back(*repository_, second, "shared"), shared);
  reopen();
  EXPECT_EQ(read_back(*repository_, second, "shared"), shared);
  EXPECT_TRUE(repository_->verify({.read_data = 100}).ok());
  EXPECT_TRUE(storage_.list("condemned").empty());
  EXPECT_TRUE(storage_.list("claims").empty());
}

TEST_P(RepositoryTest, CollectNeverTakesWhatARunningBackupReferences) {
  const std::string content = noise(7, 1 << 20);
  const Snapshot first = back_up(*repository_, {{"a", content}});
  auto other = Repository::open(storage_, with_password());
  auto running = other->begin_backup();
  Snapshot second = make_snapshot(*running, {{"a", content}}, 2000);
  repository_->forget({first.id});
  const auto report = repository_->collect({});
  EXPECT_GT(report.packs_deferred, 0u);
  second = running->commit(second);
  EXPECT_EQ(read_back(*other, second, "a"), content);
  EXPECT_TRUE(repository_->verify({.read_data = 100}).ok());
  // The next prune finishes, and keeps what became referenced meanwhile.
  repository_->collect({});
  EXPECT_EQ(read_back(*repository_, second, "a"), content);
  EXPECT_TRUE(repository_->verify({.read_data = 100}).ok());
  EXPECT_TRUE(storage_.list("condemned").empty());
}

TEST_P(RepositoryTest, ABackupAfterACondemnationStoresContentAgain) {
  const std::string content = noise(8, 1 << 20);
  const Snapshot first = back_up(*repository_, {{"a", content}});
  auto blocker_repository = Repository::open(storage_, with_password());
  auto blocker = blocker_repository->begin_backup();
  repository_->forget({first.id});
  EXPECT_GT(repository_->collect({}).packs_deferred, 0u);
  auto third = Repository::open(storage_, with_password());
  const Snapshot second = back_up(*third, {{"a", content}}, 3000);
  EXPECT_GT(second.stats.bytes_stored, 1u << 20);
  blocker.reset();
  repository_->collect({});
  EXPECT_TRUE(repository_->verify({.read_data = 100}).ok());
  EXPECT_EQ(read_back(*repository_, second, "a"), content);
}

TEST_P(RepositoryTest, ABackupThatWasTakenForDeadDoesNotCommit) {
  auto session = repository_->begin_backup();
  Snapshot snapshot = make_snapshot(*session, {{"a", "x"}});
  for (const auto& info : storage_.list("claims")) storage_.remove(info.name);
  EXPECT_EQ(kind_of([&] { session->commit(snapshot); }), ErrorKind::Conflict);
  EXPECT_TRUE(repository_->snapshots().empty());
}

TEST_P(RepositoryTest, CollectSaysWhatItFreedAndWhatItDeferredAndToWhom) {
  const Snapshot first = back_up(*repository_, {{"a", noise(21, 1 << 20)}});
  auto other = Repository::open(storage_, with_password());
  auto running = other->begin_backup();
  repository_->forget({first.id});
  const auto foreseen = repository_->collect({.dry_run = true});
  const auto deferred = repository_->collect({});
  EXPECT_EQ(foreseen.packs_deferred, deferred.packs_deferred);
  EXPECT_EQ(foreseen.bytes_deferred, deferred.bytes_deferred);
  EXPECT_EQ(foreseen.packs_removed, 0u);
  EXPECT_EQ(foreseen.deferred_to.size(), 1u);
  EXPECT_EQ(deferred.bytes_freed, 0u);
  EXPECT_EQ(deferred.packs_removed, 0u);
  EXPECT_EQ(deferred.packs_deferred, 2u);
  EXPECT_GT(deferred.bytes_deferred, 1u << 20);
  ASSERT_EQ(deferred.deferred_to.size(), 1u);
  EXPECT_TRUE(deferred.deferred_to[0].counts);
  running.reset();
  const auto freed = repository_->collect({});
  EXPECT_GT(freed.bytes_freed, 1u << 20);
  EXPECT_EQ(freed.packs_deferred, 0u);
  EXPECT_TRUE(freed.deferred_to.empty());
  EXPECT_TRUE(storage_.list("packs").empty());
}

TEST_P(RepositoryTest, CollectFreesBesideASnapshotWithLostContent) {
  const std::string lost = noise(22, 1 << 20);
  back_up(*repository_, {{"a", lost}});
  const auto packs = storage_.list("packs");
  const Snapshot other = back_up(*repository_, {{"b", noise(23, 1 << 20)}}, 2000);
  repository_->forget({other.id});
  for (const auto& info : packs) {
    if (info.size > 1 << 20) storage_.remove(info.name);
  }
  reopen();
  const auto report = repository_->collect({});
  EXPECT_FALSE(report.damages.empty());
  EXPECT_GT(report.bytes_freed, 1u << 20);
  EXPECT_EQ(repository_->snapshots().size(), 1u);
}

TEST_P(RepositoryTest, CollectRemovesNothingThatADamagedManifestMayNeed) {
  const Snapshot first = back_up(*repository_, {{"a", noise(24, 1 << 20)}});
  const std::string name = "snapshots/" + first.id.hex();
  Bytes bytes = storage_.get(name);
  bytes[bytes.size() / 2] ^= 1;
  storage_.put(name, bytes);
  const auto packs = storage_.list("packs").size();
  const auto report = repository_->collect({});
  ASSERT_EQ(report.damages.size(), 1u);
  EXPECT_EQ(report.damages[0].object, name);
  EXPECT_EQ(storage_.list("packs").size(), packs);
  bytes[bytes.size() / 2] ^= 1;
  storage_.put(name, bytes);
  EXPECT_TRUE(repository_->verify({.read_data = 100}).ok());
}

TEST_P(RepositoryTest, AManifestThatBecameEmptyIsALossAndNothingThatItNeededGoes) {
  const Snapshot first = back_up(*repository_, {{"a", "one"}});
  const std::string name = "snapshots/" + first.id.hex();
  const Bytes manifest = storage_.get(name);
  back_up(*repository_, {{"a", "two"}}, 2000);
  storage_.put(name, Bytes{});
  const auto packs = storage_.list("packs").size();
  EXPECT_EQ(kind_of([&] { repository_->snapshots(); }), ErrorKind::Corrupt);
  const auto report = repository_->collect({});
  ASSERT_EQ(report.damages.size(), 1u);
  EXPECT_EQ(report.damages[0].object, name);
  EXPECT_EQ(storage_.list("packs").size(), packs);
  storage_.put(name, manifest);
  EXPECT_TRUE(repository_->verify({.read_data = 100}).ok());
}

TEST_P(RepositoryTest, ClaimsAreListedAndCanBeRemovedWithAReason) {
  auto session = repository_->begin_backup();
  const Snapshot snapshot = make_snapshot(*session, {{"a", "x"}});
  auto other = Repository::open(storage_, with_password());
  const auto claims = other->claims();
  ASSERT_EQ(claims.size(), 1u);
  EXPECT_TRUE(claims[0].counts);
  EXPECT_EQ(kind_of([&] { other->remove_claim("ffffffffff", "why"); }), ErrorKind::NotFound);
  EXPECT_EQ(other->remove_claim(claims[0].id.short_hex(), "why").id, claims[0].id);
  EXPECT_TRUE(other->claims().empty());
  EXPECT_EQ(kind_of([&] { session->commit(snapshot); }), ErrorKind::Conflict);
  EXPECT_TRUE(repository_->snapshots().empty());
}

TEST_P(RepositoryTest, WithoutItsIndexIsWholeAndMadeWholeAgainByAPrune) {
  const Snapshot first = back_up(*repository_, {{"a", "one"}});
  back_up(*repository_, {{"a", "two"}}, 2000);
  for (const auto& info : storage_.list("index")) storage_.remove(info.name);
  reopen();
  const VerifyReport report = repository_->verify({.read_data = 100});
  ASSERT_EQ(report.damages.size(), 1u);
  EXPECT_EQ(report.damages[0].object, "index");
  EXPECT_TRUE(report.affected.empty());
  EXPECT_EQ(read_back(*repository_, first, "a"), "one");
  reopen();
  repository_->collect({});
  EXPECT_EQ(storage_.list("index").size(), 1u);
  EXPECT_TRUE(repository_->verify({.read_data = 100}).ok());
}

TEST_P(RepositoryTest, ReadsPacksWhenAnIndexObjectIsGoneOrDamaged) {
  const Snapshot first = back_up(*repository_, {{"a", "one"}});
  const Snapshot second = back_up(*repository_, {{"a", "two"}}, 2000);
  const auto index = storage_.list("index");
  ASSERT_EQ(index.size(), 2u);
  storage_.remove(index[0].name);
  Bytes damaged = storage_.get(index[1].name);
  damaged[damaged.size() / 2] ^= 1;
  storage_.put(index[1].name, damaged);
  reopen();
  EXPECT_EQ(read_back(*repository_, first, "a"), "one");
  EXPECT_EQ(read_back(*repository_, second, "a"), "two");
  EXPECT_FALSE(repository_->verify({}).ok());
  repository_->collect({});
  reopen();
  EXPECT_TRUE(repository_->verify({.read_data = 100}).ok());
}

TEST_P(RepositoryTest, ManySmallBackupsAreMergedIntoFewPacksAndIndexObjects) {
  for (int i = 0; i < 20; ++i) {
    back_up(*repository_, {{"f" + std::to_string(i), noise(static_cast<unsigned>(i), 2000)}}, i);
  }
  EXPECT_EQ(storage_.list("packs").size(), 40u);
  repository_->collect({});
  EXPECT_EQ(storage_.list("packs").size(), 2u);
  EXPECT_EQ(storage_.list("index").size(), 1u);
  EXPECT_TRUE(repository_->verify({.read_data = 100}).ok());
}

TEST_P(RepositoryTest, UsesItsCacheAndSurvivesTheLossOfIt) {
  const testing::TemporaryDirectory cache;
  std::vector<Snapshot> snapshots;
  for (int i = 0; i < 5; ++i) {
    auto repository = Repository::open(storage_, with_password("secret", cache.path()));
    snapshots.push_back(back_up(*repository, {{"f", noise(static_cast<unsigned>(i), 2000)}}, i));
  }
  for (const std::string& directory : {cache.path(), std::string("")}) {
    auto repository = Repository::open(storage_, with_password("secret", directory));
    for (unsigned i = 0; i < 5; ++i) {
      EXPECT_EQ(read_back(*repository, snapshots[i], "f"), noise(i, 2000));
    }
  }
}

TEST(Repository, RefusesAWrongPassword) {
  blob::MemoryStorage storage;
  Repository::create(storage, weak());
  EXPECT_EQ(kind_of([&] { Repository::open(storage, with_password("wrong")); }),
            ErrorKind::WrongPassword);
  EXPECT_EQ(kind_of([&] { Repository::open(storage, {}); }), ErrorKind::WrongPassword);
}

// What whoever hosts the storage can do, without knowing any password.
TEST(Repository, DoesNotOpenWithAKeyThatNeedsNoPassword) {
  const Key attackers;
  KeySlot clear = make_clear_slot(attackers, {});
  prove(clear, "0000000000000001", attackers);
  blob::MemoryStorage storage;
  storage.put("config", encode_config({ObjectId{}, Sealing::Encrypt}, attackers));
  storage.put("keys/0000000000000001", encode_slot(clear));
  EXPECT_EQ(kind_of([&] { Repository::open(storage, with_password()); }), ErrorKind::WrongPassword);
  clear.kind = SlotKind::Password;
  storage.put("keys/0000000000000001", encode_slot(clear));
  EXPECT_EQ(kind_of([&] { Repository::open(storage, with_password()); }), ErrorKind::Corrupt);
}

TEST(Repository, WithoutEncryptionIsRefusedWhereAPasswordWasGiven) {
  blob::MemoryStorage storage;
  Repository::create(storage, weak(Encryption::None));
  OpenOptions options = with_password();
  options.require_encryption = true;
  EXPECT_EQ(kind_of([&] { Repository::open(storage, options); }), ErrorKind::WrongPassword);
}

TEST(Repository, IsCreatedOnce) {
  blob::MemoryStorage storage;
  Repository::create(storage, weak());
  EXPECT_EQ(kind_of([&] { Repository::create(storage, weak()); }), ErrorKind::AlreadyExists);
  EXPECT_EQ(storage.list("keys").size(), 1u);
}

TEST(Repository, IsNotFoundInAnEmptyStorage) {
  blob::MemoryStorage storage;
  EXPECT_EQ(kind_of([&] { Repository::open(storage, with_password()); }), ErrorKind::NotFound);
}

TEST(Repository, WithoutItsConfigIsDamagedAndNotAbsent) {
  blob::MemoryStorage storage;
  Repository::create(storage, weak());
  storage.remove("config");
  EXPECT_EQ(kind_of([&] { Repository::open(storage, with_password()); }), ErrorKind::Corrupt);
}

TEST(Repository, OfANewerVersionIsRefused) {
  blob::MemoryStorage storage;
  Repository::create(storage, weak());
  Bytes body = decode_twin(storage.get("config"), "config").body;
  body[4] = kFormatVersion + 1;
  storage.put("config", encode_twin(body));
  EXPECT_EQ(kind_of([&] { Repository::open(storage, with_password()); }), ErrorKind::Unsupported);
  body[4] = 0;
  storage.put("config", encode_twin(body));
  EXPECT_EQ(kind_of([&] { Repository::open(storage, with_password()); }), ErrorKind::Corrupt);
}

// Made of a new repository: the config alone says which version it has.
void make_version_1(blob::MemoryStorage& storage) {
  const ReadConfig config = decode_config(storage.get(kConfigName));
  const OpenedKey key = open_key(storage, config, [] { return "secret"; });
  Config old = config.config;
  old.version = 1;
  storage.put(kConfigName, encode_config(old, key.master));
}

TEST(Repository, KeepsTheTokenOfAChangeFeedWithItsSnapshot) {
  blob::MemoryStorage storage;
  Repository::create(storage, weak());
  auto repository = Repository::open(storage, with_password());
  auto session = repository->begin_backup();
  Snapshot snapshot = make_snapshot(*session, {{"a", "x"}});
  snapshot.feed = FeedToken{.kind = "btrfs", .token = {0xab, 0xcd}};
  const Snapshot committed = session->commit(snapshot);
  EXPECT_EQ(committed.feed, snapshot.feed);
  ASSERT_EQ(repository->snapshots().size(), 1u);
  EXPECT_EQ(repository->snapshots()[0], committed);
  const std::string text = repository->debug_text("snapshot", committed.id.hex());
  EXPECT_NE(text.find("\"kind\": \"btrfs\""), std::string::npos) << text;
  EXPECT_NE(text.find("\"token\": \"abcd\""), std::string::npos) << text;
}

TEST(Repository, OfVersion1StaysSoAndHasNoRoomForATokenOfAChangeFeed) {
  blob::MemoryStorage storage;
  Repository::create(storage, weak());
  make_version_1(storage);
  auto repository = Repository::open(storage, with_password());
  auto session = repository->begin_backup();
  Snapshot snapshot = make_snapshot(*session, {{"a", "x"}});
  snapshot.feed = FeedToken{.kind = "btrfs", .token = {0xab, 0xcd}};
  const Snapshot committed = session->commit(snapshot);
  EXPECT_EQ(committed.feed, std::nullopt);
  EXPECT_EQ(repository->snapshots()[0], committed);
  EXPECT_EQ(repository->manifest(committed.id)[0], 3) << "what programs of version 1 know";
  EXPECT_TRUE(repository->verify({.read_data = 100}).ok());
  EXPECT_TRUE(repository->collect({}).damages.empty());
  EXPECT_TRUE(repository->repair({}).is_whole());
  EXPECT_EQ(decode_config(storage.get(kConfigName)).config.version, 1u);
}

TEST(Repository, CommitsNoTokenOfAChangeFeedThatNobodyCouldRead) {
  blob::MemoryStorage storage;
  Repository::create(storage, weak());
  auto repository = Repository::open(storage, with_password());
  auto session = repository->begin_backup();
  Snapshot snapshot = make_snapshot(*session, {{"a", "x"}});
  snapshot.feed = FeedToken{.kind = "btrfs", .token = Bytes(FeedToken::kMaxToken + 1, 1)};
  EXPECT_EQ(kind_of([&] { session->commit(snapshot); }), ErrorKind::Internal);
  EXPECT_TRUE(repository->snapshots().empty());
}

TEST(Repository, OpensWithEveryPasswordAndTheRecoveryKey) {
  blob::MemoryStorage storage;
  Repository::create(storage, weak());
  auto repository = Repository::open(storage, with_password());
  const std::string second = repository->add_password("another", "laptop");
  const std::string recovery = repository->add_recovery_key("safe").text;
  EXPECT_EQ(recovery.size(), 47u);
  EXPECT_NO_THROW(Repository::open(storage, with_password("another")));
  EXPECT_NO_THROW(Repository::open(storage, with_password(recovery)));
  std::string mistyped = recovery;
  mistyped[3] = mistyped[3] == 'A' ? 'B' : 'A';
  EXPECT_EQ(kind_of([&] { Repository::open(storage, with_password(mistyped)); }),
            ErrorKind::WrongPassword);
  ASSERT_EQ(repository->keys().size(), 3u);
  repository->remove_key(second);
  EXPECT_EQ(kind_of([&] { Repository::open(storage, with_password("another")); }),
            ErrorKind::WrongPassword);
  EXPECT_EQ(kind_of([&] { repository->remove_key("ffff"); }), ErrorKind::NotFound);
}

TEST(Repository, KeepsItsLastKey) {
  blob::MemoryStorage storage;
  Repository::create(storage, weak());
  auto repository = Repository::open(storage, with_password());
  EXPECT_EQ(kind_of([&] { repository->remove_key(repository->keys()[0].id); }),
            ErrorKind::Conflict);
}

TEST(Repository, WithoutEncryptionKeepsContentReadable) {
  blob::MemoryStorage storage;
  Repository::create(storage, weak(Encryption::None));
  auto repository = Repository::open(storage, {});
  back_up(*repository, {{"a", "plain to see"}});
  bool found = false;
  for (const auto& info : storage.list("packs")) {
    const Bytes pack = storage.get(info.name);
    found = found || as_text(pack).find("plain to see") != std::string_view::npos;
  }
  EXPECT_TRUE(found);
}

TEST(Repository, ShowsEveryObjectAsText) {
  blob::MemoryStorage storage;
  Repository::create(storage, weak());
  auto repository = Repository::open(storage, with_password());
  const Snapshot snapshot = back_up(*repository, {{"a\xff", "hello"}});
  EXPECT_NE(repository->debug_text("config", "").find("\"version\": 2"), std::string::npos);
  EXPECT_NE(repository->debug_text("snapshot", snapshot.id.short_hex()).find("/data"),
            std::string::npos);
  EXPECT_NE(repository->debug_text("tree", snapshot.root.tree.hex()).find("a\\\\xff"),
            std::string::npos);
  for (const auto& [directory, kind] :
       {std::pair{"packs", "pack"}, {"index", "index"}, {"keys", "key"}}) {
    const std::string name = storage.list(directory).at(0).name;
    EXPECT_FALSE(repository->debug_text(kind, name.substr(name.find('/') + 1)).empty());
  }
}

}  // namespace
}  // namespace snapferry::repository
