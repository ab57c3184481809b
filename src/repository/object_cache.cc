#include "repository/object_cache.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <xxhash.h>

#include "core/error.h"
#include "core/object_store.h"

namespace snapferry::repository {
namespace {

constexpr std::string_view kPrefix = "objects-1-";  // 1: the version of the format
constexpr std::size_t kAlignment = 8;
constexpr std::size_t kFirstRead = 8 << 10;  // most trees of directories, in one call
constexpr std::size_t kFlushInterval = 1024;
constexpr std::size_t kIndexEntrySize = 8;
constexpr std::uint64_t kBytesPerObject = 512;
constexpr std::uint32_t kGenerationBit = std::uint32_t{1} << 31;
constexpr std::uint32_t kMaxGeneration = 999'999'999;
constexpr std::uint64_t kMaxLogSize = std::uint64_t{8} << 30;  // what a position can say

struct Header {
  std::uint32_t length = 0;
  std::uint32_t zero = 0;
  ObjectId id;
  std::uint64_t check = 0;
};
static_assert(sizeof(Header) == 48);

std::uint32_t tag_of(const ObjectId& id) {
  return std::max(static_cast<std::uint32_t>(id.prefix() >> 32), std::uint32_t{1});
}

std::uint32_t generation_bit(std::uint32_t number) {
  return (number & 1) != 0 ? kGenerationBit : 0;
}

std::uint64_t offset_of(std::uint32_t position) {
  return (std::uint64_t{position & ~kGenerationBit} - 1) * kAlignment;
}

std::uint64_t check_of(const ObjectId& id, ByteView bytes) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), id.prefix());
}

