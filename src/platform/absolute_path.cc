#include "platform/absolute_path.h"

#include <filesystem>

#include "core/error.h"

namespace snapferry::platform {
namespace {

std::string working_directory() {
  std::error_code error;
  const auto path = std::filesystem::current_path(error);
  if (error) throw system_error(error.value(), "find it", "the working directory");
  return path.string();
}

std::string resolved(const std::string& path) {
  std::error_code error;
  const auto real = std::filesystem::canonical(path, error);
  if (error) throw system_error(error.value(), "resolve it", path);
  return real.string();
}

bool has_parent_part(const std::filesystem::path& path) {
  for (const auto& part : path) {
    if (part == "..") return true;
  }
  return false;
}

}  // namespace

std::string absolute_path(const std::string& path) {
  namespace fs = std::filesystem;
  if (path.empty()) {
    throw Error(ErrorKind::InvalidArgument,
                "PATH is empty; name a file or directory, or \".\" for this one");
  }
  fs::path whole =
      fs::path(path).is_absolute() ? fs::path(path) : fs::path(working_directory()) / path;
  if (has_parent_part(whole)) {
    // "link/.." is where the link leads to, not where it is.
    const bool names_parent = whole.filename() == "..";
    whole = names_parent ? fs::path(resolved(whole.string()))
                         : fs::path(resolved(whole.parent_path().string())) / whole.filename();
  }
  std::string text = whole.lexically_normal().string();
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  return text;
}

}  // namespace snapferry::platform
