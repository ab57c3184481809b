#include <algorithm>
#include <queue>

#include "core/error.h"
#include "repository/index_table.h"
#include "repository/index_table_format.h"
#include "repository/temporary_file.h"

namespace snapferry::repository {

using namespace index_format;

namespace {

constexpr std::size_t kWriteBufferSize = 64 * kBlockSize;
constexpr std::size_t kMergeBufferSize = 16u << 20;  // of all spilled runs together
constexpr std::size_t kMaxGroup = 1024;

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Records in ascending order.
class RecordSource {
 public:
  virtual ~RecordSource() = default;
  virtual bool next(IndexRecord& record) = 0;
};

// Sorted records in memory, which it borrows.
class MemorySource : public RecordSource {
 public:
  explicit MemorySource(const std::vector<IndexRecord>& records) : records_(records) {}
  bool next(IndexRecord& record) override {
    if (position_ == records_.size()) return false;
    record = records_[position_++];
    return true;
  }

 private:
  const std::vector<IndexRecord>& records_;
  std::size_t position_ = 0;
};

// A spilled run: encoded records one after the other.
class RunSource : public RecordSource {
 public:
  RunSource(int fd, std::uint64_t offset, std::uint64_t count, std::size_t buffer_records)
      : fd_(fd), offset_(offset), left_(count), buffer_records_(buffer_records) {}
  bool next(IndexRecord& record) override {
    if (position_ == buffer_.size() && !fill()) return false;
    record = decode_record(buffer_.data() + position_);
    position_ += kRecordSize;
    return true;
  }

 private:
  bool fill() {
    const std::uint64_t records = std::min<std::uint64_t>(left_, buffer_records_);
    if (records == 0) return false;
    buffer_.resize(records * kRecordSize);
    const std::size_t got =
        platform::pread_up_to(fd_, buffer_.data(), buffer_.size(), offset_, "temporary file");
    if (got != buffer_.size()) throw Error(ErrorKind::Corrupt, "temporary file: ends too early");
    offset_ += got;
    left_ -= records;
    position_ = 0;
    return true;
  }

  int fd_;
  std::uint64_t offset_;
  std::uint64_t left_;
  std::size_t buffer_records_;
  std::size_t position_ = 0;
  Bytes buffer_;
};

constexpr std::uint32_t kDropped = ~std::uint32_t{0};

// A table whose packs count differently in the result.
class TableSource : public RecordSource {
 public:
  TableSource(const IndexTable& table, std::vector<std::uint32_t> packs)
      : cursor_(table), packs_(std::move(packs)) {}
  bool next(IndexRecord& record) override {
    while (cursor_.next(record)) {
      record.pack = packs_[record.pack];
      if (record.pack != kDropped) return true;
    }
    return false;
  }

 private:
  IndexTable::Cursor cursor_;
  std::vector<std::uint32_t> packs_;
};

using Sources = std::vector<std::unique_ptr<RecordSource>>;

// Writes the file: records in the order of id and kind, then the rest.
class TableWriter {
 public:
  explicit TableWriter(const std::string& directory)
      : file_(directory), counts_((std::size_t{1} << kMaxFanoutBits) + 1) {}

  // Copies of one object may come in any order; the same record twice is written once.
  void add(const IndexRecord& record) {
    if (!group_.empty() && (group_.front().id != record.id || group_.front().kind != record.kind ||
                            group_.size() == kMaxGroup)) {
      write_group();
    }
    group_.push_back(record);
  }

  std::shared_ptr<const IndexTable> finish(const std::string& path,
                                           const std::vector<NamedPack>& packs, ByteView note) {
    write_group();
    if (in_block_ != 0) finish_block();
    append_tail(packs, note);
    flush();
    if (!path.empty()) file_.publish(path);
    return IndexTable::open(std::move(file_).take(), path.empty() ? "temporary index" : path);
  }

 private:
  void write_group() {
    std::sort(group_.begin(), group_.end());
    group_.erase(std::unique(group_.begin(), group_.end()), group_.end());
    for (const IndexRecord& record : group_) write(record);
    group_.clear();
  }

  void write(const IndexRecord& record) {
    if (in_block_ == 0) buffer_.resize(buffer_.size() + kBlockSize);
    std::uint8_t* block = buffer_.data() + buffer_.size() - kBlockSize;
    encode_record(record, block + in_block_ * kRecordSize);
    ++counts_[bucket_of(record.id, kMaxFanoutBits) + 1];
    ++size_;
    if (++in_block_ == kRecordsPerBlock) finish_block();
  }

  void finish_block() {
    std::uint8_t* block = buffer_.data() + buffer_.size() - kBlockSize;
    const std::uint64_t check = block_check(block, blocks_++);
    std::memcpy(block + kCheckOffset, &check, sizeof check);
    in_block_ = 0;
    if (buffer_.size() >= kWriteBufferSize) flush();
  }

