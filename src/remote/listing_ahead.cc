#include "remote/listing_ahead.h"

#include <algorithm>
#include <optional>

#include "core/error.h"
#include "core/printable.h"

namespace snapferry::remote {
namespace {

constexpr std::size_t kMaxKnown = 4u << 20;
constexpr unsigned kListingWalk = 4;  // questions
constexpr std::uint32_t kLeastListingAhead = 32u << 10;
constexpr std::uint32_t kMostListingAhead = 1u << 20;
static_assert(kMostListingAhead <= wire::kMaxAhead);

// What a part takes in memory, roughly, is what it took on the way and this for each file.
constexpr std::size_t kOverhead = 200;

// Ranges of one file from `offset` on, as long as they fit. False if one did not.
bool add_ranges(const std::string& directory, const ViewedFile& file, std::uint64_t offset,
                std::uint64_t& bytes, std::size_t limit, std::vector<FileRange>& ranges) {
  const Entry& entry = file.entry;
  if (entry.type != EntryType::File || file.sparse) return true;
  while (offset < entry.size) {
    const auto left = std::min(SnapshotView::kMaxRead, entry.size - offset);
    if (ranges.size() >= limit || (left > bytes && !ranges.empty())) return false;
    // The last one of a file reaches beyond its end, however much somebody asks for.
    ranges.push_back({directory, entry.name, file.version, offset, SnapshotView::kMaxRead});
    bytes -= std::min(bytes, left);
    offset += left;
  }
  return true;
}

}  // namespace

bool WalkOrder::operator()(std::string_view one, std::string_view other) const {
  // No name holds a NUL.
  const auto rank = [](char c) { return c == '/' ? 0 : static_cast<unsigned char>(c); };
  return std::ranges::lexicographical_compare(one, other, {}, rank, rank);
}

bool WalkOrder::operator()(const std::pair<std::string, std::uint32_t>& one,
                           const std::pair<std::string, std::uint32_t>& other) const {
  if (one.first == other.first) return one.second < other.second;
  return (*this)(std::string_view(one.first), std::string_view(other.first));
}

DirectoryPart ListingAhead::list(const std::string& directory, std::uint32_t first) {
  const Key key(directory, first);
  if (const auto part = find(key)) return *part;
  const std::lock_guard lock(asking_);
  if (const auto part = find(key)) return *part;
  take_rest();
  if (const auto part = find(key)) return *part;
  return *ask(key);
}

ListingAhead::Part ListingAhead::find(const Key& key) {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(key);
  if (found == known_.end()) return nullptr;
  if (std::exchange(found->second.ahead, false)) ++used_;
  uses_.splice(uses_.begin(), uses_, found->second.use);
  return found->second.part;
}

void ListingAhead::keep(const Key& key, Part part, std::size_t bytes, bool ahead) {
  const std::lock_guard lock(mutex_);
  const auto [place, added] = known_.try_emplace(key);
  if (!added) return;
  if (ahead) ++guessed_;
  uses_.push_front(key);
  place->second = {std::move(part), bytes, ahead, uses_.begin()};
  bytes_ += bytes;
  while (bytes_ > kMaxKnown && uses_.size() > 1) {
    const auto last = known_.find(uses_.back());
    bytes_ -= last->second.bytes;
    known_.erase(last);
    uses_.pop_back();
  }
}

ListingAhead::Part ListingAhead::ask(const Key& key) {
  const wire::ViewListRequest request{snapshot_, key.first, key.second, adjusted_ahead()};
  answer_ = std::make_unique<Answer>(requests_.start(wire::Verb::ViewList, wire::encode(request)));
  try {
    if (auto part = take_next(&key)) return part;
  } catch (...) {
    answer_.reset();
    throw;
  }
  throw Error(ErrorKind::Corrupt,
              "a directory is answered by nothing; look for what runs as "
              "snapferry at the far end");
}

// Grows with every question of which at least half of what came ahead was needed.
std::uint32_t ListingAhead::adjusted_ahead() {
  const std::lock_guard lock(mutex_);
  if (++asked_ < kListingWalk) return 0;
  if (guessed_ == 0) {
    ahead_ = std::max(ahead_, kLeastListingAhead);
  } else if (used_ * 2 >= guessed_) {
    ahead_ = std::min(ahead_ * 4, kMostListingAhead);
  } else {
    ahead_ = std::max(ahead_ / 4, kLeastListingAhead);
  }
  guessed_ = used_ = 0;
  return ahead_;
}

ListingAhead::Part ListingAhead::take_next(const Key* wanted) {
  auto record = answer_->records.next(wire::kMaxRecord);
  if (!record) {
    answer_.reset();
    return nullptr;
  }
  auto message = wire::decode<wire::ViewPart>(*record);
  const Key key(std::move(message.directory), message.first);
  if (wanted != nullptr && key != *wanted) {
    throw Error(ErrorKind::Corrupt, printable(key.first) +
                                        ": is listed in place of another directory; look for what "
                                        "runs as snapferry at the far end");
  }
  const std::size_t bytes = record->size() + message.part.files.size() * kOverhead + kOverhead;
  auto part = std::make_shared<const DirectoryPart>(std::move(message.part));
  keep(key, part, bytes, wanted == nullptr);
  return part;
}

// Of the last answer, as it has come by now, or is on its way.
void ListingAhead::take_rest() {
  try {
    while (answer_) take_next(nullptr);
  } catch (const Error& error) {
    answer_.reset();
    // What was only guessed is asked for again, and told then.
    if (error.kind() == ErrorKind::Corrupt) throw;
  }
}

std::vector<FileRange> ListingAhead::following(const FileRange& range, std::uint64_t bytes,
                                               std::size_t limit) {
  std::vector<FileRange> ranges;
  const std::lock_guard lock(mutex_);
  for (auto at = known_.lower_bound(Key(range.directory, 0)); at != known_.end(); ++at) {
    const bool is_same = at->first.first == range.directory;
    const auto& files = at->second.part->files;
    if (is_same && (files.empty() || files.back().entry.name < range.name)) continue;
    for (const auto& file : files) {
      std::uint64_t offset = 0;
      if (is_same && file.entry.name <= range.name) {
        if (file.entry.name != range.name) continue;
        offset = range.offset + range.length;
      }
      if (!add_ranges(at->first.first, file, offset, bytes, limit, ranges)) return ranges;
    }
  }
  return ranges;
}

}  // namespace snapferry::remote
