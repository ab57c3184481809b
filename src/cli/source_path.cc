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
#include "platform/absolute_path.h"

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

// Where a symlink leads to, step by step, though nothing is there.
std::string followed(std::string path) {
  constexpr int kMostSteps = 40;  // as many as the kernel follows
  std::error_code error;
  for (int links = 0; links < kMostSteps && std::filesystem::is_symlink(path, error); ++links) {
    const auto target = std::filesystem::read_symlink(path, error);
    if (error) break;
    path = (std::filesystem::path(path).parent_path() / target).lexically_normal().string();
    while (path.size() > 1 && path.back() == '/') path.pop_back();
  }
  const auto whole = std::filesystem::weakly_canonical(path, error);
  return error ? path : whole.string();
}

std::string without_a_look(const std::string& given) {
  std::error_code error;
  const auto here = std::filesystem::current_path(error);
  std::string path = (here / given).lexically_normal().string();
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

std::string name_of_missing(const std::string& given) {
  std::string path;
  try {
    path = platform::absolute_path(given);
  } catch (const Error&) {
    path = without_a_look(given);
  }
  return names_directory(given) ? followed(std::move(path)) : path;
}

}  // namespace

std::string name_of_source(const std::string& given) {
  try {
    return source_path(given).path;
  } catch (const Error&) {
    return name_of_missing(given);
  }
}

SourcePath source_path(const std::string& given) {
  SourcePath source;
  const std::string unresolved = platform::absolute_path(given);
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
