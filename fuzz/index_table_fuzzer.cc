// Index tables, as they may lie in the cache directory. The checksums are made right
// first, so that what they protect is reached.

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include <sys/mman.h>
#include <xxhash.h>

#include "core/error.h"
#include "repository/index_table.h"
#include "repository/index_table_format.h"

namespace {

using namespace snapferry;
using namespace snapferry::repository;
using namespace snapferry::repository::index_format;

template <typename Number>
Number load(const Bytes& bytes, std::size_t offset) {
  Number number;
  std::memcpy(&number, bytes.data() + offset, sizeof number);
  return number;
}

void store(Bytes& bytes, std::size_t offset, std::uint64_t number) {
  std::memcpy(bytes.data() + offset, &number, sizeof number);
}

// footer: count:u64 packs:u32 bits:u32 note:u32 zero:u32 check:u64 magic[8]
void repair(Bytes& file) {
  if (file.size() < kFooterSize) return;
  const std::size_t footer = file.size() - kFooterSize;
  std::memcpy(file.data() + file.size() - sizeof kMagic, kMagic, sizeof kMagic);
  const unsigned bits = load<std::uint32_t>(file, footer + 12);
  if (bits > kMaxFanoutBits) return;
  const std::uint64_t tail = ((std::uint64_t{1} << bits) + 1) * 8 +
                             std::uint64_t{load<std::uint32_t>(file, footer + 8)} * kPackSize +
                             load<std::uint32_t>(file, footer + 16);
  if (tail > footer) return;
  const std::size_t blocks = (footer - tail) / kBlockSize;
  for (std::size_t i = 0; i < blocks; ++i) {
    const std::size_t start = i * kBlockSize;
    store(file, start + kCheckOffset, block_check(file.data() + start, i));
  }
  const std::size_t check = file.size() - sizeof kMagic - 8;
  const std::size_t begin = footer - tail;
  store(file, check, XXH3_64bits(file.data() + begin, check - begin));
}

platform::Fd as_file(const Bytes& bytes) {
  platform::Fd fd(::memfd_create("index", MFD_CLOEXEC));
  platform::write_all(fd.get(), bytes, "index");
  return fd;
}

void look_up(const IndexTable& table, const IndexRecord& record) {
  const auto found = table.find(record.kind, record.id);
  // A table that is out of order may not find what it has, and must not find anything else.
  for (const IndexRecord& copy : table.copies(record.kind, record.id)) {
    if (copy.kind != record.kind || copy.id != record.id) std::abort();
  }
  const auto ordinal = table.ordinal(record.kind, record.id);
  if (ordinal && table.at(*ordinal).id != record.id) std::abort();
  ObjectId absent = record.id;
  absent.bytes[31] ^= 1;
  (void)table.find(record.kind, absent);
  (void)found;
}

void use(const Bytes& file) {
  try {
    const auto table = IndexTable::open(as_file(file), "index");
    (void)table->note();
    table->for_each([&](std::uint64_t ordinal, const IndexRecord& record) {
      (void)table->pack(record.pack);
      if (table->at(ordinal) != record) std::abort();
      look_up(*table, record);
    });
    (void)IndexTable::merge({table, table}, nullptr, "", table->note());
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Corrupt) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes file(data, data + size);
  use(file);
  repair(file);
  use(file);
  return 0;
}
