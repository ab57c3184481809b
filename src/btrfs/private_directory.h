#pragma once

#include <string>
#include <string_view>

#include "core/bytes.h"
#include "platform/fd.h"

namespace snapferry::btrfs {

// Directories of mode 0700 that belong to this user, and small files in them. Nothing here follows
// a symlink. All throw as system_error.

// Opens `name`; makes it if it is not there. Throws PermissionDenied if another user owns it.
platform::Fd open_or_make_private(int parent, const std::string& name, const std::string& subject);
// The same for one that is there; changes nothing.
platform::Fd find_private(int parent, const std::string& name, const std::string& subject);
// An invalid one if there is no such directory.
platform::Fd find_directory(int parent, const std::string& name, const std::string& subject);

// An invalid one, too, for anything else of that name.
platform::Fd directory_if_there(int parent, const std::string& name, const std::string& subject);

// Empty if there is no such file. Throws Corrupt if it is larger than 16 MiB, or no file; never
// waits for one.
std::string read_small_file(int directory, const std::string& name, const std::string& subject);
// Behind the name of what will replace a small file; then comes a number. It is left where a
// process ends meanwhile, and means nothing.
inline constexpr std::string_view kReplacementMark = ".new-";

// Replaces it in one step, and durably: the old content is there, or the new one. Throws
// Unsupported for what read_small_file() would not read. Nothing half written is left behind unless
// the process is killed: is_unfinished() tells that.
void replace_small_file(int directory, const std::string& name, std::string_view content,
                        const std::string& subject);

// Whether `file` is what replace_small_file() of `name` has begun.
bool is_unfinished(std::string_view file, std::string_view name);

}  // namespace snapferry::btrfs
