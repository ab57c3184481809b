#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace snapferry::view {

// Numbers for the directories of volumes: the same path in a volume has the same number in all
// of its snapshots. About 30 bytes for each that was looked into. One thread at a time.
class DirectoryNumbers {
 public:
  static constexpr std::uint32_t kNone = 0xffffffff;

  DirectoryNumbers() : slots_(64, kNone) {}

  // The number of the root of a new volume.
  std::uint32_t add_root();
  // The number of `name` in the directory `parent`, given on first asking.
  std::uint32_t number(std::uint32_t parent, std::string_view name);

  bool contains(std::uint32_t number) const { return number < directories_.size(); }
  // kNone for a root.
  std::uint32_t parent(std::uint32_t number) const { return directories_[number].parent; }
  std::string name(std::uint32_t number) const { return std::string(view(number)); }
  std::uint32_t root_of(std::uint32_t number) const;
  // From the root of the volume, which is "".
  std::string path(std::uint32_t number) const;

 private:
  struct Directory {
    std::uint32_t parent;
    std::uint32_t length;
    std::uint64_t offset;  // of its name in names_
  };
  std::string_view view(std::uint32_t number) const {
    const Directory& directory = directories_[number];
    return std::string_view(names_).substr(directory.offset, directory.length);
  }
  std::uint32_t add(std::uint32_t parent, std::string_view name);
  // Where in slots_ the number is, or would go.
  std::size_t slot(std::uint32_t parent, std::string_view name) const;
  void grow();

  std::vector<Directory> directories_;
  std::string names_;
  std::vector<std::uint32_t> slots_;  // open addressing, a power of two, at most half full
};

}  // namespace snapferry::view
