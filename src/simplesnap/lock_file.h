#pragma once

#include <string>

namespace snapferry::simplesnap {

// The lock of a host in a store, which a stock simplesnap respects and which respects that one's:
// a file with the decimal id of its owner's process, as dotlockfile(1) makes it. One whose process
// is gone counts for nothing; so a crash leaves nothing behind that a hand must remove.
class LockFile {
 public:
  // Throws Busy if another process holds it; the message names which, or how to remove the
  // directory that the stock tool leaves where dotlockfile is not installed. Throws what the
  // system refuses.
  explicit LockFile(std::string path);
  ~LockFile();
  LockFile(const LockFile&) = delete;
  LockFile& operator=(const LockFile&) = delete;

 private:
  std::string path_;
};

}  // namespace snapferry::simplesnap
