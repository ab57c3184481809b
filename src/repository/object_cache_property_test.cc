#include <filesystem>
#include <fstream>
#include <memory>
#include <set>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "repository/object_cache.h"
#include "testing/temporary_directory.h"

namespace snapferry::repository {
namespace {

namespace fs = std::filesystem;

ObjectId id_of(unsigned number) {
  ObjectId id;
  // Half of them share a tag with another.
  id.bytes[0] = static_cast<std::uint8_t>(number / 2);
  id.bytes[20] = static_cast<std::uint8_t>(number);
  return id;
}

Bytes content_of(unsigned number) {
  return Bytes(number * 37 % 300, static_cast<std::uint8_t>(number));
}

// The newest pair of files; generations in these tests stay below 10.
std::string newest(const std::string& directory, const char* suffix) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (entry.path().extension() == suffix) names.insert(entry.path().string());
  }
  return names.empty() ? "" : *names.rbegin();
}

void cut(const std::string& name, std::size_t bytes) {
  const std::size_t size = fs::file_size(name);
  fs::resize_file(name, size - std::min(size, bytes));
}

void flip(const std::string& name, std::size_t place) {
  const std::size_t size = fs::file_size(name);
  if (size == 0) return;
  std::fstream file(name, std::ios::in | std::ios::out | std::ios::binary);
  const auto offset = static_cast<std::streamoff>(place % size);
  file.seekg(offset);
  const int byte = file.get();
  file.seekp(offset);
  file.put(static_cast<char>(byte ^ (1 << place % 8)));
}

void damage(const std::string& directory, int how, std::size_t amount) {
  const std::string log = newest(directory, ".log");
  const std::string index = newest(directory, ".index");
  switch (how) {
    case 0:
      cut(log, amount % 400);
      break;
    case 1:
      cut(index, amount % 40);
      break;
    case 2:
      flip(log, amount);
      break;
    case 3:
      flip(index, amount);
      break;
    default:
      fs::resize_file(how == 4 ? log : index, 0);
      break;
  }
}

// Two processes use one directory while things happen to it: what they get is right or
// a miss, and what was just put is there.
RC_GTEST_PROP(ObjectCacheProperty, NeverGivesAnythingButWhatWasPut, ()) {
  const testing::TemporaryDirectory directory;
  const auto limit = *rc::gen::element<std::uint64_t>(5'000, 50'000, 5'000'000);
  const auto open = [&] {
    return std::make_unique<ObjectCache>(directory.path(), ObjectCacheLimits{limit});
  };
  std::unique_ptr<ObjectCache> caches[2] = {open(), open()};
  const auto steps =
      *rc::gen::container<std::vector<std::tuple<int, int, unsigned>>>(rc::gen::tuple(
          rc::gen::inRange(0, 20), rc::gen::inRange(0, 2), rc::gen::arbitrary<unsigned>()));
  for (const auto& [action, which, number] : steps) {
    auto& cache = caches[which];
    const unsigned object = number % 60;
    if (action < 8) {
      cache->put(id_of(object), content_of(object));
    } else if (action < 16) {
      const auto bytes = cache->get(id_of(object));
      const bool is_right_or_missing = !bytes || *bytes == content_of(object);
      RC_ASSERT(is_right_or_missing);
    } else if (action == 16) {
      cache->flush();
    } else if (action == 17) {
      cache.reset();
      cache = open();
    } else {
      damage(directory.path(), static_cast<int>(number % 6), number / 6);
    }
  }
}

RC_GTEST_PROP(ObjectCacheProperty, ALogCutInItsLastRecordServesTheRest, ()) {
  const testing::TemporaryDirectory directory;
  const auto sizes =
      *rc::gen::nonEmpty(rc::gen::container<std::vector<unsigned>>(rc::gen::inRange(0u, 10'000u)));
  const auto id = [](std::size_t number) {
    ObjectId result;
    result.bytes[3] = static_cast<std::uint8_t>(number + 1);
    return result;
  };
  std::size_t last_begins = 0;
  {
    ObjectCache cache(directory.path());
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      last_begins = fs::file_size(newest(directory.path(), ".log"));
      cache.put(id(i), Bytes(sizes[i], static_cast<std::uint8_t>(i)));
    }
  }
  const std::string log = newest(directory.path(), ".log");
  const std::size_t last_size = 48 + sizes.back();
  fs::resize_file(log, last_begins + *rc::gen::inRange<std::size_t>(0, last_size));
  ObjectCache cache(directory.path());
  for (std::size_t i = 0; i + 1 < sizes.size(); ++i) {
    RC_ASSERT(cache.get(id(i)) == Bytes(sizes[i], static_cast<std::uint8_t>(i)));
  }
  RC_ASSERT(!cache.get(id(sizes.size() - 1)));
  // The first one behind a torn record may be lost, no more.
  for (int attempt = 0; attempt < 2; ++attempt) cache.put(id(sizes.size() - 1), Bytes(7, 7));
  RC_ASSERT(cache.get(id(sizes.size() - 1)) == Bytes(7, 7));
}

}  // namespace
}  // namespace snapferry::repository
