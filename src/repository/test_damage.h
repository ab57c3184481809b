#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "blob/memory_storage.h"
#include "core/tree_node.h"
#include "repository/key_ring.h"
#include "repository/repository.h"

// A small repository, and everything that can befall one of its objects.
namespace snapferry::repository {

using blob::MemoryStorage;
using Files = std::map<std::string, std::string>;

inline std::string noise(unsigned seed, std::size_t size) {
  std::string bytes(size, 0);
  for (char& byte : bytes) byte = static_cast<char>((seed = seed * 1664525 + 1013904223) >> 24);
  return bytes;
}

inline const Files& source() {
  static const Files kFiles = {{"a", noise(1, 5000)}, {"b", noise(2, 3000)}, {"c", noise(3, 7000)}};
  return kFiles;
}

inline std::unique_ptr<Repository> open(blob::Storage& storage, const std::string& cache = "") {
  return Repository::open(storage, {.password = [] { return "secret"; }, .cache_directory = cache});
}

inline Key master_of(blob::Storage& storage) {
  return open_key(storage, decode_config(storage.get(kConfigName)), [] { return "secret"; }).master;
}

inline void create(blob::Storage& storage) {
  Repository::create(
      storage,
      {.encryption = Encryption::Password, .password = "secret", .weak_key_derivation = true});
}

inline Snapshot back_up(Repository& repository, const Files& files = source(),
                        std::int64_t seconds = 0) {
  auto session = repository.begin_backup();
  Bytes leaf{1};
  for (const auto& [name, content] : files) {
    Entry entry;
    entry.name = name;
    entry.size = content.size();
    entry.content.runs.push_back(
        {content.size(), session->put(ObjectKind::Data, as_bytes(content))});
    encode_entry(entry, leaf);
  }
  Snapshot snapshot;
  snapshot.volume = {"host", "/data"};
  snapshot.time = {seconds, 0};
  snapshot.root.type = EntryType::Directory;
  snapshot.root.tree = session->put(ObjectKind::Tree, leaf);
  return session->commit(snapshot);
}

inline Files read_back(Repository& repository, const Snapshot& snapshot) {
  Files files;
  const Bytes tree = repository.get(ObjectKind::Tree, snapshot.root.tree);
  for (const auto& item : TreeNode::parse(tree).items) {
    const Entry entry = decode_entry(item.bytes);
    const Bytes content = repository.get(ObjectKind::Data, *entry.content.runs.at(0).id);
    files[entry.name] = std::string(as_text(content));
  }
  return files;
}

// One repository with one snapshot; packs for data and trees, one index object.
inline MemoryStorage::Objects one_snapshot() {
  MemoryStorage storage;
  create(storage);
  back_up(*open(storage));
  return storage.objects();
}

struct Fault {
  std::string name;
  std::function<void(MemoryStorage& storage, const std::string& object)> apply;
  bool needs_reading = false;  // found only where all contents are read
};

inline Fault flip(const std::string& name, std::size_t offset, bool from_end, bool needs_reading) {
  return {name,
          [=](MemoryStorage& storage, const std::string& object) {
            Bytes bytes = storage.get(object);
            bytes[from_end ? bytes.size() - 1 - offset : offset] ^= 0x10;
            storage.put(object, bytes);
          },
          needs_reading};
}

// Another object of the same directory, or, where there is none, one of the same length.
inline void swap(MemoryStorage& storage, const std::string& object) {
  for (const auto& info : storage.list(object.substr(0, object.find('/')))) {
    if (info.name == object) continue;
    const Bytes other = storage.get(info.name);
    storage.put(info.name, storage.get(object));
    storage.put(object, other);
    return;
  }
  Bytes bytes = storage.get(object);
  std::ranges::reverse(bytes);
  storage.put(object, bytes);
}

inline std::vector<Fault> faults_of(const std::string& object) {
  std::vector<Fault> faults = {
      {"missing", [](MemoryStorage& storage, const std::string& name) { storage.remove(name); }},
      {"empty", [](MemoryStorage& storage, const std::string& name) { storage.put(name, {}); }},
      {"truncated",
       [](MemoryStorage& storage, const std::string& name) {
         const Bytes bytes = storage.get(name);
         storage.put(name, ByteView(bytes).first(bytes.size() / 2));
       }},
      {"longer",
       [](MemoryStorage& storage, const std::string& name) {
         Bytes bytes = storage.get(name);
         bytes.push_back(0);
         storage.put(name, bytes);
       }},
      {"zeros",
       [](MemoryStorage& storage, const std::string& name) {
         storage.put(name, Bytes(storage.get(name).size()));
       }},
      {"swapped", swap},
      flip("header", 0, false, false),
      flip("end", 0, true, false),
  };
  const bool is_pack = object.starts_with("packs/");
  faults.push_back(flip("contents", 20, false, is_pack));
  if (is_pack) faults.push_back(flip("table of contents", 20, true, false));
  return faults;
}

// Calls `check` for each fault of each pack and index object, in a repository of its own.
inline void for_each_fault(
    const std::function<void(MemoryStorage& storage, const Fault& fault, bool is_pack)>& check) {
  const MemoryStorage::Objects start = one_snapshot();
  const MemoryStorage whole(start);
  for (const auto& [name, bytes] : start) {
    if (!name.starts_with("packs/") && !name.starts_with("index/")) continue;
    for (const Fault& fault : faults_of(name)) {
      SCOPED_TRACE(name + " " + fault.name);
      MemoryStorage storage(start);
      fault.apply(storage, name);
      check(storage, fault, name.starts_with("packs/"));
    }
  }
}

// Two backups that ran at once and stored the same content, each in packs of its own.
inline MemoryStorage::Objects two_copies() {
  MemoryStorage storage;
  create(storage);
  auto one = open(storage);
  auto other = open(storage);
  auto first = one->begin_backup();
  auto second = other->begin_backup();
  for (auto* session : {first.get(), second.get()}) {
    Bytes leaf{1};
    for (const auto& [name, content] : source()) {
      Entry entry;
      entry.name = name;
      entry.size = content.size();
      entry.content.runs.push_back(
          {content.size(), session->put(ObjectKind::Data, as_bytes(content))});
      encode_entry(entry, leaf);
    }
    Snapshot snapshot;
    snapshot.volume = {"host", session == first.get() ? "/one" : "/other"};
    snapshot.root.type = EntryType::Directory;
    snapshot.root.tree = session->put(ObjectKind::Tree, leaf);
    session->commit(snapshot);
  }
  return storage.objects();
}

}  // namespace snapferry::repository
