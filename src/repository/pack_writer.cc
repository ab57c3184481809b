#include "repository/pack_writer.h"

namespace snapferry::repository {
namespace {

// One is filled with data, one with trees, and one is on its way: a fourth would make
// nothing faster, as both sides wait for the slower one in the end.
constexpr std::size_t kBuffers = 3;
// Room for the last piece and the table of contents; untouched pages cost nothing, and
// growing would hold two copies.
constexpr std::size_t kBufferSize = kPackTarget + (8u << 20);
constexpr std::uint64_t kCheckpointBytes = 512u << 20;

}  // namespace

PackWriter::PackWriter(blob::Storage& storage, SealedObjects& objects, ObjectIndex& index,
                       BeforeIndex before_index, Indexed indexed)
    : storage_(storage),
      objects_(objects),
      index_(index),
      before_index_(std::move(before_index)),
      indexed_(std::move(indexed)) {
  thread_ = std::thread([this] { run(); });
}

PackWriter::~PackWriter() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void PackWriter::rethrow_locked() {
  if (error_) std::rethrow_exception(error_);
}

Bytes PackWriter::take_buffer() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !buffers_.empty() || buffers_made_ < kBuffers || error_; });
  rethrow_locked();
  Bytes buffer;
  if (buffers_.empty()) {
    buffer.reserve(kBufferSize);
    ++buffers_made_;
  } else {
    buffer = std::move(buffers_.back());
    buffers_.pop_back();
  }
  return buffer;
}

void PackWriter::write(PackBuilder::Finished pack) {
  const std::lock_guard lock(mutex_);
  rethrow_locked();
  queue_.push_back(std::move(pack));
  changed_.notify_all();
}

void PackWriter::flush() {
  std::unique_lock lock(mutex_);
  rethrow_locked();
  flush_requested_ = true;
  changed_.notify_all();
  changed_.wait(lock, [&] { return !flush_requested_ || error_; });
  rethrow_locked();
}

void PackWriter::remove_unindexed() {
  {
    std::lock_guard lock(mutex_);
    if (!error_) return;  // they are still being written
  }
  for (const PackRecords& pack : unindexed_) {
    storage_.remove(object_name(ObjectType::Pack, pack.pack));
  }
  unindexed_.clear();
  storage_.sync();
}

std::uint64_t PackWriter::bytes_stored() const {
  std::lock_guard lock(mutex_);
  return bytes_stored_;
}

void PackWriter::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return stop_ || flush_requested_ || !queue_.empty(); });
    if (stop_) return;
    try {
      if (!queue_.empty()) {
        PackBuilder::Finished pack = std::move(queue_.front());
        lock.unlock();
        store(pack);
        lock.lock();
        queue_.pop_front();
        buffers_.push_back(std::move(pack.bytes));
      } else {
        lock.unlock();
        write_index();
        lock.lock();
        flush_requested_ = false;
      }
    } catch (...) {
      if (!lock.owns_lock()) lock.lock();
      error_ = std::current_exception();
      changed_.notify_all();
      return;
    }
    changed_.notify_all();
  }
}

void PackWriter::store(PackBuilder::Finished& pack) {
  storage_.put(object_name(ObjectType::Pack, pack.records.pack), pack.bytes);
  {
    std::lock_guard lock(mutex_);
    bytes_stored_ += pack.bytes.size();
  }
  unindexed_pieces_ += pack.records.pieces.size();
  unindexed_bytes_ += pack.bytes.size();
  unindexed_.push_back(std::move(pack.records));
  if (unindexed_pieces_ >= kIndexTarget || unindexed_bytes_ >= kCheckpointBytes) write_index();
}

// Packs first, then the index: an index object never names what a crash can take away.
void PackWriter::write_index() {
  if (unindexed_.empty()) return;
  storage_.sync();
  before_index_(unindexed_);
  const ObjectId id = random_id();
  const Bytes payload = encode_index(unindexed_);
  objects_.put(ObjectType::Index, id, payload);
  storage_.sync();
  index_.add(unindexed_, id);
  indexed_(unindexed_);
  {
    std::lock_guard lock(mutex_);
    bytes_stored_ += payload.size();
  }
  unindexed_.clear();
  unindexed_pieces_ = 0;
  unindexed_bytes_ = 0;
}

}  // namespace snapferry::repository
