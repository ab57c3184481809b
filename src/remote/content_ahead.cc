#include "remote/content_ahead.h"

#include <algorithm>

#include "core/printable.h"
#include "wire/records.h"

namespace snapferry::remote {
namespace {

constexpr std::size_t kMaxBatches = 3;
constexpr std::size_t kMaxRangesAhead = 511;
static_assert(kMaxRangesAhead < wire::kMaxRanges);
constexpr unsigned kContentWalk = 3;  // questions
constexpr std::uint64_t kLeastContentAhead = 128u << 10;
// So that an answer that nobody takes fits into the credit it has and gives its channel back.
constexpr std::uint64_t kMostContentAhead = (2u << 20) - (64u << 10);

auto key_of(const FileRange& range) {
  return std::tuple(range.directory, range.name, range.version, range.offset);
}

}  // namespace

// One question.

ContentAhead::Batch::Batch(ViewRequests& requests, const wire::SnapshotName& snapshot,
                           std::vector<FileRange> ranges)
    : ranges_(std::move(ranges)),
      stream_(requests.start(wire::Verb::ViewRead,
                             wire::encode(wire::ViewReadRequest{snapshot, ranges_}))),
      records_(*stream_) {}

Bytes ContentAhead::Batch::take(std::size_t index) {
  const std::lock_guard lock(mutex_);
  while (pieces_.size() <= index) {
    if (failure_) throw Error(*failure_);
    read_next();
  }
  if (pieces_[index].failure) throw Error(*pieces_[index].failure);
  return std::move(pieces_[index].bytes);
}

void ContentAhead::Batch::read_next() {
  try {
    const FileRange& range = ranges_[pieces_.size()];
    const auto record = records_->next(SnapshotView::kMaxRead + (8u << 10));
    if (!record) throw Error(ErrorKind::Corrupt, printable(range.name) + ": has no answer");
    auto piece = wire::decode<wire::ViewPiece>(*record);
    if (piece.bytes.size() > range.length) {
      throw Error(ErrorKind::Corrupt, printable(range.name) + ": more came than was asked for");
    }
    pieces_.push_back(std::move(piece));
    if (pieces_.size() == ranges_.size()) finish();
  } catch (const Error& error) {
    failure_ = error;
    records_.reset();
    stream_.reset();
  }
}

// All is here: the channel is free for others.
void ContentAhead::Batch::finish() {
  if (records_->next(0)) throw Error(ErrorKind::Corrupt, "an answer goes on behind its end");
  records_.reset();
  stream_.reset();
}

// All of them.

Bytes ContentAhead::read(const FileRange& range) {
  Waiting found;
  {
    const std::lock_guard lock(mutex_);
    if (auto waiting = take_waiting(range)) {
      found = *std::move(waiting);
    } else {
      adjust_ahead();
      std::vector<FileRange> ranges = {range};
      if (ahead_ > 0) {
        for (auto& next : listings_.following(range, ahead_, kMaxRangesAhead)) {
          ranges.push_back(std::move(next));
        }
      }
      found = {ask(std::move(ranges), true), 0};
    }
  }
  Bytes bytes = found.batch->take(found.index);
  // What comes ahead was not asked for by exactly this length.
  if (bytes.size() > range.length) bytes.resize(range.length);
  return bytes;
}

std::optional<ContentAhead::Waiting> ContentAhead::take_waiting(const FileRange& range) {
  const auto found = waiting_.find(key_of(range));
  if (found == waiting_.end()) return std::nullopt;
  Waiting waiting = std::move(found->second);
  waiting_.erase(found);
  ++used_;
  Batch& batch = *waiting.batch;
  ++batch.used;
  const bool is_newest = waiting.batch == batches_.front();
  if (is_newest && !batch.continued && 2 * batch.used >= batch.ranges().size()) {
    batch.continued = true;
    go_on_behind(batch);
  }
  return waiting;
}

// Asks before it is needed.
void ContentAhead::go_on_behind(Batch& batch) {
  ahead_ = std::min(2 * ahead_, kMostContentAhead);
  auto ranges = listings_.following(batch.ranges().back(), ahead_, kMaxRangesAhead);
  if (ranges.empty()) return;
  try {
    ask(std::move(ranges), false);
  } catch (const Error&) {
    // Told to whoever needs it.
  }
}

ContentAhead::SharedBatch ContentAhead::ask(std::vector<FileRange> ranges, bool for_first) {
  while (batches_.size() >= kMaxBatches) {
    const SharedBatch oldest = batches_.back();
    batches_.pop_back();
    std::erase_if(waiting_, [&](const auto& each) { return each.second.batch == oldest; });
  }
  auto batch = std::make_shared<Batch>(requests_, snapshot_, std::move(ranges));
  batches_.push_front(batch);
  for (std::size_t i = for_first ? 1 : 0; i < batch->ranges().size(); ++i) {
    waiting_.insert_or_assign(key_of(batch->ranges()[i]), Waiting{batch, i});
    ++guessed_;
  }
  return batch;
}

void ContentAhead::adjust_ahead() {
  if (++asked_ < kContentWalk) return;
  if (guessed_ == 0) {
    ahead_ = std::max(ahead_, kLeastContentAhead);
  } else if (used_ * 2 >= guessed_) {
    ahead_ = std::min(4 * ahead_, kMostContentAhead);
  } else {
    // Somebody looks here and there.
    ahead_ = ahead_ / 4 < kLeastContentAhead ? 0 : ahead_ / 4;
    asked_ = 0;
  }
  guessed_ = used_ = 0;
}

}  // namespace snapferry::remote