std::uint64_t size_of(const platform::Fd& fd) {
  struct stat status;
  return ::fstat(fd.get(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

std::size_t padding_after(std::uint64_t end) {
  return (kAlignment - end % kAlignment) % kAlignment;
}

bool write_once(int fd, const void* data, std::size_t size) {
  return ::write(fd, data, size) == static_cast<ssize_t>(size);
}

}  // namespace

ObjectCache::ObjectCache(std::string directory, ObjectCacheLimits limits)
    : directory_(std::move(directory)), limits_(limits) {
  limits_.log_bytes = std::min(limits_.log_bytes, 2 * kMaxLogSize);
  if (directory_.empty()) return;
  ::mkdir(directory_.c_str(), 0700);
  open_generations(1);
}

ObjectCache::~ObjectCache() { flush(); }

std::string ObjectCache::path(std::uint32_t number, const char* suffix) const {
  return directory_ + "/" + std::string(kPrefix) + std::to_string(number) + suffix;
}

// Those of the logs in the directory.
std::vector<std::uint32_t> ObjectCache::numbers() const {
  std::vector<std::uint32_t> result;
  DIR* const listing = ::opendir(directory_.c_str());
  if (listing == nullptr) return result;
  while (const dirent* entry = ::readdir(listing)) {
    const std::string_view name = entry->d_name;
    if (!name.starts_with(kPrefix) || !name.ends_with(".log")) continue;
    const char* const first = name.data() + kPrefix.size();
    const char* const last = name.data() + name.size() - 4;
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(first, last, number);
    if (error == std::errc() && end == last && number <= kMaxGeneration) result.push_back(number);
  }
  ::closedir(listing);
  return result;
}

std::shared_ptr<ObjectCache::Generation> ObjectCache::open_generation(std::uint32_t number,
                                                                      bool create) const {
  auto generation = std::make_shared<Generation>();
  generation->number = number;
  const auto open = [&](const char* suffix) {
    const std::string name = path(number, suffix);
    constexpr int kFlags = O_CLOEXEC | O_NOFOLLOW;
    int fd = ::open(name.c_str(), O_RDWR | O_APPEND | kFlags | (create ? O_CREAT : 0), 0600);
    if (fd < 0) fd = ::open(name.c_str(), O_RDONLY | kFlags);
    return platform::Fd(fd);
  };
  generation->log = open(".log");
  generation->index = open(".index");
  if (!generation->log.valid() || !generation->index.valid()) return nullptr;
  return generation;
}

// Opens the newest generation, but none before `at_least`, and the one before it;
// forgets and removes all others.
void ObjectCache::open_generations(std::uint32_t at_least) {
  std::uint32_t newest = at_least;
  const std::vector<std::uint32_t> found = numbers();
  for (const std::uint32_t number : found) newest = std::max(newest, number);
  map_.clear();
  pending_.clear();
  objects_ = log_size_ = 0;
  current_ = newest <= kMaxGeneration ? open_generation(newest, true) : nullptr;
  previous_ = open_generation(newest - 1, false);
  if (previous_) load_index(*previous_);
  writable_ = current_ && (::fcntl(current_->log.get(), F_GETFL) & O_ACCMODE) == O_RDWR &&
              (::fcntl(current_->index.get(), F_GETFL) & O_ACCMODE) == O_RDWR;
  if (!current_) return;
  load_index(*current_);
  log_size_ = size_of(current_->log);
  objects_ = size_of(current_->index) / kIndexEntrySize;
  for (const std::uint32_t number : found) {
    if (number + 1 >= newest) continue;
    ::unlink(path(number, ".log").c_str());
    ::unlink(path(number, ".index").c_str());
  }
}

void ObjectCache::load_index(const Generation& generation) {
  const std::uint64_t log_size = size_of(generation.log);
  const std::uint64_t limit = limits_.log_bytes / kBytesPerObject * kIndexEntrySize;
  std::vector<std::uint32_t> entries(std::min(size_of(generation.index), limit) / 4);
  try {
    entries.resize(platform::pread_up_to(generation.index.get(),
                                         reinterpret_cast<std::uint8_t*>(entries.data()),
                                         entries.size() * 4, 0, directory_) /
                   4);
  } catch (const Error&) {
    return;
  }
  map_.reserve(objects_ + entries.size() / 2);
  objects_ += entries.size() / 2;
  for (std::size_t i = 0; i + 1 < entries.size(); i += 2) {
    const std::uint32_t position = entries[i + 1];
    if ((position & ~kGenerationBit) == 0 || offset_of(position) >= log_size ||
        (position & kGenerationBit) != generation_bit(generation.number)) {
      continue;
    }
    if (entries[i] != 0) map_.set(entries[i], position);
  }
}

std::optional<Bytes> ObjectCache::get(const ObjectId& id) {
  std::shared_ptr<const Generation> generation;
  std::uint32_t position = 0;
  bool old = false;
  {
    const std::lock_guard lock(mutex_);
    position = map_.find(tag_of(id));
    if (position == 0) return std::nullopt;
    old = !current_ || (position & kGenerationBit) != generation_bit(current_->number);
    generation = old ? previous_ : current_;
  }
  std::optional<Bytes> bytes;
  try {
    if (generation) bytes = read(*generation, position, id);
  } catch (const Error&) {
    bytes.reset();
  }
  const std::lock_guard lock(mutex_);
  if (!bytes) {
    if (map_.find(tag_of(id)) == position) map_.erase(tag_of(id));
  } else if (old && map_.find(tag_of(id)) == position) {
    append(id, *bytes);
  }
  return bytes;
}

// nullopt unless the record is whole and of `id`.
std::optional<Bytes> ObjectCache::read(const Generation& generation, std::uint32_t position,
                                       const ObjectId& id) const {
  std::array<std::uint8_t, kFirstRead> first;
  const std::uint64_t offset = offset_of(position);
  const int fd = generation.log.get();
  const std::size_t got = platform::pread_up_to(fd, first.data(), first.size(), offset, directory_);
  Header header;
  if (got < sizeof header) return std::nullopt;
  std::memcpy(static_cast<void*>(&header), first.data(), sizeof header);
  if (header.id != id || header.length > kMaxObjectSize) return std::nullopt;
  const std::size_t here = std::min<std::size_t>(header.length, got - sizeof header);
  Bytes bytes(header.length);
  if (here != 0) std::memcpy(bytes.data(), first.data() + sizeof header, here);
  const std::size_t missing = header.length - here;
  if (missing != 0 && platform::pread_up_to(fd, bytes.data() + here, missing,
                                            offset + sizeof header + here, directory_) != missing) {
    return std::nullopt;
  }
  if (check_of(id, bytes) != header.check) return std::nullopt;
  return bytes;
}

void ObjectCache::put(const ObjectId& id, ByteView bytes) {
  const std::lock_guard lock(mutex_);
  if (!writable_ || bytes.size() > kMaxObjectSize) return;
  const std::uint32_t position = map_.find(tag_of(id));
  if (position == 0 || (position & kGenerationBit) != generation_bit(current_->number)) {
    append(id, bytes);
  }
}

void ObjectCache::append(const ObjectId& id, ByteView bytes) {
  if (!writable_) return;
  if (log_size_ >= limits_.log_bytes / 2 || objects_ >= limits_.log_bytes / 2 / kBytesPerObject) {
    flush_locked();
    open_generations(current_->number + 1);
    if (!writable_) return;
  }
  Header header;
  header.length = static_cast<std::uint32_t>(bytes.size());
  header.id = id;
  header.check = check_of(id, bytes);
  std::uint8_t zeros[kAlignment] = {};
  const std::size_t total = sizeof header + bytes.size();
  const iovec parts[3] = {{&header, sizeof header},
                          {const_cast<std::uint8_t*>(bytes.data()), bytes.size()},
                          {zeros, padding_after(total)}};
  const std::size_t padded = total + parts[2].iov_len;
  const int fd = current_->log.get();
  if (::writev(fd, parts, 3) != static_cast<ssize_t>(padded)) {
    writable_ = false;  // no room, most likely; what is there can still be read
    return;
  }
  // Where the record landed: other processes append too.
  const off_t end = ::lseek(fd, 0, SEEK_CUR);
  if (end < static_cast<off_t>(padded)) return;
  log_size_ = static_cast<std::uint64_t>(end);
  const std::uint64_t offset = log_size_ - padded;
  if (offset % kAlignment != 0) {
    // Behind a torn record. This one is lost; the next is aligned again.
    if (!write_once(fd, zeros, padding_after(log_size_))) writable_ = false;
    return;
  }
  if (offset >= kMaxLogSize) return;
  const auto position =
      static_cast<std::uint32_t>(offset / kAlignment + 1) | generation_bit(current_->number);
  map_.set(tag_of(id), position);
  ++objects_;
  pending_.insert(pending_.end(), {tag_of(id), position});
  if (pending_.size() >= 2 * kFlushInterval) flush_locked();
}

void ObjectCache::flush() {
  const std::lock_guard lock(mutex_);
  flush_locked();
}

void ObjectCache::flush_locked() {
  if (pending_.empty() || !current_) return;
  // Behind a torn write entries would never be aligned again.
  const std::uint64_t torn = padding_after(size_of(current_->index));
  const std::uint8_t zeros[kAlignment] = {};
  if (torn != 0 && !write_once(current_->index.get(), zeros, torn)) writable_ = false;
  const std::size_t size = pending_.size() * sizeof pending_.front();
  if (!write_once(current_->index.get(), pending_.data(), size)) writable_ = false;
  pending_.clear();
}

}  // namespace snapferry::repository
