#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/bytes.h"

namespace snapferry::platform {

// The names in one directory, ascending by bytes. Made to be used again for one
// directory after another without allocating; one thread at a time. About 20 bytes
// and the name for each.
class DirectoryListing {
 public:
  struct Name {
    const char* text;  // ends with NUL
    std::uint8_t length;
    std::uint8_t type;  // DT_… of readdir(3); DT_UNKNOWN where the filesystem does not tell
    std::string_view view() const { return {text, length}; }
  };

  DirectoryListing();

  // Replaces the content by the names in the open directory `fd`, without "." and
  // "..". Throws as system_error; the listing is empty then.
  void read(int fd, std::string_view subject);

  // Adds a name that comes from elsewhere, of at most 255 bytes and after all others.
  void append(std::string_view name, std::uint8_t type);

  // Keeps `name` only, if it is there; otherwise nothing.
  void keep_only(std::string_view name);

  void clear();
  std::size_t size() const { return order_.size(); }
  Name operator[](std::size_t index) const;
  // Its index, or size() if it is not there.
  std::size_t find(std::string_view name) const;

 private:
  struct Key {
    std::uint64_t prefix;  // first eight bytes, big-endian: decides most comparisons
    std::uint64_t offset : 48;
    std::uint64_t length : 8;
    std::uint64_t type : 8;
  };
  void add(ByteView records);
  std::string_view view(const Key& key) const { return {names_.data() + key.offset, key.length}; }

  Bytes buffer_;             // of getdents64
  std::vector<char> names_;  // one after the other, each with its NUL
  std::vector<Key> order_;
};

}  // namespace snapferry::platform
