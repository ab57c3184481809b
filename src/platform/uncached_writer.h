#pragma once

#include <cstdlib>
#include <memory>
#include <mutex>
#include <string_view>

#include "core/bytes.h"

namespace snapferry::platform {

// Writes large new files past the page cache (open(2), O_DIRECT): what is written once and read
// rarely then displaces nothing that others use, and is not copied into pages which the kernel
// first has to find. Where a filesystem cannot do it, and while another thread does, it writes
// as usual.
//
// Safe from several threads. Keeps one buffer of kChunk bytes, made when it is first needed.
class UncachedWriter {
 public:
  static constexpr std::size_t kChunk = 4u << 20;

  // Appends to a file of which `fd` is at the beginning. What was written is durable no sooner
  // than otherwise. Throws as write_all() does.
  void write(int fd, ByteView bytes, std::string_view subject);

 private:
  struct Free {
    void operator()(std::uint8_t* memory) const { std::free(memory); }
  };
  // Returns how much it wrote, a multiple of the alignment.
  std::size_t write_past_cache(int fd, ByteView bytes, std::string_view subject);

  std::mutex mutex_;  // of the buffer
  std::unique_ptr<std::uint8_t, Free> buffer_;
};

}  // namespace snapferry::platform
