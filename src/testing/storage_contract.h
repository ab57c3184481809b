#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "blob/storage.h"
#include "core/error.h"
#include "testing/errors.h"

// What every Storage must do. Include it once per test program, and say which:
//
//   INSTANTIATE_TEST_SUITE_P(All, StorageContract, ::testing::Values(kind…),
//                            storage_kind_name);

namespace snapferry::testing {

// An empty place for objects; every open() gives another instance that sees them all.
class StoragePlace {
 public:
  virtual ~StoragePlace() = default;
  virtual std::unique_ptr<blob::Storage> open() = 0;
};

struct StorageKind {
  std::string name;
  std::function<std::unique_ptr<StoragePlace>()> make;
};

inline std::string storage_kind_name(const ::testing::TestParamInfo<StorageKind>& info) {
  return info.param.name;
}

class StorageContract : public ::testing::TestWithParam<StorageKind> {
 protected:
  StorageContract() : place_(GetParam().make()), storage_(place_->open()) {}

  std::string text_of(std::string_view name) { return std::string(as_text(storage_->get(name))); }
  std::vector<std::string> names_in(std::string_view prefix) {
    std::vector<std::string> names;
    for (const blob::ObjectInfo& info : storage_->list(prefix)) names.push_back(info.name);
    std::sort(names.begin(), names.end());
    return names;
  }

  std::unique_ptr<StoragePlace> place_;
  std::unique_ptr<blob::Storage> storage_;
};

using Names = std::vector<std::string>;

TEST_P(StorageContract, GivesNothingOfAnObjectAboveTheLimit) {
  storage_->put("keys/a", as_bytes("four"));
  EXPECT_EQ(as_text(storage_->get("keys/a", 4)), "four");
  EXPECT_ERROR(storage_->get("keys/a", 3), ErrorKind::Corrupt);
}

TEST_P(StorageContract, GivesBackWhatWasPut) {
  storage_->put("config", as_bytes("one"));
  storage_->put("packs/3f00", as_bytes("two"));
  EXPECT_EQ(text_of("config"), "one");
  EXPECT_EQ(text_of("packs/3f00"), "two");
}

TEST_P(StorageContract, HoldsEmptyObjects) {
  storage_->put("keys/empty", {});
  EXPECT_EQ(text_of("keys/empty"), "");
  EXPECT_EQ(storage_->info("keys/empty").size, 0u);
  EXPECT_TRUE(storage_->get_range("keys/empty", 0, 0).empty());
  EXPECT_TRUE(storage_->get_tail("keys/empty", 5).empty());
}

TEST_P(StorageContract, HoldsBytesOfAllValuesAndManyOfThem) {
  Bytes bytes(5u << 20);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * i >> 7);
  storage_->put("packs/00ff", bytes);
  EXPECT_EQ(storage_->get("packs/00ff"), bytes);
  EXPECT_EQ(storage_->info("packs/00ff").size, bytes.size());
}

TEST_P(StorageContract, PutReplaces) {
  storage_->put("keys/a", as_bytes("a longer text"));
  EXPECT_EQ(as_text(storage_->get_range("keys/a", 0, 1)), "a");
  storage_->put("keys/a", as_bytes("short"));
  EXPECT_EQ(text_of("keys/a"), "short");
  EXPECT_EQ(as_text(storage_->get_range("keys/a", 0, 5)), "short");
  EXPECT_EQ(names_in("keys"), Names{"keys/a"});
}

TEST_P(StorageContract, PutNewStoresWhatIsNotThere) {
  storage_->put_new("config", as_bytes("first"));
  storage_->put_new("keys/a", as_bytes("second"));
  EXPECT_EQ(text_of("config"), "first");
  EXPECT_EQ(text_of("keys/a"), "second");
}

TEST_P(StorageContract, PutNewRefusesWhatIsThereAndLeavesIt) {
  storage_->put("keys/a", as_bytes("first"));
  EXPECT_ERROR(storage_->put_new("keys/a", as_bytes("second")), ErrorKind::AlreadyExists);
  EXPECT_EQ(text_of("keys/a"), "first");
  EXPECT_EQ(names_in("keys"), Names{"keys/a"});
}

