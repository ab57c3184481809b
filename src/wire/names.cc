#include "wire/names.h"

#include <algorithm>
#include <array>

#include "core/volume_kind.h"

namespace snapferry::wire {
namespace {

constexpr std::size_t kLongestName = 255;   // of a dataset (ZFS_MAX_DATASET_NAME_LEN) or an entry
constexpr std::size_t kLongestPath = 4095;  // PATH_MAX without its NUL
constexpr std::size_t kLongestQuote = 200;
constexpr std::size_t kStoreDigits = 8;
constexpr std::string_view kOfZfs = "_.:- /";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alphanumeric(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }

bool consists_of(std::string_view text, std::string_view others) {
  return std::ranges::all_of(
      text, [&](char c) { return is_alphanumeric(c) || others.find(c) != others.npos; });
}

// Every part between slashes is a name, none of them "." or "..".
bool has_plain_parts(std::string_view path) {
  while (true) {
    const auto slash = path.find('/');
    const auto part = path.substr(0, slash);
    if (part.empty() || part.size() > kLongestName || part == "." || part == "..") return false;
    if (slash == path.npos) return true;
    path.remove_prefix(slash + 1);
  }
}

bool has_nul(std::string_view text) { return text.find('\0') != text.npos; }

bool is_dataset(std::string_view name) {
  return name.size() <= kLongestName && name.front() != '-' && consists_of(name, kOfZfs) &&
         has_plain_parts(name);
}

bool is_path(std::string_view name) {
  if (name.size() > kLongestPath || name.front() != '/' || has_nul(name)) return false;
  return name == "/" || has_plain_parts(name.substr(1));
}

// Takes `part` off the front of `text`.
bool take(std::string_view& text, std::string_view part) {
  if (!text.starts_with(part)) return false;
  text.remove_prefix(part.size());
  return true;
}

}  // namespace

bool is_set_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && text.front() != '-' && consists_of(text, ".:-");
}

bool is_host_name(std::string_view text) {
  return !text.empty() && text.size() <= kLongestName && text.front() != '-' &&
         text.front() != '.' && consists_of(text, ".:-_");
}

bool is_volume_name(std::string_view text) {
  const auto kind = native_kind_of(text);
  const auto name = split_local_name(text).name;
  if (!kind || name.empty()) return false;
  return kind == VolumeKind::Zfs ? is_dataset(name) : is_path(name);
}

bool is_point_name(std::string_view volume, std::string_view text) {
  if (text.empty() || text.size() > kLongestName || text == "." || text == "..") return false;
  if (text.find('/') != text.npos || has_nul(text)) return false;
  return native_kind_of(volume) != VolumeKind::Zfs || consists_of(text, kOfZfs);
}

bool is_time(std::string_view text, bool zone) {
  constexpr std::string_view kShape = "0000-00-00T00:00:00Z";
  const auto shape = kShape.substr(0, kShape.size() - (zone ? 0 : 1));
  return text.size() == shape.size() && std::ranges::equal(text, shape, [](char c, char form) {
           return form == '0' ? is_digit(c) : c == form;
         });
}

bool is_snapshot_of_set(std::string_view name, std::string_view set) {
  std::string_view rest = name;
  if (take(rest, "snapferry_")) return take(rest, set) && take(rest, "_") && is_time(rest);
  if (!take(rest, "__simplesnap_") || !take(rest, set) || !take(rest, "_")) return false;
  if (!rest.ends_with("__")) return false;
  rest.remove_suffix(2);
  return is_time(rest, false);
}

bool is_cursor_of_set(std::string_view name, std::string_view set) {
  return take(name, "snapferry_") && take(name, set) && take(name, "_") &&
         name.size() == kStoreDigits && std::ranges::all_of(name, is_hex);
}

bool is_bookmark_of_cursor(std::string_view name, std::string_view cursor) {
  return !cursor.empty() && take(name, cursor) && take(name, "_") && is_time(name);
}

std::string quoted(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string result = "'";
  for (const char c : text) {
    if (result.size() >= kLongestQuote) return result + "…'";
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f) {
      result += c;
    } else {
      result += std::string("\\x") + kDigits[byte >> 4] + kDigits[byte & 15];
    }
  }
  return result + "'";
}

}  // namespace snapferry::wire
