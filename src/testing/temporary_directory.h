#pragma once

#include <string>
#include <string_view>

namespace snapferry::testing {

// A new empty directory below $TMPDIR (or /tmp), removed with everything in it at the
// end, however deep and whatever the modes; other filesystems mounted inside it are
// left alone.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  // Absolute, without a trailing slash.
  const std::string& path() const { return path_; }
  // "PATH/NAME".
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  std::string path_;
};

// Removes `path` and everything below it, on one filesystem, without following
// symlinks and with a constant number of open descriptors. True if it is gone.
bool remove_recursively(const std::string& path);

}  // namespace snapferry::testing