  void append_tail(const std::vector<NamedPack>& packs, ByteView note) {
    flush();
    unsigned bits = 1;
    while (bits < kMaxFanoutBits && size_ >> bits > 16) ++bits;
    ByteWriter out(buffer_);
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      total += counts_[i];
      if (i % (std::size_t{1} << (kMaxFanoutBits - bits)) == 0) out.u64(total);
    }
    for (const NamedPack& pack : packs) {
      out.raw(pack.id.view());
      out.u32(pack.size);
    }
    out.raw(note);
    out.u64(size_);
    out.u32(static_cast<std::uint32_t>(packs.size()));
    out.u32(bits);
    out.u32(static_cast<std::uint32_t>(note.size()));
    out.u32(0);
    out.u64(XXH3_64bits(buffer_.data(), buffer_.size()));
    out.raw(as_bytes({kMagic, sizeof kMagic}));
  }

  void flush() {
    file_.append(buffer_);
    buffer_.clear();
  }

  TemporaryFile file_;
  Bytes buffer_;
  std::vector<IndexRecord> group_;
  std::vector<std::uint64_t> counts_;  // counts_[b + 1]: records of bucket b
  std::uint64_t size_ = 0;
  std::uint64_t blocks_ = 0;
  std::size_t in_block_ = 0;
};

void merge_into(TableWriter& writer, const Sources& sources) {
  struct Head {
    IndexRecord record;
    RecordSource* source;
  };
  const auto later = [](const Head& a, const Head& b) { return a.record > b.record; };
  std::priority_queue<Head, std::vector<Head>, decltype(later)> heads(later);
  Head head;
  for (const auto& source : sources) {
    head.source = source.get();
    if (head.source->next(head.record)) heads.push(head);
  }
  while (!heads.empty()) {
    head = heads.top();
    heads.pop();
    writer.add(head.record);
    if (head.source->next(head.record)) heads.push(head);
  }
}

}  // namespace

IndexTableBuilder::IndexTableBuilder(std::string directory, std::size_t run_records)
    : directory_(std::move(directory)), run_records_(run_records) {}

IndexTableBuilder::~IndexTableBuilder() = default;

std::uint32_t IndexTableBuilder::add_pack(const NamedPack& pack) {
  const auto [position, added] =
      pack_ordinals_.try_emplace(pack, static_cast<std::uint32_t>(packs_.size()));
  if (added) packs_.push_back(pack);
  return position->second;
}

void IndexTableBuilder::add(const IndexRecord& record) {
  if (record.pack >= packs_.size()) {
    throw Error(ErrorKind::Internal, "index: a record names a pack that was not added");
  }
  // Reserved whole, so that growing never holds two copies; untouched pages cost nothing.
  if (records_.empty()) records_.reserve(run_records_);
  records_.push_back(record);
  if (records_.size() >= run_records_) spill();
}

void IndexTableBuilder::spill() {
  if (!spilled_) spilled_ = std::make_unique<TemporaryFile>(directory_);
  std::sort(records_.begin(), records_.end());
  const std::uint64_t offset =
      runs_.empty() ? 0 : runs_.back().offset + runs_.back().count * kRecordSize;
  Bytes buffer;
  buffer.reserve(kWriteBufferSize + kRecordSize);
  for (const IndexRecord& record : records_) {
    buffer.resize(buffer.size() + kRecordSize);
    encode_record(record, buffer.data() + buffer.size() - kRecordSize);
    if (buffer.size() < kWriteBufferSize) continue;
    spilled_->append(buffer);
    buffer.clear();
  }
  spilled_->append(buffer);
  runs_.push_back({offset, records_.size()});
  records_.clear();
}

std::shared_ptr<const IndexTable> IndexTableBuilder::finish(const std::string& path,
                                                            ByteView note) {
  TableWriter writer(path.empty() ? directory_ : parent_of(path));
  Sources sources;
  if (runs_.empty()) {
    std::sort(records_.begin(), records_.end());
    sources.push_back(std::make_unique<MemorySource>(records_));
  } else {
    spill();
    std::vector<IndexRecord>().swap(records_);
    const std::size_t buffer_records =
        std::clamp<std::size_t>(kMergeBufferSize / runs_.size(), 4 << 10, 64 << 10) / kRecordSize;
    for (const Run& run : runs_) {
      sources.push_back(
          std::make_unique<RunSource>(spilled_->fd(), run.offset, run.count, buffer_records));
    }
  }
  merge_into(writer, sources);
  return writer.finish(path, packs_, note);
}

std::shared_ptr<const IndexTable> IndexTable::merge(
    const std::vector<std::shared_ptr<const IndexTable>>& tables,
    const std::function<bool(const NamedPack& pack)>& drop_pack, const std::string& path,
    ByteView note, const std::string& directory) {
  std::vector<NamedPack> packs;
  std::unordered_map<NamedPack, std::uint32_t, NamedPackHash> ordinals;
  Sources sources;
  for (const auto& table : tables) {
    std::vector<std::uint32_t> mapping;
    for (const NamedPack& pack : table->packs_) {
      if (drop_pack && drop_pack(pack)) {
        mapping.push_back(kDropped);
        continue;
      }
      const auto [position, added] =
          ordinals.try_emplace(pack, static_cast<std::uint32_t>(packs.size()));
      if (added) packs.push_back(pack);
      mapping.push_back(position->second);
    }
    sources.push_back(std::make_unique<TableSource>(*table, std::move(mapping)));
  }
  TableWriter writer(path.empty() ? directory : parent_of(path));
  merge_into(writer, sources);
  return writer.finish(path, packs, note);
}

}  // namespace snapferry::repository