TEST_P(StorageContract, PutNewSucceedsAfterRemove) {
  storage_->put_new("keys/a", as_bytes("first"));
  storage_->remove("keys/a");
  storage_->put_new("keys/a", as_bytes("second"));
  EXPECT_EQ(text_of("keys/a"), "second");
}

TEST_P(StorageContract, OneOfSeveralRacingPutNewWins) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 25;
  std::atomic<int> wins{0};
  std::atomic<int> refusals{0};
  const auto race = [&](int number) {
    const auto storage = place_->open();
    const std::string text = "thread " + std::to_string(number);
    for (int round = 0; round < kRounds; ++round) {
      try {
        storage->put_new("keys/" + std::to_string(round), as_bytes(text));
        ++wins;
      } catch (const Error& error) {
        if (error.kind() == ErrorKind::AlreadyExists) ++refusals;
      }
    }
  };
  std::vector<std::thread> threads;
  for (int number = 0; number < kThreads; ++number) threads.emplace_back(race, number);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wins, kRounds);
  EXPECT_EQ(refusals, kRounds * (kThreads - 1));
}

TEST_P(StorageContract, WhatIsNotThereIsNotFound) {
  for (const char* name : {"config", "keys/a", "packs/3f00"}) {
    EXPECT_ERROR(storage_->get(name), ErrorKind::NotFound);
    EXPECT_ERROR(storage_->get_range(name, 0, 0), ErrorKind::NotFound);
    EXPECT_ERROR(storage_->get_tail(name, 1), ErrorKind::NotFound);
    EXPECT_ERROR(storage_->info(name), ErrorKind::NotFound);
    EXPECT_NO_THROW(storage_->remove(name));
  }
}

TEST_P(StorageContract, RangesAreExact) {
  storage_->put("packs/3f00", as_bytes("0123456789"));
  EXPECT_EQ(as_text(storage_->get_range("packs/3f00", 0, 10)), "0123456789");
  EXPECT_EQ(as_text(storage_->get_range("packs/3f00", 3, 4)), "3456");
  EXPECT_EQ(as_text(storage_->get_range("packs/3f00", 9, 1)), "9");
  EXPECT_EQ(as_text(storage_->get_range("packs/3f00", 10, 0)), "");
}

TEST_P(StorageContract, RangesPastTheEndAreCorrupt) {
  storage_->put("packs/3f00", as_bytes("0123456789"));
  constexpr std::uint64_t kHuge = ~std::uint64_t{0};
  EXPECT_ERROR(storage_->get_range("packs/3f00", 9, 2), ErrorKind::Corrupt);
  EXPECT_ERROR(storage_->get_range("packs/3f00", 11, 0), ErrorKind::Corrupt);
  EXPECT_ERROR(storage_->get_range("packs/3f00", 1, kHuge), ErrorKind::Corrupt);
  EXPECT_ERROR(storage_->get_range("packs/3f00", kHuge, 1), ErrorKind::Corrupt);
}

TEST_P(StorageContract, TailsAreTheLastBytesOrAll) {
  storage_->put("packs/3f00", as_bytes("0123456789"));
  EXPECT_EQ(as_text(storage_->get_tail("packs/3f00", 0)), "");
  EXPECT_EQ(as_text(storage_->get_tail("packs/3f00", 3)), "789");
  EXPECT_EQ(as_text(storage_->get_tail("packs/3f00", 10)), "0123456789");
  EXPECT_EQ(as_text(storage_->get_tail("packs/3f00", 1000)), "0123456789");
}

