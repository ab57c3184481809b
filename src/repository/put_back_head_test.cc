#include <gtest/gtest.h>

#include "core/error.h"
#include "repository/test_damage.h"

namespace snapferry::repository {
namespace {

using Objects = MemoryStorage::Objects;

std::string the_key(const Objects& objects) {
  for (const auto& [name, bytes] : objects) {
    if (name.starts_with("keys/")) return name;
  }
  return {};
}

ErrorKind failure_of(const std::function<void()>& step) {
  try {
    step();
  } catch (const Error& error) {
    return error.kind();
  }
  ADD_FAILURE() << "did not throw";
  return ErrorKind::Internal;
}

void expect_opens(MemoryStorage& storage) {
  const auto repository = open(storage);
  EXPECT_EQ(read_back(*repository, repository->snapshots().at(0)), source());
}

void damage_both(MemoryStorage& storage, const std::string& name) {
  Bytes bytes = storage.get(name);
  bytes[10] ^= 1;
  bytes[bytes.size() - 1] ^= 1;
  storage.put(name, bytes);
}

using Harm = std::function<void(MemoryStorage& storage, const std::string& name)>;

std::vector<Harm> harms() {
  return {[](MemoryStorage& storage, const std::string& name) { storage.remove(name); },
          [](MemoryStorage& storage, const std::string& name) { storage.put(name, {}); },
          damage_both};
}

TEST(PutBackHead, BringsConfigAndKeysThatAreMissingEmptyOrDamaged) {
  const Objects start = one_snapshot();
  const std::string key = the_key(start);
  for (const auto& names :
       std::vector<std::vector<std::string>>{{"config"}, {key}, {key, "config"}}) {
    for (const Harm& harm : harms()) {
      MemoryStorage storage(start);
      MemoryStorage copy(start);
      for (const std::string& name : names) harm(storage, name);
      EXPECT_ANY_THROW(open(storage));
      const Objects before = storage.objects();
      EXPECT_EQ(open(copy)->put_back_head(storage, true).size(), names.size());
      EXPECT_EQ(storage.objects(), before) << "a dry run";
      EXPECT_EQ(open(copy)->put_back_head(storage, false).size(), names.size());
      for (const std::string& name : names) EXPECT_EQ(storage.get(name), copy.get(name));
      expect_opens(storage);
      EXPECT_EQ(copy.objects(), start);
      EXPECT_TRUE(open(copy)->put_back_head(storage, false).empty());
    }
  }
}

TEST(PutBackHead, KeepsWhatWasDamagedAside) {
  const Objects start = one_snapshot();
  MemoryStorage storage(start);
  MemoryStorage copy(start);
  damage_both(storage, "config");
  const Bytes damaged = storage.get("config");
  open(copy)->put_back_head(storage, false);
  EXPECT_EQ(storage.get("aside/config"), damaged);
}

TEST(PutBackHead, TakesAnyObjectThatOpensForProof) {
  const Objects start = one_snapshot();
  MemoryStorage copy(start);
  for (const std::string kept : {"snapshots/", "index/", "packs/"}) {
    MemoryStorage storage;
    for (const auto& [name, bytes] : start) {
      if (name.starts_with(kept)) storage.put(name, bytes);
    }
    EXPECT_EQ(open(copy)->put_back_head(storage, false).size(), 2u) << kept;
    EXPECT_NO_THROW(open(storage)) << kept;
  }
}

TEST(PutBackHead, RefusesWhatIsNotProvenToBelongThere) {
  MemoryStorage copy(one_snapshot());
  const Objects other = one_snapshot();
  MemoryStorage without_config(other);
  without_config.remove("config");
  MemoryStorage without_both(other);
  without_both.remove("config");
  without_both.remove(the_key(other));
  MemoryStorage nothing;  // the mount point of a disk that is away
  for (MemoryStorage* storage : {&without_config, &without_both, &nothing}) {
    const Objects before = storage->objects();
    EXPECT_EQ(failure_of([&] { open(copy)->put_back_head(*storage, false); }), ErrorKind::Conflict);
    EXPECT_EQ(storage->objects(), before);
  }
}

TEST(PutBackHead, LeavesAnotherRepositoryAndOneThatIsWholeAlone) {
  MemoryStorage copy(one_snapshot());
  const Objects other = one_snapshot();
  MemoryStorage storage(other);
  EXPECT_TRUE(open(copy)->put_back_head(storage, false).empty());
  storage.remove(the_key(other));
  EXPECT_TRUE(open(copy)->put_back_head(storage, false).empty());
  EXPECT_FALSE(storage.objects().contains(the_key(other)));
  EXPECT_TRUE(open(copy)->put_back_head(copy, false).empty());
}

TEST(PutBackHead, BringsNoKeyBackThatWasRemovedWhileAnotherOpens) {
  MemoryStorage storage(one_snapshot());
  const std::string added = open(storage)->add_password("another", "label");
  MemoryStorage copy(storage.objects());
  open(storage)->remove_key(added);
  EXPECT_TRUE(open(copy)->put_back_head(storage, false).empty());
  storage.remove("config");
  EXPECT_EQ(open(copy)->put_back_head(storage, false).size(), 1u);
  EXPECT_FALSE(storage.objects().contains("keys/" + added));
  // With none left, all come that the copy has.
  for (const auto& info : storage.list("keys")) storage.remove(info.name);
  EXPECT_EQ(open(copy)->put_back_head(storage, false).size(), 2u);
  expect_opens(storage);
}

TEST(PutBackHead, ReplacesAConfigThatIsLargerThanAny) {
  const Objects start = one_snapshot();
  MemoryStorage storage(start);
  MemoryStorage copy(start);
  storage.remove(the_key(start));
  Bytes planted = storage.get("config");
  planted.resize(5000);
  storage.put("config", planted);
  EXPECT_EQ(open(copy)->put_back_head(storage, false).size(), 2u);
  expect_opens(storage);
}

}  // namespace
}  // namespace snapferry::repository
