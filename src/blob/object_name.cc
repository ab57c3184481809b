#include "blob/object_name.h"

#include <algorithm>
#include <string>

#include "core/error.h"

namespace snapferry::blob {
namespace {

constexpr std::size_t kLongestPart = 100;

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

[[noreturn]] void reject(std::string_view name) {
  throw Error(ErrorKind::InvalidArgument, "'" + std::string(name) +
                                              "': is not the name of an object; use one or two "
                                              "parts of letters, digits, '.', '_' and '-'");
}

}  // namespace

bool is_object_name_part(std::string_view part) {
  return !part.empty() && part.size() <= kLongestPart && part.front() != '.' &&
         std::all_of(part.begin(), part.end(), is_name_character);
}

bool is_object_name(std::string_view name) {
  const std::size_t slash = name.find('/');
  if (slash == std::string_view::npos) return is_object_name_part(name);
  return is_object_name_part(name.substr(0, slash)) && is_object_name_part(name.substr(slash + 1));
}

void check_object_name(std::string_view name) {
  if (!is_object_name(name)) reject(name);
}

void check_list_prefix(std::string_view prefix) {
  if (!prefix.empty() && !is_object_name_part(prefix)) reject(prefix);
}

void require_size(std::string_view subject, std::uint64_t size, std::uint64_t limit) {
  if (size <= limit) return;
  throw Error(ErrorKind::Corrupt, std::string(subject) + ": has " + std::to_string(size) +
                                      " bytes, more than the format allows (" +
                                      std::to_string(limit) + ")");
}

}  // namespace snapferry::blob
