#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace snapferry::btrfs {

// Where a part of a btrfs can be seen.
struct Mount {
  std::uint64_t id = 0;  // as statx(2) gives it
  std::string device;    // "0:41": the same for all mounts of one filesystem
  std::string point;     // "/mnt/data"
  std::string root;      // what of the filesystem is seen there: "/", "/@home"
  bool operator==(const Mount&) const = default;

  // The path at which `inside` (from the top level, as SubvolumeTable::path_of gives it) is seen
  // here; empty if it is not.
  std::string path_of(std::string_view inside) const;
};

// The mounts of kind btrfs in the text of /proc/self/mountinfo (proc(5)), in its order: a later
// one may hide an earlier one.
std::vector<Mount> parse_mounts(std::string_view mountinfo);
// Of this process, by /proc or, without it, by the kernel (mount_calls.h). Throws Unavailable where
// neither tells.
std::vector<Mount> read_mounts();

// Whether both paths are on one btrfs, perhaps by different mounts of it. Opens neither, so that it
// works for a process that may not. Throws as system_error for a path that is not there.
bool on_one_btrfs(const std::string& one, const std::string& other);

// "PARENT/NAME" without doubling the slash of "/".
std::string join(std::string_view parent, std::string_view name);
// `path` is `directory` or below it; both absolute.
bool is_within(std::string_view path, std::string_view directory);

}  // namespace snapferry::btrfs
