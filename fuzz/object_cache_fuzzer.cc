// The files of the object cache: input := u16 size of the index, index, log. Damage is
// never an error and never content that was not kept. The checksums of half of the
// records are made right first, so that reading them is reached.

#include <cstdlib>
#include <cstring>
#include <fstream>

#include <xxhash.h>

#include "repository/object_cache.h"
#include "testing/temporary_directory.h"

namespace {

using namespace snapferry;
using snapferry::repository::ObjectCache;

constexpr std::size_t kHeaderSize = 48;

struct Found {
  ObjectId id;
  Bytes bytes;
};

// What the index points to: record := length:u32 zero:u32 id[32] check:u64 bytes.
std::vector<Found> records(ByteView index, Bytes& log) {
  std::vector<Found> found;
  for (std::size_t at = 0; at + 8 <= index.size() && found.size() < 16; at += 8) {
    std::uint32_t position;
    std::memcpy(&position, index.data() + at + 4, sizeof position);
    const std::size_t offset = (std::size_t{position & 0x7fffffff} - 1) * 8;
    if (offset >= log.size() || log.size() - offset < kHeaderSize) continue;
    std::uint32_t length;
    std::memcpy(&length, log.data() + offset, sizeof length);
    Found record;
    record.id = ObjectId::from_bytes(ByteView(log).subspan(offset + 8, ObjectId::kSize));
    if (length <= log.size() - offset - kHeaderSize) {
      const std::uint8_t* bytes = log.data() + offset + kHeaderSize;
      record.bytes.assign(bytes, bytes + length);
      const std::uint64_t check = XXH3_64bits_withSeed(bytes, length, record.id.prefix());
      if (at % 16 == 0) std::memcpy(log.data() + offset + 40, &check, sizeof check);
    }
    found.push_back(std::move(record));
  }
  return found;
}

void write(const std::string& path, ByteView bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
}

void use(const std::string& directory, const std::vector<Found>& found) {
  const Bytes content = {1, 2, 3};
  ObjectId id;
  id.bytes.fill(0xa5);
  for (int opening = 0; opening < 2; ++opening) {
    ObjectCache cache(directory);
    for (const Found& record : found) (void)cache.get(record.id);
    // Behind torn bytes the first one may be lost.
    for (int attempt = 0; attempt < 3; ++attempt) {
      if (cache.get(id) == content) break;
      cache.put(id, content);
      if (attempt == 2 && cache.get(id) != content) std::abort();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const snapferry::testing::TemporaryDirectory directory;
  if (size < 2) return 0;
  const std::size_t index_size = std::min<std::size_t>(data[0] | data[1] << 8, size - 2);
  const ByteView index(data + 2, index_size);
  Bytes log(data + 2 + index_size, data + size);
  const std::vector<Found> found = records(index, log);
  write(directory / "objects-1-1.log", log);
  write(directory / "objects-1-1.index", index);
  use(directory.path(), found);
  return 0;
}
