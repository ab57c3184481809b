#include "view/live_content.h"

#include <algorithm>

#include "core/error.h"
#include "view/mix.h"

namespace snapferry::view {
namespace {

constexpr std::uint64_t kPiece = 1 << 20;
constexpr std::uint64_t kRunsInList = 256;
constexpr std::uint64_t kRunsInEntry = 16;
static_assert(kPiece <= SnapshotView::kMaxRead);
static_assert(kPiece * kRunsInList <= SnapshotView::kMaxLookAt);
static_assert(LiveDataId::kUnit == SnapshotView::kUnit);

// Bytes that a run of `level` covers at most: a piece, or a List of runs of the level below.
std::uint64_t span_of(unsigned level) {
  std::uint64_t span = kPiece;
  for (unsigned i = 0; i < level; ++i) span *= kRunsInList;
  return span;
}

ContentRun run_of(LiveDataId id, unsigned level, std::uint64_t offset, std::uint64_t length) {
  id.level = static_cast<std::uint8_t>(level);
  id.offset = offset;
  id.units = 0;
  if (level == 0) {
    id.units = static_cast<std::uint16_t>((length + LiveDataId::kUnit - 1) / LiveDataId::kUnit);
  }
  return {length, id.encode()};
}

void add_runs(const LiveDataId& id, unsigned level, std::uint64_t begin, std::uint64_t end,
              Content& content) {
  while (begin < end) {
    const std::uint64_t length = std::min(span_of(level), end - begin);
    content.runs.push_back(run_of(id, level, begin, length));
    begin += length;
  }
}

}  // namespace

std::uint64_t version_in(std::uint32_t directory, std::uint64_t version) {
  return mix(directory, version);
}

Content live_content(const LiveDataId& file, std::uint64_t size, bool sparse) {
  Content content;
  std::uint64_t room = sparse ? 0 : kRunsInEntry;
  while (content.depth < kMaxContentDepth && size > span_of(content.depth) * room) {
    ++content.depth;
    room = kRunsInEntry;
  }
  add_runs(file, content.depth, 0, size, content);
  return content;
}

DataRange range_of_list(const LiveDataId& id, std::uint64_t size) {
  if (id.level == 0 || id.level > kMaxContentDepth || id.offset >= size) {
    throw Error(ErrorKind::NotFound, "no such list of a file; list the file again");
  }
  return {id.offset, id.offset + std::min(span_of(id.level), size - id.offset)};
}

Content live_list(const LiveDataId& id, std::uint64_t size, const std::vector<DataRange>& data) {
  const DataRange range = range_of_list(id, size);
  Content content;
  content.depth = static_cast<std::uint8_t>(id.level - 1);
  if (content.depth > 0) {
    add_runs(id, content.depth, range.begin, range.end, content);
    return content;
  }
  std::uint64_t end = range.begin;
  for (const DataRange& each : data) {
    if (each.begin > end) content.runs.push_back({each.begin - end, std::nullopt});
    add_runs(id, 0, each.begin, each.end, content);
    end = each.end;
  }
  if (end < range.end) content.runs.push_back({range.end - end, std::nullopt});
  return content;
}

}  // namespace snapferry::view
