#include "cli/source_path.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string_view>

#include <sys/stat.h>

#include "cli/format.h"
#include "cli/store.h"
#include "core/error.h"

namespace snapferry::cli {
namespace {

[[noreturn]] void not_there(const std::string& given, int number) {
  const Error cause = system_error(number, "back up", given);
  throw Error(cause.kind(), cause.message() + "; check the path and who may read it");
}

std::string resolved(const std::string& path, const std::string& given) {
  const std::unique_ptr<char, void (*)(void*)> text(::realpath(path.c_str(), nullptr), std::free);
  if (!text) not_there(given, errno);
  return text.get();
}

// "x/", "x/." and "x//./": a directory, whatever leads there.
bool names_directory(std::string_view given) {
  return given.ends_with('/') || given.ends_with("/.");
}

bool names_parent(std::string_view given) {
  return given == ".." || given.starts_with("../") || given.ends_with("/..") ||
         given.find("/../") != given.npos;
}

void add_name(std::string name, std::vector<std::string>& names) {
  if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
}

}  // namespace

SourcePath source_path(const std::string& given) {
  SourcePath source;
  const std::string unresolved = absolute_path(given);
  struct stat status {};
  if (::lstat(unresolved.c_str(), &status) != 0) not_there(given, errno);
  source.path = unresolved;
  if (names_directory(given)) {
    if (S_ISLNK(status.st_mode)) {
      source.path = resolved(unresolved, given);
      if (::lstat(source.path.c_str(), &status) != 0) not_there(given, errno);
    }
    if (!S_ISDIR(status.st_mode)) not_there(given, ENOTDIR);
  }
  add_name(source.path, source.names);
  add_name(unresolved, source.names);
  if (S_ISDIR(status.st_mode)) add_name(resolved(source.path, given), source.names);
  return source;
}

std::optional<std::string> path_led_to(const std::string& given) {
  if (!names_directory(given) && !names_parent(given)) return std::nullopt;
  try {
    return source_path(given).path;
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace snapferry::cli
