#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "platform/fd.h"

namespace snapferry::blob {

struct OpenFile {
  platform::Fd fd;
  std::uint64_t size = 0;
};

// The files that were read last, kept open: opening costs more than reading a chunk.
// Safe from several threads.
class OpenFiles {
 public:
  explicit OpenFiles(std::size_t capacity) : capacity_(capacity) {}

  // The open file `name`, or what `open` returns, which is kept. The file is shared
  // because others may still read while it is dropped here.
  template <typename Open>
  std::shared_ptr<const OpenFile> get(const std::string& name, const Open& open) {
    std::uint64_t generation;
    if (auto file = find(name, generation)) return file;
    auto file = std::make_shared<const OpenFile>(open());
    keep(name, file, generation);
    return file;
  }

  // Call after `name` was replaced or removed: from then on it is opened anew. What
  // get() was opening meanwhile is not kept, as it may be the old file.
  void drop(const std::string& name);

 private:
  struct Item {
    std::string name;
    std::shared_ptr<const OpenFile> file;
  };
  using Items = std::list<Item>;

  std::shared_ptr<const OpenFile> find(const std::string& name, std::uint64_t& generation);
  void keep(const std::string& name, const std::shared_ptr<const OpenFile>& file,
            std::uint64_t generation);

  const std::size_t capacity_;
  std::mutex mutex_;
  std::uint64_t generation_ = 0;                                   // counts drop()
  Items items_;                                                    // the one used last is first
  std::unordered_map<std::string_view, Items::iterator> by_name_;  // keys point into items_
};

}  // namespace snapferry::blob
