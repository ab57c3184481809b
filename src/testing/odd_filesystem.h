#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace snapferry::testing {

// A filesystem of FUSE whose files are not what they say, as those of servers and of programs are.
// One directory of files, in memory, served by a thread of its own. Requires root.
class OddFilesystem {
 public:
  struct File {
    std::string content = {};
    std::optional<std::uint64_t> stated_size = {};  // otherwise that of the content
    std::uint64_t stated_blocks = 1u << 20;         // of 512 bytes: 0 makes it look sparse
    std::int64_t mtime = 1'000'000'000;             // and ctime
    int list_error = 0;                             // what listxattr(2) fails with
    int get_error = 0;                              // what getxattr(2) of "user.bad" fails with
  };
  struct Manners {
    double attribute_timeout = 0;   // seconds for which the kernel may answer by itself
    bool holes_everywhere = false;  // lseek(2) finds no data
    bool owners_stay = false;       // chown(2) succeeds and does nothing
    bool times_in_pairs = false;    // utimensat(2) does nothing unless both times are given
    std::int64_t time_step = 1;     // seconds that a time is a multiple of
    int close_error = 0;            // what close(2) fails with
    int sync_error = 0;             // what fsync(2) fails with
    bool ignores_case = false;      // upper and lower case of ASCII are one
  };

  // Throws where there is no /dev/fuse or no permission.
  OddFilesystem(const std::string& directory, Manners manners);
  ~OddFilesystem();
  OddFilesystem(const OddFilesystem&) = delete;
  OddFilesystem& operator=(const OddFilesystem&) = delete;

  // Puts a file there, or another in its place, of which the kernel is not told.
  void put(const std::string& name, File file);

  // Why there can be none here; empty if there can.
  static std::string why_not();

 private:
  struct Served;
  std::unique_ptr<Served> served_;
};

}  // namespace snapferry::testing
