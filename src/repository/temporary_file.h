#pragma once

#include <string>

#include "platform/fd.h"

namespace snapferry::repository {

// A new file, open for reading and writing and readable by its owner alone, that has
// no name that anyone sees until publish() gives it one. Without it the file vanishes
// with the last descriptor, also when the process is killed (where the file system has
// O_TMPFILE; elsewhere a kill may leave ".temporary-XXXXXX" behind).
class TemporaryFile {
 public:
  // Throws as system_error.
  explicit TemporaryFile(const std::string& directory);
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile();

  int fd() const { return fd_.get(); }

  // Gives the file the name `path`, which is in `directory`, replacing what is there,
  // in one step. Not synced: what is torn by a crash must be recognised by its content.
  // On failure what was there stays.
  void publish(const std::string& path);

  // The descriptor; the file stays unnamed unless it was published.
  platform::Fd take() &&;

 private:
  void remove_name();

  std::string directory_;
  platform::Fd fd_;
  std::string name_;  // empty while the file has none
};

}  // namespace snapferry::repository
