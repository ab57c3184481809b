#include "tree/live_content.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include "core/error.h"

namespace snapferry::tree {
namespace {

constexpr std::uint64_t kPiece = 1 << 20;
constexpr std::uint64_t kRunsInList = 256;
constexpr std::uint64_t kRunsInEntry = 16;

// Bytes that a run of `level` covers at most: a piece, or a List of runs of the level below.
std::uint64_t span_of(unsigned level) {
  std::uint64_t span = kPiece;
  for (unsigned i = 0; i < level; ++i) span *= kRunsInList;
  return span;
}

std::uint64_t mix(std::uint64_t state, std::uint64_t value) {
  state = (state ^ value) + 0x9e3779b97f4a7c15;
  state = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9;
  state = (state ^ (state >> 27)) * 0x94d049bb133111eb;
  return state ^ (state >> 31);
}

std::uint64_t mix(std::uint64_t state, const struct statx_timestamp& time) {
  return mix(mix(state, static_cast<std::uint64_t>(time.tv_sec)), time.tv_nsec);
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

// The next byte of data (or hole) at or after `offset`; `end` if there is none before it.
// A filesystem that cannot tell has data everywhere.
std::uint64_t seek(int fd, std::uint64_t offset, std::uint64_t end, int whence) {
  const off_t found = ::lseek(fd, static_cast<off_t>(offset), whence);
  if (found >= 0) return std::min(static_cast<std::uint64_t>(found), end);
  if (errno == ENXIO) return end;
  if (errno == EINVAL || errno == EOPNOTSUPP) return whence == SEEK_DATA ? offset : end;
  throw system_error(errno, "look for holes", "a file of a snapshot");
}

// Data runs begin and end at multiples of the unit, or at the end of the file.
void add_data_and_holes(const LiveDataId& id, int fd, std::uint64_t begin, std::uint64_t end,
                        Content& content) {
  while (begin < end) {
    std::uint64_t data = seek(fd, begin, end, SEEK_DATA);
    if (data < end) data -= data % LiveDataId::kUnit;
    if (data > begin) content.runs.push_back({data - begin, std::nullopt});
    if (data == end) break;
    std::uint64_t hole = seek(fd, data, end, SEEK_HOLE);
    // What a filesystem of smaller blocks calls a hole within a unit is read as zeros.
    hole = std::min(
        end, (hole / LiveDataId::kUnit + (hole % LiveDataId::kUnit != 0)) * LiveDataId::kUnit);
    if (hole <= data) hole = std::min(end, data + LiveDataId::kUnit);
    add_runs(id, 0, data, hole, content);
    begin = hole;
  }
}

}  // namespace

std::uint64_t version_of(const struct statx& stat, std::uint32_t directory) {
  std::uint64_t version = mix(mix(directory, stat.stx_ino), stat.stx_size);
  version = mix(mix(version, stat.stx_mtime), stat.stx_ctime);
  return (stat.stx_mask & STATX_BTIME) != 0 ? mix(version, stat.stx_btime) : version;
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

Content live_list(const LiveDataId& id, int fd, std::uint64_t size) {
  if (id.level == 0 || id.level > kMaxContentDepth || id.offset >= size) {
    throw Error(ErrorKind::NotFound, "no such list of a file; list the file again");
  }
  Content content;
  content.depth = static_cast<std::uint8_t>(id.level - 1);
  const std::uint64_t end = id.offset + std::min(span_of(id.level), size - id.offset);
  if (content.depth == 0) {
    add_data_and_holes(id, fd, id.offset, end, content);
  } else {
    add_runs(id, content.depth, id.offset, end, content);
  }
  return content;
}

}  // namespace snapferry::tree
