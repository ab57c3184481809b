#include "repository/index_table.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>

#include "core/error.h"
#include "repository/index_table_format.h"

namespace snapferry::repository {

using namespace index_format;

namespace {

constexpr std::size_t kReadAheadBlocks = 64;

// Guesses by interpolation before the search falls back to halving.
constexpr int kInterpolations = 4;

// Where in [low, high) a key is expected that lies at fraction / 2^64 of the bucket.
std::uint64_t interpolate(std::uint64_t fraction, std::uint64_t low, std::uint64_t high) {
  const auto offset = static_cast<unsigned __int128>(fraction) * (high - low) >> 64;
  return low + static_cast<std::uint64_t>(offset);
}

}  // namespace

// One block on the stack of a search.
struct IndexTable::Block {
  std::uint64_t position = ~std::uint64_t{0};
  std::uint8_t bytes[kBlockSize];

  void load(const IndexTable& table, std::uint64_t wanted) {
    if (wanted == position) return;
    table.read_blocks(wanted, bytes, 1);
    position = wanted;
  }
  const std::uint8_t* record(std::uint64_t ordinal) const {
    return bytes + ordinal % kRecordsPerBlock * kRecordSize;
  }
  // The first of the records [begin, end) of this block that is not less than the key.
  std::uint64_t lower_bound(std::uint64_t begin, std::uint64_t end, const ObjectId& id,
                            ObjectKind kind) const {
    while (begin < end) {
      const std::uint64_t middle = begin + (end - begin) / 2;
      if (compare(record(middle), id, kind) < 0) {
        begin = middle + 1;
      } else {
        end = middle;
      }
    }
    return begin;
  }
};

std::shared_ptr<const IndexTable> IndexTable::open(const std::string& path) {
  return open(platform::open_path(path, O_RDONLY), path);
}

std::shared_ptr<const IndexTable> IndexTable::open(platform::Fd fd, const std::string& subject) {
  std::shared_ptr<IndexTable> table(new IndexTable);
  table->fd_ = std::move(fd);
  table->subject_ = subject;
  table->load();
  return table;
}

void IndexTable::fail(std::string_view cause) const {
  throw Error(ErrorKind::Corrupt,
              subject_ + ": " + std::string(cause) + "; it is a cache and can be removed");
}

void IndexTable::load() {
  struct stat status;
  if (::fstat(fd_.get(), &status) != 0) throw system_error(errno, "look at", subject_);
  const auto file_size = static_cast<std::uint64_t>(status.st_size);
  if (!S_ISREG(status.st_mode) || file_size < kFooterSize) fail("is not an index table");

  std::uint8_t footer[kFooterSize];
  const std::uint64_t footer_offset = file_size - kFooterSize;
  if (platform::pread_up_to(fd_.get(), footer, kFooterSize, footer_offset, subject_) !=
          kFooterSize ||
      std::memcmp(footer + kFooterSize - sizeof kMagic, kMagic, sizeof kMagic) != 0) {
    fail("is not an index table");
  }
  ByteReader in(ByteView(footer), subject_);
  size_ = in.u64();
  const std::size_t pack_count = in.u32();
  fanout_bits_ = in.u32();
  const std::size_t note_size = in.u32();
  if (fanout_bits_ == 0 || fanout_bits_ > kMaxFanoutBits || note_size > kMaxNoteSize ||
      size_ > file_size) {
    fail("has a damaged footer");
  }
  const std::size_t fanout_size = (std::size_t{1} << fanout_bits_) + 1;
  const std::size_t tail_size =
      fanout_size * sizeof(std::uint64_t) + pack_count * kPackSize + note_size;
  if (blocks_for(size_) * kBlockSize + tail_size + kFooterSize != file_size) {
    fail("has the wrong size");
  }
  // With the part of the footer that the checksum covers.
  Bytes tail(tail_size + kFooterSize);
  if (platform::pread_up_to(fd_.get(), tail.data(), tail.size(), footer_offset - tail_size,
                            subject_) != tail.size()) {
    fail("ends too early");
  }
  load_tail(tail, fanout_size, pack_count);
}

void IndexTable::load_tail(ByteView tail, std::size_t fanout_size, std::size_t pack_count) {
  const std::size_t checked_size = tail.size() - sizeof kMagic - sizeof(std::uint64_t);
  std::uint64_t check;
  std::memcpy(&check, tail.data() + checked_size, sizeof check);
  if (XXH3_64bits(tail.data(), checked_size) != check) fail("is damaged");

  ByteReader in(tail.first(tail.size() - kFooterSize), subject_);
  fanout_.resize(fanout_size);
  const ByteView fanout = in.raw(fanout_size * sizeof(std::uint64_t));
  std::memcpy(fanout_.data(), fanout.data(), fanout.size());
  if (fanout_.front() != 0 || fanout_.back() != size_ ||
      !std::is_sorted(fanout_.begin(), fanout_.end())) {
    fail("has a damaged fanout");
  }
  packs_.reserve(pack_count);
  for (std::size_t i = 0; i < pack_count; ++i) {
    const ObjectId id = ObjectId::from_bytes(in.raw(ObjectId::kSize));
    packs_.push_back({id, in.u32()});
  }
  const ByteView note = in.raw(in.remaining());
  note_.assign(note.begin(), note.end());
}

void IndexTable::read_blocks(std::uint64_t first, std::uint8_t* buffer, std::size_t count) const {
  if (platform::pread_up_to(fd_.get(), buffer, count * kBlockSize, first * kBlockSize, subject_) !=
      count * kBlockSize) {
    fail("ends too early");
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint8_t* block = buffer + i * kBlockSize;
    std::uint64_t check;
    std::memcpy(&check, block + kCheckOffset, sizeof check);
    if (check != block_check(block, first + i)) fail("is damaged");
  }
}

IndexRecord IndexTable::checked(const std::uint8_t* bytes) const {
  const IndexRecord record = decode_record(bytes);
  if (record.pack >= packs_.size()) fail("names a pack that it does not list");
  return record;
}

// Sets `found` to the first copy, or to any if that is enough; then its block is loaded.
bool IndexTable::search(ObjectKind kind, const ObjectId& id, bool first_copy, Block& block,
                        std::uint64_t& found) const {
  const std::size_t bucket = bucket_of(id, fanout_bits_);
  // Records before `low` are less than the key, those from `high` on are not.
  std::uint64_t low = fanout_[bucket];
  std::uint64_t high = fanout_[bucket + 1];
  const std::uint64_t guess = interpolate(id.prefix() << fanout_bits_, low, high);
  bool seen = false;
  for (int round = 0; low < high; ++round) {
    const std::uint64_t middle =
        round < kInterpolations ? std::clamp(guess, low, high - 1) : low + (high - low) / 2;
    const std::uint64_t start = middle / kRecordsPerBlock * kRecordsPerBlock;
    block.load(*this, middle / kRecordsPerBlock);
    const std::uint64_t begin = std::max(low, start);
    const std::uint64_t end = std::min(high, start + kRecordsPerBlock);
    const std::uint64_t bound = block.lower_bound(begin, end, id, kind);
    if (bound < end && compare(block.record(bound), id, kind) == 0) {
      seen = true;
      found = bound;
      if (!first_copy) return true;
    }
    if (bound > begin) low = bound;
    if (bound < end) high = bound;
  }
  return seen;
}

std::optional<IndexRecord> IndexTable::find(ObjectKind kind, const ObjectId& id) const {
  Block block;
  std::uint64_t found = 0;
  if (!search(kind, id, false, block, found)) return std::nullopt;
  return checked(block.record(found));
}

std::vector<IndexRecord> IndexTable::copies(ObjectKind kind, const ObjectId& id) const {
  std::vector<IndexRecord> records;
  Block block;
  std::uint64_t found = 0;
  if (!search(kind, id, true, block, found)) return records;
  for (; found < size_; ++found) {
    block.load(*this, found / kRecordsPerBlock);
    const std::uint8_t* record = block.record(found);
    if (compare(record, id, kind) != 0) break;
    records.push_back(checked(record));
  }
  return records;
}

std::optional<std::uint64_t> IndexTable::ordinal(ObjectKind kind, const ObjectId& id) const {
  Block block;
  std::uint64_t found = 0;
  if (!search(kind, id, true, block, found)) return std::nullopt;
  return found;
}

IndexRecord IndexTable::at(std::uint64_t ordinal) const {
  if (ordinal >= size_) {
    throw Error(ErrorKind::Internal, subject_ + ": has no record " + std::to_string(ordinal));
  }
  Block block;
  block.load(*this, ordinal / kRecordsPerBlock);
  return checked(block.record(ordinal));
}

void IndexTable::for_each(
    const std::function<void(std::uint64_t ordinal, const IndexRecord& record)>& visit) const {
  Cursor cursor(*this);
  IndexRecord record;
  for (std::uint64_t ordinal = 0; cursor.next(record); ++ordinal) visit(ordinal, record);
}

IndexTable::Cursor::Cursor(const IndexTable& table) : table_(table) {}

bool IndexTable::Cursor::next(IndexRecord& record) {
  if (position_ == table_.size()) return false;
  const std::uint64_t block = position_ / kRecordsPerBlock;
  const std::size_t ahead = block % kReadAheadBlocks;
  if (position_ % (kReadAheadBlocks * kRecordsPerBlock) == 0) {
    buffer_.resize(kReadAheadBlocks * kBlockSize);
    const std::uint64_t left = blocks_for(table_.size()) - block;
    table_.read_blocks(block, buffer_.data(), std::min<std::uint64_t>(left, kReadAheadBlocks));
  }
  record = table_.checked(buffer_.data() + ahead * kBlockSize +
                          position_ % kRecordsPerBlock * kRecordSize);
  ++position_;
  return true;
}

}  // namespace snapferry::repository
