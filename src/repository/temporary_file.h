#pragma once

#include <cstdint>
#include <string>

#include "platform/fd.h"

namespace snapferry::repository {

// A new file, open for reading and writing and readable by its owner alone, that has
// no name that anyone sees until publish() gives it one. Without it the file vanishes
// with the last descriptor, also when the process is killed (where the file system has
// O_TMPFILE; elsewhere a kill may leave ".temporary-XXXXXX" behind).
//
// Where the directory cannot hold it (missing, read-only, somebody else's, full, also half-way)
// the file is in memory: nothing that it is for needs the disk of a cache.
class TemporaryFile {
 public:
  // Throws as system_error if there is no memory either.
  explicit TemporaryFile(const std::string& directory);
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile();

  int fd() const { return fd_.get(); }
  bool is_in_memory() const { return in_memory_; }

  // Adds `bytes` at the end. Throws as system_error if there is no memory either.
  void append(ByteView bytes);

  // Gives the file the name `path`, which is in `directory`, replacing what is there,
  // in one step. Not synced: what is torn by a crash must be recognised by its content.
  // Where that cannot be, and for a file in memory, what was there stays.
  void publish(const std::string& path);

  // The descriptor; the file stays unnamed unless it was published.
  platform::Fd take() &&;

 private:
  void remove_name();
  bool is_written() const;
  bool name_it();
  void move_to_memory();

  std::string directory_;
  platform::Fd fd_;
  std::string name_;  // empty while the file has none
  std::uint64_t size_ = 0;
  bool in_memory_ = false;
};

}  // namespace snapferry::repository
