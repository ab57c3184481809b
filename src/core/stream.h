#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace snapferry {

// The bytes that turn one snapshot into a later one, or nothing into one, on their way from
// a source into a store. Read once, from front to back, by one thread.
//
// Destroying it before finish() abandons it: whoever makes the bytes is stopped and reaped.
class Stream {
 public:
  virtual ~Stream() = default;

  // At least one byte, or 0 at the end. Blocks until there is one. Throws Unavailable where
  // the maker or the connection failed, Cancelled.
  virtual std::size_t read(std::span<std::uint8_t> buffer) = 0;

  // To be called after read() returned 0: waits for the maker of the bytes and throws as it
  // failed. Only then are the bytes whole.
  virtual void finish() = 0;

  // A pipe that the rest of the bytes can be taken from with splice(2), as long as the caller
  // mixes no read-ahead in: read() never takes more from it than it returns. -1 if there is
  // none.
  virtual int pipe() const { return -1; }
};

}  // namespace snapferry
