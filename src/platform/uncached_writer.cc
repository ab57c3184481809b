#include "platform/uncached_writer.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

#include "core/error.h"
#include "platform/fd.h"

namespace snapferry::platform {
namespace {

// Of memory, offsets and lengths; enough for any disk there is.
constexpr std::size_t kAlignment = 4096;

// Whether the filesystem takes it.
bool set_direct(int fd, bool direct) {
  const int flags = ::fcntl(fd, F_GETFL);
  return flags >= 0 && ::fcntl(fd, F_SETFL, direct ? flags | O_DIRECT : flags & ~O_DIRECT) == 0;
}

}  // namespace

void UncachedWriter::write(int fd, ByteView bytes, std::string_view subject) {
  std::size_t written = 0;
  if (bytes.size() >= kAlignment && set_direct(fd, true)) {
    written = write_past_cache(fd, bytes.first(bytes.size() - bytes.size() % kAlignment), subject);
    if (!set_direct(fd, false)) throw system_error(errno, "write", subject);
  }
  write_all(fd, bytes.subspan(written), subject);
}

std::size_t UncachedWriter::write_past_cache(int fd, ByteView bytes, std::string_view subject) {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock.owns_lock()) return 0;
  if (!buffer_) {
    buffer_.reset(static_cast<std::uint8_t*>(std::aligned_alloc(kAlignment, kChunk)));
    if (!buffer_) return 0;
  }
  std::size_t written = 0;
  while (written < bytes.size()) {
    const std::size_t size = std::min(bytes.size() - written, kChunk);
    std::memcpy(buffer_.get(), bytes.data() + written, size);
    const ssize_t got = ::write(fd, buffer_.get(), size);
    if (got < 0 && errno == EINTR) continue;
    // The alignment that it wants is another one, or it cannot after all.
    if (got < 0 && (errno == EINVAL || errno == EOPNOTSUPP)) break;
    if (got < 0) throw system_error(errno, "write", subject);
    // What is left over of a short one, as at the end of a disk, is written the usual way.
    written += static_cast<std::size_t>(got);
    if (static_cast<std::size_t>(got) < size) break;
  }
  return written;
}

}  // namespace snapferry::platform
