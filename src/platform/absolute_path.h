#pragma once

#include <string>

namespace snapferry::platform {

// `path` made absolute with the working directory, without "." parts and trailing slashes. Where it
// has ".." parts its parent must exist, and is resolved. The last part is not followed. Throws
// InvalidArgument for an empty one, which is no place, and as system_error.
std::string absolute_path(const std::string& path);

}  // namespace snapferry::platform
