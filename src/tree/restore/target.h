#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/stat.h>

#include "core/entry.h"
#include "platform/fd.h"
#include "tree/change_detection.h"

namespace snapferry::tree {

// Steps on the target of a restore, each relative to an open directory, none of which
// follows a symlink. Names are those of a directory entry: one with '/' or NUL, "."
// and ".." throw InvalidArgument before anything is done. All throw system errors.

// What `name` is; nullopt if there is nothing.
std::optional<struct statx> stat_at(int directory, const std::string& name);
// What an open file is.
struct statx stat_open(int fd, std::string_view subject);

bool is_directory(const struct statx& stat);

enum class Access { AsItIs, MakeAccessible };

// Opens the directory `name` for reading. With MakeAccessible one that its owner may
// not read gets the mode 0700 first. Throws NotFound if `name` is something else, a
// symlink too.
platform::Fd open_directory_at(int directory, const std::string& name, Access access);

// The same for the parent of an open directory, if that is still `device`, `inode`.
// Throws Conflict if it was moved.
platform::Fd open_parent(int directory, std::uint64_t device, std::uint64_t inode);

// Creates the directory `name` with mode 0700, less the umask. False if there is
// something already.
bool create_directory_at(int directory, const std::string& name);

// Removes `name`, which is no directory; no error if it is not there.
void unlink_at(int directory, const std::string& name);
// Removes the directory `name`; false if it is not empty.
bool remove_empty_directory(int directory, const std::string& name);
// What that would say, for a dry run.
bool is_empty_directory(int directory, const std::string& name);

// A handle on `name` for metadata only, whatever it is.
platform::Fd open_for_metadata(int directory, const std::string& name);

// The file `name` for reading, for what needs more than metadata.
platform::Fd open_file_at(int directory, const std::string& name);

// The names in an open directory, in order of their bytes.
std::vector<std::string> list_names(int directory);

// What remove_tree() does. Paths are relative to its directory.
struct Removal {
  bool dry_run = false;
  // Whether to leave it, and the directories that lead to it, in place. May be empty.
  std::function<bool(std::string_view path, const struct statx& stat)> keep = {};
  // Whether the directory `name` in the open `directory` stays, whatever else goes. May be empty.
  std::function<bool(std::string_view path, int directory, const std::string& name,
                     const struct statx& stat)>
      is_protected = {};
  // Told about what stays for that reason, or because something is mounted there or it is on
  // another device, such as a subvolume of btrfs.
  std::function<void(std::string_view path)> kept = {};
  // Told about each that went, or in a dry run would have gone.
  std::function<void(std::string_view path, const struct statx& stat)> removed = {};
};

// Removes `name` with everything below it that is not to be kept. False if something was kept.
// Holds one descriptor at any depth.
bool remove_tree(int directory, const std::string& name, const Removal& removal);

// Opens the directory `path`, which is created with its parents if missing; sets
// `created` then. Symlinks in `path` are followed: it is the user's.
platform::Fd open_target(const std::string& path, bool& created);
// The same without creating: an invalid Fd if it is not there.
platform::Fd open_existing_target(const std::string& path);

// Names of files that are not complete yet.
std::string temporary_name(std::uint64_t run, std::uint64_t number);
bool is_temporary_name(std::string_view name);

}  // namespace snapferry::tree