TEST_P(StorageContract, InfoTellsNameSizeAndAPlausibleTime) {
  storage_->put("keys/a", as_bytes("12345"));
  const blob::ObjectInfo info = storage_->info("keys/a");
  EXPECT_EQ(info.name, "keys/a");
  EXPECT_EQ(info.size, 5u);
  EXPECT_GT(info.modified, 1'700'000'000);
  const auto listed = storage_->list("keys");
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0].size, info.size);
  EXPECT_EQ(listed[0].modified, info.modified);
}

TEST_P(StorageContract, ListsWhatIsBelowThePrefixOnly) {
  storage_->put("config", as_bytes("x"));
  storage_->put("keys/b", as_bytes("x"));
  storage_->put("keys/a", as_bytes("x"));
  storage_->put("keys-old/c", as_bytes("x"));
  EXPECT_EQ(names_in("keys"), (Names{"keys/a", "keys/b"}));
  EXPECT_EQ(names_in("keys-old"), Names{"keys-old/c"});
  EXPECT_EQ(names_in("key"), Names{});
  EXPECT_EQ(names_in("snapshots"), Names{});
}

TEST_P(StorageContract, TheEmptyPrefixListsNamesOfOnePart) {
  storage_->put("config", as_bytes("x"));
  storage_->put("keys/b", as_bytes("x"));
  EXPECT_EQ(names_in(""), Names{"config"});
}

TEST_P(StorageContract, ListsPacksWhateverTheirNames) {
  const std::string id = std::string(62, 'a') + "f0";
  Names names = {"packs/" + id, "packs/0",  "packs/00",    "packs/000",
                 "packs/ff",    "packs/FF", "packs/zz-top"};
  for (const std::string& name : names) storage_->put(name, as_bytes(name));
  for (const std::string& name : names) EXPECT_EQ(text_of(name), name);
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names_in("packs"), names);
}

TEST_P(StorageContract, ListsManyObjects) {
  constexpr std::size_t kObjects = 600;
  for (std::size_t i = 0; i < kObjects; ++i) {
    const std::uint8_t shard = static_cast<std::uint8_t>(i * 37);
    storage_->put("packs/" + to_hex({&shard, 1}) + std::to_string(i), as_bytes("x"));
  }
  EXPECT_EQ(storage_->list("packs").size(), kObjects);
}

TEST_P(StorageContract, RemovedIsGone) {
  storage_->put("packs/3f00", as_bytes("x"));
  storage_->put("packs/3f01", as_bytes("x"));
  EXPECT_EQ(storage_->get_range("packs/3f00", 0, 1).size(), 1u);
  storage_->remove("packs/3f00");
  EXPECT_ERROR(storage_->get("packs/3f00"), ErrorKind::NotFound);
  EXPECT_ERROR(storage_->get_range("packs/3f00", 0, 1), ErrorKind::NotFound);
  EXPECT_ERROR(storage_->get_tail("packs/3f00", 1), ErrorKind::NotFound);
  EXPECT_ERROR(storage_->info("packs/3f00"), ErrorKind::NotFound);
  EXPECT_EQ(names_in("packs"), Names{"packs/3f01"});
}

TEST_P(StorageContract, AnotherInstanceSeesEverything) {
  storage_->put("config", as_bytes("one"));
  storage_->put("packs/3f00", as_bytes("two"));
  storage_->sync();
  const auto other = place_->open();
  EXPECT_EQ(as_text(other->get("config")), "one");
  EXPECT_EQ(other->list("packs").size(), 1u);
  other->remove("config");
  EXPECT_ERROR(storage_->get("config"), ErrorKind::NotFound);
}

TEST_P(StorageContract, AcceptsAllNamesThatItPromises) {
  const std::string longest(100, 'n');
  for (const std::string& name : {std::string("a"), std::string("A-Z_0.9"), "prefix/" + longest,
                                  longest, std::string("_/-")}) {
    storage_->put(name, as_bytes(name));
    EXPECT_EQ(text_of(name), name);
  }
}

