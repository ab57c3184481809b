#pragma once

#include <optional>
#include <string>
#include <vector>

namespace snapferry::cli {

// A PATH to back up.
struct SourcePath {
  std::string path;                // absolute: what is backed up, and the name of the volume
  std::vector<std::string> names;  // absolute paths by which a person may know it; `path` is one
};

// What `given` names, as POSIX has it (pathname resolution, 4.13 of its base definitions): a
// symlink is itself, but "link/" and "link/." are the directory that it leads to, by that
// directory's own path. Throws NotFound where nothing is there or where it has to be a directory
// and is none, and as system_error.
SourcePath source_path(const std::string& given);

// The path of what `given` names, as source_path() has it, where it says so by more than its own
// letters: "link/", "x/..". nullopt: it does not, or nothing is there. It throws nothing.
std::optional<std::string> path_led_to(const std::string& given);

// The path of source_path(), also where nothing is there yet: the one that it will have, as far as
// that can be told.
std::string name_of_source(const std::string& given);

}  // namespace snapferry::cli
