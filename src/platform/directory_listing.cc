#include "platform/directory_listing.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <sys/syscall.h>
#include <unistd.h>

#include "core/error.h"

namespace snapferry::platform {
namespace {

constexpr std::size_t kBufferSize = 256 << 10;
// What a listing keeps allocated for the next directory.
constexpr std::size_t kKeptNameBytes = 1 << 20;

// As getdents64(2) fills it in.
struct Record {
  std::uint64_t inode;
  std::int64_t offset;
  std::uint16_t length;
  std::uint8_t type;
} __attribute__((packed));
constexpr std::size_t kNameOffset = 19;
static_assert(sizeof(Record) == kNameOffset);

std::uint64_t prefix_of(const char* name, std::size_t length) {
  std::uint64_t value = 0;
  std::memcpy(&value, name, std::min<std::size_t>(length, sizeof value));
  return __builtin_bswap64(value);
}

bool is_dot_or_dot_dot(const char* name) {
  return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

}  // namespace

DirectoryListing::DirectoryListing() : buffer_(kBufferSize) {}

void DirectoryListing::clear() {
  order_.clear();
  names_.clear();
  if (names_.capacity() > kKeptNameBytes) {
    names_ = {};
    order_ = {};
  }
}

void DirectoryListing::read(int fd, std::string_view subject) {
  clear();
  for (;;) {
    const long size = ::syscall(SYS_getdents64, fd, buffer_.data(), buffer_.size());
    if (size == 0) break;
    if (size < 0) {
      const int number = errno;
      clear();
      throw system_error(number, "list the directory", subject);
    }
    add(ByteView(buffer_).first(static_cast<std::size_t>(size)));
  }
  std::sort(order_.begin(), order_.end(), [this](const Key& a, const Key& b) {
    return a.prefix != b.prefix ? a.prefix < b.prefix : view(a) < view(b);
  });
}

void DirectoryListing::append(std::string_view name, std::uint8_t type) {
  order_.push_back({prefix_of(name.data(), name.size()), names_.size(), name.size(), type});
  names_.insert(names_.end(), name.begin(), name.end());
  names_.push_back('\0');
}

void DirectoryListing::add(ByteView records) {
  while (!records.empty()) {
    Record record;
    std::memcpy(&record, records.data(), sizeof record);
    const char* name = reinterpret_cast<const char*>(records.data()) + kNameOffset;
    records = records.subspan(record.length);
    if (is_dot_or_dot_dot(name)) continue;
    const std::size_t length = std::strlen(name);
    order_.push_back({prefix_of(name, length), names_.size(), length, record.type});
    names_.insert(names_.end(), name, name + length + 1);
  }
}

DirectoryListing::Name DirectoryListing::operator[](std::size_t index) const {
  const Key& key = order_[index];
  return {names_.data() + key.offset, static_cast<std::uint8_t>(key.length),
          static_cast<std::uint8_t>(key.type)};
}

std::size_t DirectoryListing::find(std::string_view name) const {
  const auto at =
      std::lower_bound(order_.begin(), order_.end(), name,
                       [this](const Key& a, std::string_view b) { return view(a) < b; });
  if (at == order_.end() || view(*at) != name) return order_.size();
  return static_cast<std::size_t>(at - order_.begin());
}

void DirectoryListing::keep_only(std::string_view name) {
  const std::size_t index = find(name);
  if (index == order_.size()) return order_.clear();
  order_ = {order_[index]};
}

}  // namespace snapferry::platform
