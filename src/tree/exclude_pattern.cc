#include "tree/exclude_pattern.h"

#include "tree/glob.h"

namespace snapferry::tree {
namespace {

constexpr std::size_t kAbsent = std::string_view::npos;

std::string literal_pattern(std::string_view path) {
  std::string text;
  for (const char byte : path) {
    if (has_wildcard({&byte, 1})) text += '\\';
    text += byte;
  }
  return text;
}

std::string with_home(std::string_view given, std::string_view home) {
  if (given != "~" && !given.starts_with("~/")) {
    const std::size_t slash = given.find('/');
    if (!given.starts_with('~') || slash == kAbsent || slash + 1 == given.size()) {
      return std::string(given);
    }
    throw HopelessPattern{
        "\"~" + std::string(given.substr(1, slash - 1)) +
        "\" is not looked up here; write the path of that home directory, or \"\\" +
        std::string(given) + "\" for a name that begins with \"~\""};
  }
  if (!home.starts_with('/')) {
    throw HopelessPattern{"\"~\" means nothing here, because HOME is not set; write the full path"};
  }
  return literal_pattern(home) + std::string(given.substr(1));
}

// Drops what leads back, where it is certain what that means.
std::vector<std::string_view> resolved_parts(std::string_view pattern) {
  std::vector<std::string_view> parts;
  for (const std::string_view part : path_parts(pattern)) {
    if (part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
      continue;
    }
    if (parts.empty()) {
      throw HopelessPattern{
          "\"..\" leads out of what is backed up; write the path from there, or the full path"};
    }
    if (has_wildcard(parts.back())) {
      throw HopelessPattern{"\"..\" after a wildcard has no meaning; write the path without it"};
    }
    parts.pop_back();
  }
  return parts;
}

}  // namespace

std::string normal_pattern(std::string_view given, std::string_view home) {
  const std::string expanded = with_home(given, home);
  std::string_view pattern = expanded;
  bool directories_only = false;
  while (pattern.ends_with('/') || pattern.ends_with("/.")) {
    directories_only = true;
    pattern.remove_suffix(pattern.ends_with('/') ? 1 : 2);
  }
  const bool anchored = pattern.find('/') != kAbsent;
  const auto parts = resolved_parts(pattern);
  if (parts.empty()) {
    throw HopelessPattern{
        anchored || pattern == "."
            ? "names all of what is backed up; leave out the pattern, or do not give that PATH"
            : "names nothing; leave it out"};
  }
  std::string normal;
  for (const std::string_view part : parts) {
    if (anchored || !normal.empty()) normal += '/';
    normal += part;
  }
  if (directories_only) normal += '/';
  return normal;
}

bool may_match_below(std::string_view pattern, std::string_view directory) {
  std::string_view rest = pattern;
  for (const std::string_view name : path_parts(directory)) {
    const std::size_t slash = rest.find('/');
    const std::string_view part = rest.substr(0, slash);
    // A slash may be literal_pattern or in brackets: then nothing is certain.
    if (part == "**" || !why_no_glob(part).empty()) return true;
    if (slash == kAbsent || !glob_matches(part, name)) return false;
    rest.remove_prefix(slash + 1);
  }
  return true;
}

bool has_wildcard(std::string_view path) { return path.find_first_of("*?[\\") != kAbsent; }

std::vector<std::string_view> path_parts(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    if (slash != 0) parts.push_back(path.substr(0, slash));
    path = slash == kAbsent ? std::string_view() : path.substr(slash + 1);
  }
  return parts;
}

std::optional<std::string> below_root(std::string_view pattern, std::string_view root) {
  const auto above = path_parts(root);
  if (!pattern.starts_with('/') || above.empty()) return std::nullopt;
  std::string_view rest = pattern;
  for (std::size_t i = 0; i < above.size(); ++i) {
    rest.remove_prefix(1);
    const std::size_t slash = rest.find('/');
    const std::string_view part = rest.substr(0, slash);
    if (slash == kAbsent || slash + 1 == rest.size()) return std::nullopt;
    if (part == "**" || (i == 0 && part.find_first_of("*?[") != kAbsent)) return std::nullopt;
    if (!why_no_glob(part).empty() || !glob_matches(part, above[i])) return std::nullopt;
    rest.remove_prefix(slash);
  }
  return std::string(rest);
}

}  // namespace snapferry::tree