TEST_P(StorageContract, RefusesAllOtherNames) {
  const Names bad = {"",
                     "/",
                     "a/",
                     "/a",
                     "a/b/c",
                     ".",
                     "..",
                     "../a",
                     "a/..",
                     ".a",
                     "a/.b",
                     "a b",
                     "a\nb",
                     "\xc3\xa4",
                     "a//b",
                     "a\\b",
                     std::string("a\0b", 3),
                     std::string(101, 'n'),
                     "a/" + std::string(101, 'n')};
  for (const std::string& name : bad) {
    EXPECT_ERROR(storage_->put(name, {}), ErrorKind::InvalidArgument);
    EXPECT_ERROR(storage_->put_new(name, {}), ErrorKind::InvalidArgument);
    EXPECT_ERROR(storage_->get(name), ErrorKind::InvalidArgument);
    EXPECT_ERROR(storage_->get_range(name, 0, 0), ErrorKind::InvalidArgument);
    EXPECT_ERROR(storage_->get_tail(name, 0), ErrorKind::InvalidArgument);
    EXPECT_ERROR(storage_->info(name), ErrorKind::InvalidArgument);
    EXPECT_ERROR(storage_->remove(name), ErrorKind::InvalidArgument);
  }
  for (const char* prefix : {"/", "a/", "a/b", ".", "..", ".a"}) {
    EXPECT_ERROR(storage_->list(prefix), ErrorKind::InvalidArgument);
  }
}

TEST_P(StorageContract, AdoptingLeavesTheObjectAsItIs) {
  storage_->put("packs/3f00", as_bytes("x"));
  const auto other = place_->open();
  const std::int64_t modified = other->info("packs/3f00").modified;
  other->adopt("packs/3f00");
  other->sync();
  EXPECT_EQ(as_text(other->get("packs/3f00")), "x");
  EXPECT_EQ(other->info("packs/3f00").modified, modified);
  EXPECT_ERROR(other->adopt("packs/3f01"), ErrorKind::NotFound);
}

TEST_P(StorageContract, SyncSucceedsWhateverWasDone) {
  storage_->sync();
  storage_->put("config", as_bytes("x"));
  storage_->put("packs/3f00", as_bytes("x"));
  storage_->remove("packs/3f00");
  storage_->remove("claims/never-there");
  storage_->sync();
  for (int i = 0; i < 100; ++i) storage_->put("packs/3f" + std::to_string(i), as_bytes("x"));
  storage_->sync();
  storage_->sync();
  EXPECT_EQ(storage_->list("packs").size(), 100u);
}

// Readers see one of the states that were put, never a mixture or nothing.
TEST_P(StorageContract, ReplacingIsAtomicForReaders) {
  const std::string small(1000, 'a');
  const std::string large(200'000, 'b');
  storage_->put("keys/a", as_bytes(small));
  std::atomic<bool> done{false};
  std::atomic<int> wrong{0};
  std::thread reader([&] {
    const auto storage = place_->open();
    while (!done) {
      const Bytes bytes = storage->get("keys/a");
      if (as_text(bytes) != small && as_text(bytes) != large) ++wrong;
    }
  });
  for (int round = 0; round < 40; ++round) {
    storage_->put("keys/a", as_bytes(round % 2 == 0 ? large : small));
  }
  done = true;
  reader.join();
  EXPECT_EQ(wrong, 0);
}

TEST_P(StorageContract, ThreadsMayUseOneInstance) {
  std::atomic<int> wrong{0};
  const auto work = [&](int number) {
    for (int round = 0; round < 60; ++round) {
      const std::string name = "packs/" + std::to_string(10 + number) + std::to_string(round % 20);
      const std::string text = name + " " + std::to_string(round);
      storage_->put(name, as_bytes(text));
      if (as_text(storage_->get_range(name, 0, text.size())) != text) ++wrong;
      if (round % 7 == 0) storage_->sync();
      if (round % 5 == 0) storage_->list("packs");
      if (round % 3 == 0) storage_->remove(name);
    }
  };
  std::vector<std::thread> threads;
  for (int number = 0; number < 4; ++number) threads.emplace_back(work, number);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace snapferry::testing
