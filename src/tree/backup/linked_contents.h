#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include <sys/stat.h>

#include "core/entry.h"

namespace snapferry::tree {

// What was read of files with several links, so that each is read only once. Bounded:
// when it is full it forgets everything, which costs no more than reading again. Safe
// from several threads.
class LinkedContents {
 public:
  struct Found {
    Content content;
    std::vector<ExtendedAttribute> xattrs;
    std::optional<std::uint32_t> attributes;
    std::optional<std::uint32_t> project;
  };

  // What was remembered for the very state of the file that `stat` describes.
  std::optional<Found> find(const struct statx& stat) const;
  void remember(const struct statx& stat, Found found);

 private:
  struct Key {
    std::uint64_t device;
    std::uint64_t inode;
    std::uint64_t size;
    Timestamp ctime;
    bool operator==(const Key&) const = default;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const {
      return key.inode * 0x9e3779b97f4a7c15 ^ key.device;
    }
  };
  static Key key_of(const struct statx& stat);

  mutable std::mutex mutex_;
  std::unordered_map<Key, Found, Hash> found_;
  std::size_t weight_ = 0;
};

}  // namespace snapferry::tree
